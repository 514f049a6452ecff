//! The standard input and output: a prompt on a terminal, with incoming lines above what is being
//! typed; plain lines in a pipe.

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use sansocket::Message;
use tokio::sync::mpsc;

use crate::{json, lock};

/// What the user does.
pub(crate) struct Input {
    /// Lines, until the end of the input.
    pub(crate) lines: mpsc::Receiver<io::Result<String>>,
    /// Each is a Ctrl-C.
    pub(crate) interrupts: mpsc::UnboundedReceiver<()>,
    /// Whether a `/` at the beginning of a line is a command.
    pub(crate) has_commands: bool,
}

/// What the user sees.
pub(crate) struct Output {
    prompt: Option<Mutex<Prompt>>,
    json: bool,
    escapes: bool,
}

struct Prompt {
    printer: Box<dyn ExternalPrinter + Send>,
    mode: Mode,
}

/// Lines that wait to be sent: a program that writes faster waits too.
const MAX_LINES: usize = 64;

/// Takes the terminal. Without `reads`, the standard input is left alone.
pub(crate) fn open(reads: bool, json: bool) -> io::Result<(Input, Output)> {
    let (send_line, lines) = mpsc::channel(MAX_LINES);
    let (interrupt, interrupts) = mpsc::unbounded_channel();
    let escapes = io::stdout().is_terminal();
    let mut prompt = None;
    if reads && escapes && io::stdin().is_terminal() {
        let mode = Mode::current()?;
        // Modes of the terminal that would have to be given back, too, are left off.
        let config = Config::builder().auto_add_history(true).bracketed_paste(false).build();
        let mut editor =
            Editor::<(), _>::with_history(config, MemHistory::new()).map_err(io::Error::other)?;
        editor.enable_synchronized_output(false);
        let printer = editor.create_external_printer().map_err(io::Error::other)?;
        prompt = Some(Mutex::new(Prompt { printer: Box::new(printer), mode }));
        let interrupt = interrupt.clone();
        thread::spawn(move || edit(editor, &send_line, &interrupt));
    } else if reads {
        thread::spawn(move || {
            for line in io::stdin().lock().lines() {
                if send_line.blocking_send(line).is_err() {
                    break;
                }
            }
        });
    }
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() && interrupt.send(()).is_ok() {}
    });
    let has_commands = prompt.is_some();
    Ok((Input { lines, interrupts, has_commands }, Output { prompt, json, escapes }))
}

/// Reads lines at a prompt, until Ctrl-D.
fn edit(
    mut editor: Editor<(), MemHistory>,
    lines: &mpsc::Sender<io::Result<String>>,
    interrupts: &mpsc::UnboundedSender<()>,
) {
    loop {
        // Once nobody receives, the program ends.
        let _ = match editor.readline("> ") {
            Ok(line) => lines.blocking_send(Ok(line)).ok(),
            Err(ReadlineError::Interrupted) => interrupts.send(()).ok(),
            Err(ReadlineError::Eof) => return,
            Err(error) => {
                let _ = lines.blocking_send(Err(io::Error::other(error)));
                return;
            }
        };
    }
}

impl Output {
    /// Prints a message that was received, to the standard output.
    pub(crate) fn message(&self, message: &Message) -> io::Result<()> {
        let text = match message.as_text() {
            Some(text) => {
                let pretty = if self.json { json::pretty(text) } else { None };
                self.printable(pretty.as_deref().unwrap_or(text))
            }
            None => describe(message.as_bytes()),
        };
        if let Some(prompt) = &self.prompt {
            return lock(prompt).print(format!("< {text}\n"));
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    }

    /// Prints what is no message, to the standard error.
    pub(crate) fn status(&self, text: &str) {
        let text = format!("ws: {}\n", escaped(text));
        // Nobody can be told that the standard error is closed.
        let _ = match &self.prompt {
            Some(prompt) => lock(prompt).print(text),
            None => io::stderr().write_all(text.as_bytes()),
        };
    }

    /// Prints what is only of interest to somebody who watches.
    pub(crate) fn note(&self, text: &str) {
        if self.prompt.is_some() {
            self.status(text);
        }
    }

    /// Gives the terminal back, although somebody may be typing.
    pub(crate) fn close(&self) {
        let Some(prompt) = &self.prompt else { return };
        let mut prompt = lock(prompt);
        // Each is accepted when the one before it was printed. They go up a line and down again.
        for _ in 0..2 {
            let _ = prompt.print("\x1b[A\n".into());
        }
        // Nothing reports that the prompt is drawn again behind the last one.
        thread::sleep(Duration::from_millis(20));
        prompt.mode.restore();
        let _ = io::stdout().write_all(b"\r\x1b[K").and_then(|()| io::stdout().flush());
    }

    /// A text from the server that a terminal obeys in nothing.
    fn printable(&self, text: &str) -> String {
        if self.escapes { escaped(text) } else { text.into() }
    }
}

impl Prompt {
    fn print(&mut self, text: String) -> io::Result<()> {
        self.printer.print(text).map_err(io::Error::other)
    }
}

/// Control characters, but for tabs and new lines, would be commands to a terminal.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() && !matches!(char, '\t' | '\n') {
            escaped.extend(char.escape_default());
        } else {
            escaped.push(char);
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

#[cfg(unix)]
struct Mode(nix::sys::termios::Termios);

/// Consoles of Windows are given back by the shell.
#[cfg(not(unix))]
struct Mode;

#[cfg(unix)]
impl Mode {
    fn current() -> io::Result<Self> {
        Ok(Self(nix::sys::termios::tcgetattr(io::stdin())?))
    }

    fn restore(&self) {
        use nix::sys::termios::{SetArg, tcsetattr};
        let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.0);
    }
}

#[cfg(not(unix))]
impl Mode {
    fn current() -> io::Result<Self> {
        Ok(Self)
    }

    fn restore(&self) {}
}
