//! JSON over several lines: RFC 8259 allows white space between tokens, so nothing else changes.
//! Keys keep their order, and numbers all their digits.
//!
//! The parser takes 128 levels, so the indentation is bounded: deeper texts are shown as they came.

use serde_json::Value;

/// Indents a text if it is JSON.
pub(crate) fn pretty(text: &str) -> Option<String> {
    serde_json::from_str::<Value>(text).ok()?;
    let (mut pretty, mut depth) = (String::with_capacity(2 * text.len()), 0_usize);
    let (mut in_string, mut is_escaped) = (false, false);
    let mut rest = text.chars().peekable();
    while let Some(char) = rest.next() {
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
