//! Collects the examples in the docs that the library's own package does not compile.

use std::path::Path;
use std::{env, fs};

const FILES: [&str; 5] = [
    "README.md",
    "src/server/axum/mod.rs",
    "src/server/group/mod.rs",
    "src/server/hyper/mod.rs",
    "src/server/hyper/testing.rs",
];

fn main() {
    let folder = Path::new("../..");
    let mut examples = String::new();
    for file in FILES {
        let path = folder.join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        let text = fs::read_to_string(&path).expect("the file is there");
        let lines = text.lines().map(|line| line.strip_prefix("//!").unwrap_or(line));
        let mut is_example = false;
        for line in lines.map(|line| line.strip_prefix(' ').unwrap_or(line)) {
            if line.starts_with("```") && (is_example || line.ends_with("ignore")) {
                is_example = !is_example;
                examples.push_str(if is_example { "```\n" } else { "```\n\n" });
            } else if is_example {
                examples.push_str(line);
                examples.push('\n');
            }
        }
    }
    assert!(examples.matches("```").count() >= 8, "examples are missing");
    let target = Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")).join("examples.md");
    fs::write(target, examples).expect("the target folder is there");
}
