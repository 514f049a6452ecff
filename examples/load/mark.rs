//! The word in a message by which its time of sending is found again, in an echo or a broadcast.
//!
//! ```text
//!   load  3f9a02c1  00000001e240
//!         run       microseconds since the run began
//! ```

use std::time::Duration;

use memchr::memmem::Finder;

/// Length of a mark in bytes.
pub(crate) const LEN: usize = RUN + TIME;
const RUN: usize = 12;
const TIME: usize = 12;

/// The marks of one run: those of others are not taken for them.
#[derive(Debug)]
pub(crate) struct Marks {
    run: String,
    finder: Finder<'static>,
}

impl Marks {
    pub(crate) fn new(run: u32) -> Self {
        let run = format!("load{run:08x}");
        Self { finder: Finder::new(&run).into_owned(), run }
    }

    /// A word of this run.
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    pub(crate) fn mark(&self, since_start: Duration) -> String {
        format!("{}{:0TIME$x}", self.run, since_start.as_micros() as u64)
    }

    /// When the message was sent, since the start.
    pub(crate) fn find(&self, message: &[u8]) -> Option<Duration> {
        let at = self.finder.find(message)? + RUN;
        let digits = std::str::from_utf8(message.get(at..at + TIME)?).ok()?;
        u64::from_str_radix(digits, 16).ok().map(Duration::from_micros)
    }
}

/// A field of JSON that has the time of sending, in milliseconds since 1970.
#[derive(Debug)]
pub(crate) struct TimeField(Finder<'static>);

impl TimeField {
    pub(crate) fn new(name: &str) -> Self {
        Self(Finder::new(&format!("\"{name}\":")).into_owned())
    }

    /// The time of sending, since 1970. The last such field counts: a list has the newest there.
    pub(crate) fn find(&self, message: &[u8]) -> Option<Duration> {
        let at = self.0.find_iter(message).last()? + self.0.needle().len();
        let digits = message[at..].trim_ascii_start();
        let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
        let digits = std::str::from_utf8(&digits[..end]).ok()?;
        digits.parse().ok().map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_is_found_wherever_it_is_and_only_of_this_run() {
        let (marks, other) = (Marks::new(7), Marks::new(8));
        let at = Duration::from_micros(123_456);
        let mark = marks.mark(at);
        assert_eq!(mark.len(), LEN);
        assert_eq!(marks.find(format!("{{\"text\":\"{mark}xx\"}}").as_bytes()), Some(at));
        assert_eq!(other.find(mark.as_bytes()), None);
        assert_eq!(marks.find(&mark.as_bytes()[..LEN - 1]), None);
        assert_eq!(marks.find(b"load00000007zzzzzzzzzzzz"), None);
    }

    #[test]
    fn time_field_is_the_last_of_its_name() {
        let field = TimeField::new("at");
        assert_eq!(field.find(br#"{"at": 12,"b":1,"at":34}"#), Some(Duration::from_millis(34)));
        assert_eq!(field.find(br#"{"at":"12"}"#), None);
        assert_eq!(field.find(br#"{"at":"#), None);
    }
}
