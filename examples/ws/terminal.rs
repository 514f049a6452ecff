//! The standard input: a prompt on a terminal, plain lines in a pipe; and Ctrl-C.

use std::io::{self, BufRead, IsTerminal};
use std::thread;

use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor};
use tokio::sync::mpsc;

use crate::output::Output;

/// The input of the user.
pub(crate) struct Input {
    /// Lines, until the end of the input.
    pub(crate) lines: mpsc::Receiver<io::Result<String>>,
    /// A message for each Ctrl-C.
    pub(crate) interrupts: mpsc::UnboundedReceiver<()>,
    /// Whether a `/` at the beginning of a line is a command.
    pub(crate) has_commands: bool,
    /// The mode of the terminal before the prompt, to be restored.
    mode: Option<Mode>,
}

/// Lines that wait to be sent: a program that writes faster waits too.
const MAX_LINES: usize = 64;

/// Bytes of a line: those of a message that the library accepts by default.
const MAX_LINE: usize = 16 * 1024 * 1024;

/// Takes the terminal. Without `reads`, the standard input is left alone.
pub(crate) fn open(reads: bool, json: bool) -> io::Result<(Input, Output)> {
    let (send_line, lines) = mpsc::channel(MAX_LINES);
    let (interrupt, interrupts) = mpsc::unbounded_channel();
    let escapes = io::stdout().is_terminal();
    let (mut output, mut mode) = (None, None);
    if reads && escapes && io::stdin().is_terminal() {
        mode = Some(Mode::current()?);
        // Modes of the terminal that would have to be given back, too, are left off.
        let config = Config::builder().auto_add_history(true).bracketed_paste(false).build();
        let mut editor =
            Editor::<(), _>::with_history(config, MemHistory::new()).map_err(io::Error::other)?;
        editor.enable_synchronized_output(false);
        let printer = editor.create_external_printer().map_err(io::Error::other)?;
        output = Some(Output::prompt(json, printer));
        let interrupt = interrupt.clone();
        thread::spawn(move || edit(editor, &send_line, &interrupt));
    } else if reads {
        thread::spawn(move || {
            let mut input = io::stdin().lock();
            while let Some(line) = read_line(&mut input).transpose() {
                let is_last = line.is_err();
                if send_line.blocking_send(line).is_err() || is_last {
                    break;
                }
            }
        });
    }
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() && interrupt.send(()).is_ok() {}
    });
    let has_commands = output.is_some();
    let output = output.unwrap_or_else(|| Output::plain(json, escapes));
    Ok((Input { lines, interrupts, has_commands, mode }, output))
}

impl Input {
    /// Restores the terminal, also while a line is being typed.
    pub(crate) fn close(&self) {
        if let Some(mode) = &self.mode {
            mode.restore();
        }
    }
}

/// Reads a line, without its end. `None` is the end of the input.
fn read_line(input: impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    // Room for the end of the line, too.
    input.take(MAX_LINE as u64 + 2).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop_if(|byte| *byte == b'\n').is_some() {
        line.pop_if(|byte| *byte == b'\r');
    }
    check_length(line.len())?;
    let line = String::from_utf8(line).map_err(|_| {
        io::Error::other("a line is not UTF-8; --binary sends a file that is no text")
    })?;
    Ok(Some(line))
}

fn check_length(line: usize) -> io::Result<()> {
    if line <= MAX_LINE {
        return Ok(());
    }
    let limit = format!("a line has more than {MAX_LINE} bytes; --binary sends a larger file");
    Err(io::Error::other(limit))
}

/// Reads lines at a prompt, until Ctrl-D.
fn edit(
    mut editor: Editor<(), MemHistory>,
    lines: &mpsc::Sender<io::Result<String>>,
    interrupts: &mpsc::UnboundedSender<()>,
) {
    loop {
        // The receiver is dropped when the program ends.
        let _ = match editor.readline("> ") {
            Ok(line) => lines.blocking_send(check_length(line.len()).map(|()| line)).ok(),
            Err(ReadlineError::Interrupted) => interrupts.send(()).ok(),
            Err(ReadlineError::Eof) => return,
            Err(error) => {
                let _ = lines.blocking_send(Err(io::Error::other(error)));
                return;
            }
        };
    }
}

#[cfg(unix)]
struct Mode(nix::sys::termios::Termios);

/// The shell restores consoles of Windows.
#[cfg(not(unix))]
struct Mode;

#[cfg(unix)]
impl Mode {
    fn current() -> io::Result<Self> {
        Ok(Self(nix::sys::termios::tcgetattr(io::stdin())?))
    }

    fn restore(&self) {
        use nix::sys::termios::{SetArg, tcsetattr};
        // Without waiting for output that a stopped terminal does not take.
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &self.0);
    }
}

#[cfg(not(unix))]
impl Mode {
    fn current() -> io::Result<Self> {
        Ok(Self)
    }

    fn restore(&self) {}
}
