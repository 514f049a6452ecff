//! Collects the examples in the docs that the library's own package does not compile.

use std::path::Path;
use std::{env, fs};

const FILES: [&str; 3] = ["axum/mod.rs", "hyper/mod.rs", "hyper/testing.rs"];

fn main() {
    let folder = Path::new("../../src/server");
    let mut examples = String::new();
    for file in FILES {
        let path = folder.join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        let text = fs::read_to_string(&path).expect("the file is there");
        let docs = text.lines().filter_map(|line| line.strip_prefix("//!"));
        let mut is_example = false;
        for line in docs.map(|line| line.strip_prefix(' ').unwrap_or(line)) {
            match line {
                "```ignore" => is_example = true,
                "```" if is_example => {
                    is_example = false;
                    examples.push_str("```\n\n");
                }
                _ => {}
            }
            if is_example {
                examples.push_str(&line.replace("```ignore", "```"));
                examples.push('\n');
            }
        }
    }
    assert!(examples.matches("```").count() >= 8, "examples are missing");
    let target = Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")).join("examples.md");
    fs::write(target, examples).expect("the target folder is there");
}
