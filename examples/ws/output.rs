//! The text that the user sees: messages on the standard output, all else on the standard error; or
//! both above the line that is being typed at the prompt.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use rustyline::ExternalPrinter;
use sansocket::Message;

use crate::json;
use crate::writer::Writer;

/// Where messages and lines of status go.
pub(crate) struct Output {
    messages: Writer,
    statuses: Writer,
    at_prompt: bool,
    json: bool,
    escapes: bool,
}

impl Output {
    /// To the standard output and the standard error. With `escapes`, the former is a terminal.
    pub(crate) fn plain(json: bool, escapes: bool) -> Self {
        let messages = Writer::new(|text| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(text.as_bytes())?;
            stdout.flush()
        });
        let statuses = Writer::new(|text| io::stderr().write_all(text.as_bytes()));
        Self { messages, statuses, at_prompt: false, json, escapes }
    }

    /// To the terminal, above the line that is being typed.
    pub(crate) fn prompt(json: bool, mut printer: impl ExternalPrinter + Send + 'static) -> Self {
        let messages = Writer::new(move |text| printer.print(text).map_err(io::Error::other));
        let statuses = messages.second_queue();
        Self { messages, statuses, at_prompt: true, json, escapes: true }
    }

    /// Prints a message that was received, to the standard output. Waits while too much is queued.
    pub(crate) async fn message(&self, message: &Message) {
        let mut text = match message.as_text() {
            Some(text) => {
                let pretty = if self.json { json::pretty(text) } else { None };
                self.printable(pretty.as_deref().unwrap_or(text))
            }
            None => describe(message.as_bytes()),
        };
        if self.at_prompt {
            text = format!("< {}", text.replace('\n', CONTINUATION));
        }
        text.push('\n');
        self.messages.write(text).await;
    }

    /// Prints a line of status to the standard error. Drops it if the standard error blocks for
    /// long.
    pub(crate) fn status(&self, text: &str) {
        // One line: a reason of the server's can't look like another.
        self.statuses.try_write(format!("ws: {}\n", escaped(text).replace('\n', "\\n")));
    }

    /// Prints a line of status, at a prompt only.
    pub(crate) fn note(&self, text: &str) {
        if self.at_prompt {
            self.status(text);
        }
    }

    /// Waits until all is written.
    pub(crate) async fn flush(&self) {
        self.messages.flush().await;
        self.statuses.flush().await;
    }

    /// Writes the queued text, and removes the prompt, also while a line is being typed.
    pub(crate) async fn finish(&self) {
        self.flush().await;
        if self.at_prompt {
            // The printer accepts a text when the one before it is printed. These move the cursor
            // up a line and down again.
            for _ in 0..2 {
                self.messages.write("\x1b[A\n".into()).await;
            }
            self.messages.flush().await;
            // Nothing reports that the prompt is drawn again behind the last one.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let _ = io::stdout().write_all(b"\r\x1b[K").and_then(|()| io::stdout().flush());
        }
    }

    /// Waits for a failure of the standard output.
    pub(crate) async fn failed(&self) {
        self.messages.failed().await;
    }

    /// Returns the failure of the standard output. A reader that has closed it (`| head`) is none.
    pub(crate) fn failure(&self) -> Option<String> {
        let failure = self.messages.failure()?;
        (failure.kind() != io::ErrorKind::BrokenPipe)
            .then(|| format!("the standard output: {failure}"))
    }

    /// Replaces characters of a text from the server that would control a terminal.
    fn printable(&self, text: &str) -> String {
        if self.escapes { escaped(text) } else { text.into() }
    }
}

/// Begins each further line of a message, which is none of the program's own.
const CONTINUATION: &str = "\n| ";

/// Control characters, but for tabs and new lines, would be commands to a terminal. Those of the
/// bidirectional algorithm (UAX #9) and other ends of lines would show a text that is not there.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\t' | '\n' => escaped.push(char),
            '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => escaped.extend(char.escape_unicode()),
            _ if char.is_control() => escaped.extend(char.escape_default()),
            _ => escaped.push(char),
        }
    }
    escaped
}

/// The bytes of a binary message that are shown.
const MAX_SHOWN: usize = 32;

fn describe(bytes: &[u8]) -> String {
    let mut text = format!("{} bytes:", bytes.len());
    for byte in bytes.iter().take(MAX_SHOWN) {
        let _ = write!(text, " {byte:02x}");
    }
    if bytes.len() > MAX_SHOWN {
        text.push_str(" ...");
    }
    text
}
