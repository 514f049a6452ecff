//! Finds what the comments in `src/` quote: `RFC 6455 §5.1: "…"`.

use std::fs;
use std::path::{Path, PathBuf};

use super::table::root;

pub struct Quote {
    pub file: String,
    pub rfc: u16,
    pub section: String,
    pub text: String,
}

impl Quote {
    /// Whether each part of the quote, between one … and the next, is in one of these.
    pub fn is_in<'a>(&self, sentences: impl Iterator<Item = &'a str>) -> bool {
        let sentences: Vec<String> = sentences.map(plain).collect();
        self.text
            .split('…')
            .map(plain)
            .all(|part| sentences.iter().any(|sentence| sentence.contains(&part)))
    }
}

/// The words alone: RFCs put a semicolon before each line of a comment in their grammars, and
/// quotes end in all kinds of marks.
fn plain(text: &str) -> String {
    let words = text.replace(';', " ");
    words.split_whitespace().collect::<Vec<_>>().join(" ").trim_matches([' ', ',', '.', ':']).into()
}

pub fn in_source() -> Vec<Quote> {
    let mut quotes = Vec::new();
    for path in files(&root().join("src")) {
        let file = path.strip_prefix(root()).unwrap().display().to_string().replace('\\', "/");
        for comment in comments(&fs::read_to_string(&path).unwrap()) {
            // What follows the name of an RFC is quoted from it, up to the name of the next.
            for cited in comment.split("RFC ").skip(1) {
                let Some((number, rest)) = cited.split_once(" §") else { continue };
                let Some(rfc) = number.parse().ok().filter(|rfc| [6455, 7692, 8441].contains(rfc))
                else {
                    continue;
                };
                let end =
                    rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
                let section = rest[..end].trim_end_matches('.');
                let quote = |text| Quote { file: file.clone(), rfc, section: section.into(), text };
                quotes.extend(quoted(&rest[end..]).into_iter().map(quote));
            }
        }
    }
    quotes
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The comments that stand on lines of their own, each without its slashes and in one line.
fn comments(code: &str) -> Vec<String> {
    let mut comments = vec![String::new()];
    for line in code.lines().map(str::trim) {
        match line.strip_prefix("//") {
            Some(text) => {
                *comments.last_mut().unwrap() +=
                    &format!(" {}", text.trim_start_matches(['/', '!', ' ']))
            }
            None => comments.push(String::new()),
        }
    }
    comments
}

/// What stands between quotation marks, with the quotes in it. A mark opens after white space or a
/// parenthesis, else it closes.
fn quoted(text: &str) -> Vec<String> {
    let mut quotes = Vec::new();
    let (mut depth, mut start, mut before) = (0, 0, ' ');
    for (at, c) in text.char_indices() {
        if c == '"' && (before.is_whitespace() || before == '(') {
            if depth == 0 {
                start = at + 1;
            }
            depth += 1;
        } else if c == '"' && depth > 0 {
            depth -= 1;
            if depth == 0 {
                quotes.push(text[start..at].into());
            }
        }
        before = c;
    }
    quotes
}
