//! The one law of the house: imports run down only.
//!
//! ```text
//! wire, page, pool ◄ deflate, message ◄ connection ◄ handshake, timing ◄ adapter ◄ testing        lib.rs re-exports, nobody imports lib.rs
//! ```

use std::fs;
use std::path::{Path, PathBuf};

/// A floor, and what it may import: all below it, none beside it.
const FLOORS: [(&str, &[&str]); 10] = [
    ("wire", &[]),
    ("page", &[]),
    ("pool", &[]),
    ("deflate", &["pool"]),
    ("message", &["wire", "page", "pool"]),
    ("connection", &["wire", "deflate", "message"]),
    ("handshake", &["wire", "deflate", "message", "connection"]),
    ("timing", &["wire", "deflate", "message", "connection"]),
    ("adapter", &["wire", "page", "deflate", "message", "connection", "handshake", "timing"]),
    ("testing", &["wire", "deflate", "message", "connection", "handshake", "timing", "adapter"]),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn source() -> PathBuf {
    support::repository().join("src")
}

/// The code of a file: without the comments, in which examples may import what they like.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn imports_run_down_only() {
    let mut arrows = 0;
    for path in files(&source()) {
        let inside = path.strip_prefix(source()).unwrap();
        if inside == Path::new("lib.rs") {
            continue;
        }
        let name = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let (floor, below) = FLOORS
            .iter()
            .find(|(floor, _)| *floor == name)
            .unwrap_or_else(|| panic!("no floor for {name}"));
        for detour in ["super::super::", "crate as "] {
            assert!(
                !code(&path).contains(detour),
                "{} goes where this test can't follow: {detour}",
                inside.display()
            );
        }
        for (at, _) in code(&path).match_indices("crate::") {
            let code = code(&path);
            let target: String = code[at + "crate::".len()..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            assert!(
                target == *floor || below.contains(&target.as_str()),
                "{}: {floor} imports {target:?}, which is not below it",
                inside.display()
            );
            arrows += usize::from(target != *floor);
        }
    }
    assert!(arrows > 20, "only {arrows} imports were found: is the test still reading them?");
}

/// No I/O, clock or randomness in the core but where it is said: everything is passed in.
#[test]
fn the_core_asks_nobody() {
    for path in files(&source()) {
        let inside = path.strip_prefix(source()).unwrap().to_str().unwrap().to_owned();
        if inside.starts_with("adapter") || inside.starts_with("testing") || inside == "lib.rs" {
            continue;
        }
        let code = code(&path);
        for word in ["std::net", "std::time", "Instant", "SystemTime", "std::thread", "println!"] {
            assert!(!code.contains(word), "{inside} has {word} in it");
        }
        if inside != "connection/entropy.rs" {
            assert!(!code.contains("SysRng"), "{inside} asks the system for randomness");
        }
    }
}

/// An adapter moves bytes; it has no word of the protocol.
#[test]
fn adapters_know_no_protocol() {
    for path in files(&source().join("adapter")) {
        let code = code(&path).to_lowercase();
        for word in ["opcode", "utf8", "mask", "1002", "1007", "1009"] {
            assert!(!code.contains(word), "{} has {word} in it", path.display());
        }
    }
}

/// One idea a file, said in its first lines; short enough to be read at once.
#[test]
fn files_say_what_they_are_for() {
    for path in files(&source()) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.lines().take(3).any(|line| line.starts_with("//!")),
            "{} does not",
            path.display()
        );
        assert!(text.lines().count() <= 470, "{} is too long", path.display());
    }
}
