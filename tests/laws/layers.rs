//! Imports run down only, from layer to layer and from file to file.
//!
//! ```text
//! wire, page, pool ◄ deflate, message ◄ connection ◄ handshake, timing ◄ proxy ◄ session ◄ adapter
//!     ◄ client, testing ◄ server
//!
//! lib.rs re-exports, and no file imports it
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::files::{Crate, below};

/// A layer, and the layers that it may import.
const LAYERS: [(&str, &[&str]); 14] = [
    ("wire", &[]),
    ("page", &[]),
    ("pool", &[]),
    ("deflate", &["pool"]),
    ("message", &["wire", "page", "pool"]),
    ("connection", &["wire", "deflate", "message"]),
    ("handshake", &["wire", "deflate", "message", "connection"]),
    ("timing", &["connection"]),
    ("proxy", &["connection", "handshake"]),
    ("session", &["message", "connection", "handshake", "timing", "proxy"]),
    (
        "adapter",
        &["page", "deflate", "message", "connection", "handshake", "timing", "proxy", "session"],
    ),
    ("client", &["message", "connection", "handshake", "timing", "proxy", "session", "adapter"]),
    ("testing", &["adapter"]),
    (
        "server",
        &[
            "message",
            "deflate",
            "connection",
            "handshake",
            "timing",
            "session",
            "adapter",
            "client",
            "testing",
        ],
    ),
];

fn source() -> PathBuf {
    support::repository().join("src")
}

/// The files of code; tables in Markdown, which the docs include, are none.
fn files(folder: &Path) -> Vec<PathBuf> {
    let is_code = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    below(folder).into_iter().filter(is_code).collect()
}

/// The lines of a file that are no comments, in which examples may import what they like.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn imports_lead_to_lower_layers_only() {
    let mut arrows = 0;
    for path in files(&source()) {
        let inside = path.strip_prefix(source()).unwrap();
        if inside == Path::new("lib.rs") {
            continue;
        }
        let name = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let (layer, lower) = LAYERS
            .iter()
            .find(|(layer, _)| *layer == name)
            .unwrap_or_else(|| panic!("no layer for {name}"));
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
                target == *layer || lower.contains(&target.as_str()),
                "{}: {layer} imports {target:?}, which is not below it",
                inside.display()
            );
            arrows += usize::from(target != *layer);
        }
    }
    assert!(arrows > 20, "only {arrows} imports were found: is the test still reading them?");
}

/// The same through re-exports, of which the text of an import says nothing.
#[test]
fn no_file_uses_a_file_of_a_higher_layer() {
    let sources = Crate::read(&source());
    let layer = |file: &str| file.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
    let mut wrong = vec![];
    for (file, used) in sources.uses() {
        let here = layer(file);
        let Some((_, lower)) = LAYERS.iter().find(|(layer, _)| *layer == here) else { continue };
        let above = used.iter().map(|used| (used, layer(used)));
        let above = above.filter(|(_, used)| *used != here && !lower.contains(&used.as_str()));
        wrong.extend(above.map(|(used, _)| format!("{file} uses {used}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let sources = Crate::read(&source());
    let count: usize = sources.uses().values().map(BTreeSet::len).sum();
    assert!(count > 200, "only {count} uses were found: is the test still reading them?");
    let circles = sources.circles(&[]);
    let shown = circles.iter().map(|circle| {
        let used = |file: &String| {
            let used = &sources.uses()[file.as_str()];
            let used: Vec<_> = used.intersection(circle).map(String::as_str).collect();
            format!("  {file} uses {}", used.join(", "))
        };
        circle.iter().map(used).collect::<Vec<_>>().join("\n")
    });
    assert!(circles.is_empty(), "a circle:\n{}", shown.collect::<Vec<_>>().join("\na circle:\n"));
}

/// The core has no I/O, clock or randomness but in `Entropy::from_os`: everything is passed in.
#[test]
fn the_core_has_no_io_clock_or_randomness() {
    for path in files(&source()) {
        let inside = path.strip_prefix(source()).unwrap().to_str().unwrap().to_owned();
        let above = ["adapter", "client", "server", "testing"];
        if above.iter().any(|layer| inside.starts_with(layer)) || inside == "lib.rs" {
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

/// An adapter moves bytes: it contains no terms of the protocol.
#[test]
fn adapters_contain_no_protocol_terms() {
    for path in files(&source().join("adapter")) {
        let code = code(&path).to_lowercase();
        for word in ["opcode", "utf8", "mask", "1002", "1007", "1009"] {
            assert!(!code.contains(word), "{} has {word} in it", path.display());
        }
    }
}

/// A file has one subject, named in its first lines, and is short enough to be read at once.
/// But for tables and pictures in comments, whose lines can't be broken.
#[test]
fn no_line_is_wider_than_100_columns() {
    let examples = support::repository().join("examples");
    for path in files(&source()).into_iter().chain(files(&examples)) {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let is_table = line.trim_start().trim_start_matches(['/', '!']).starts_with(" |");
            let is_picture = line.contains(['│', '─', '►', '◄', '└', '┌']);
            let width = line.chars().count();
            let place = format!("{}:{}", path.display(), number + 1);
            assert!(width <= 100 || is_table || is_picture, "{place} has {width} columns");
        }
    }
}

#[test]
fn every_file_has_a_module_doc_and_at_most_400_lines() {
    for path in files(&source()) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.lines().take(3).any(|line| line.starts_with("//!")),
            "{} does not",
            path.display()
        );
        assert!(text.lines().count() <= 400, "{} is too long", path.display());
    }
}
