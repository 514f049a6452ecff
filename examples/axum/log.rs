//! Lines on the standard error: so many a minute that a client can't fill a disk with them.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The number of lines in a period.
const LINES: u32 = 100;

const PERIOD: Duration = Duration::from_secs(60);

/// The number of characters of a line.
const LENGTH: usize = 300;

static LIMIT: Mutex<Limit> = Mutex::new(Limit { began: None, lines: 0, left_out: 0 });

struct Limit {
    /// When the period began.
    began: Option<Instant>,
    lines: u32,
    left_out: u64,
}

impl Limit {
    /// Returns whether a line may be written, and how many were left out before it.
    fn take(&mut self, now: Instant) -> Option<u64> {
        if self.began.is_none_or(|began| now.duration_since(began) >= PERIOD) {
            (self.began, self.lines) = (Some(now), 0);
        }
        if self.lines == LINES {
            self.left_out += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

/// Writes a line, unless there were too many in this minute. Control characters are replaced: a
/// part of the text may be a client's.
pub fn line(text: impl Display) {
    let taken = LIMIT.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
    let Some(left_out) = taken else { return };
    let text = printable(&text.to_string());
    // A standard error that is closed is no reason to end.
    let _ = match left_out {
        0 => writeln!(io::stderr(), "{text}"),
        _ => writeln!(io::stderr(), "{left_out} lines were left out\n{text}"),
    };
}

fn printable(text: &str) -> String {
    let replaced = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().take(LENGTH).map(replaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_minute_are_limited_and_those_left_out_are_counted() {
        let (mut limit, now) = (Limit { began: None, lines: 0, left_out: 0 }, Instant::now());
        for _ in 0..LINES {
            assert_eq!(limit.take(now), Some(0));
        }
        for _ in 0..3 {
            assert_eq!(limit.take(now + PERIOD / 2), None);
        }
        assert_eq!(limit.take(now + PERIOD), Some(3));
        assert_eq!(limit.take(now + PERIOD), Some(0));
    }

    #[test]
    fn text_of_a_client_can_not_begin_a_line() {
        assert_eq!(printable("a\nb\u{1b}[1mé"), "a\u{fffd}b\u{fffd}[1mé");
        assert_eq!(printable(&"é".repeat(LENGTH + 1)), "é".repeat(LENGTH));
    }
}
