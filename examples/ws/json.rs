//! JSON over several lines: RFC 8259 allows white space between tokens, so nothing else changes.
//! Keys keep their order, and numbers all their digits.
//!
//! The parser only checks the text: no value of it is built, however deep it is. Indentation
//! multiplies a text of many short lines at a great depth, so the result is bounded.

use serde_json::value::RawValue;

/// The indented text has at most so many bytes for each byte of the text.
const MAX_GROWTH: usize = 8;
/// Bytes that any indented text may have.
const SMALL: usize = 4096;

/// Indents a text if it is JSON. Returns `None` if the result would be too long.
pub(crate) fn pretty(text: &str) -> Option<String> {
    serde_json::from_str::<&RawValue>(text).ok()?;
    let limit = text.len().saturating_mul(MAX_GROWTH).max(SMALL);
    let (mut pretty, mut depth) = (String::with_capacity(2 * text.len()), 0_usize);
    let (mut in_string, mut is_escaped) = (false, false);
    let mut rest = text.chars().peekable();
    while let Some(char) = rest.next() {
        // A line may begin with as many spaces as the text has brackets.
        if pretty.len() + 2 * depth > limit {
            return None;
        }
        if in_string {
            in_string = is_escaped || char != '"';
            is_escaped = char == '\\' && !is_escaped;
            pretty.push(char);
            continue;
        }
        match char {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                pretty.push(char);
                while rest.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                if let Some(end) = rest.next_if(|next| matches!(next, '}' | ']')) {
                    pretty.push(end);
                } else {
                    depth += 1;
                    new_line(&mut pretty, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                new_line(&mut pretty, depth);
                pretty.push(char);
            }
            ',' => {
                pretty.push(char);
                new_line(&mut pretty, depth);
            }
            ':' => pretty.push_str(": "),
            _ => {
                in_string = char == '"';
                pretty.push(char);
            }
        }
    }
    Some(pretty)
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}
