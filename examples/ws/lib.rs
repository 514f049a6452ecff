//! A WebSocket client for the terminal and for scripts.
//!
//! | file | contents |
//! |---|---|
//! | arguments | the command line |
//! | opening | from the URL to a connection, with redirects |
//! | exchange | an open connection: messages, pings and its end |
//! | terminal | the input: the prompt, or plain lines; Ctrl-C |
//! | output, writer | the text that the user sees, and the thread that writes it |
//! | json | JSON over several lines |
//! | har, secrets | recordings, and what they hide |
//! | retry | which attempts are made, and what the library's `Reconnect` reports |
//! | status | the exit status |
#![cfg(feature = "ws")]

mod arguments;
mod exchange;
mod har;
mod json;
mod opening;
mod output;
mod retry;
mod secrets;
mod status;
mod terminal;
mod writer;

use std::error::Error;
use std::future::pending;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sansocket::Message;
use tokio::sync::mpsc;

use self::arguments::{Arguments, HELP, named};
use self::har::Recording;
use self::output::Output;
use self::status::End;

/// The state that all connections of a run share.
struct Run {
    arguments: Arguments,
    output: Output,
    recording: Mutex<Option<Recording>>,
    /// A line of input that was not sent. It may have arrived if a connection was lost meanwhile.
    unsent: Mutex<Option<Message>>,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let parsed = Arguments::parse(std::env::args_os().skip(1));
    let run = || match parsed.map_err(|error| format!("{error}; see --help"))? {
        Some(arguments) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(run(arguments)),
        None => {
            writeln!(io::stdout(), "{HELP}")?;
            Ok(0)
        }
    };
    let status = run().unwrap_or_else(|error: Box<dyn Error>| {
        eprintln!("ws: {error}");
        1
    });
    ExitCode::from(status)
}

/// Returns the exit status.
async fn run(arguments: Arguments) -> Result<u8, Box<dyn Error>> {
    let request = arguments.request()?;
    let connector = arguments.connector()?;
    let recording = match &arguments.record {
        Some(file) => Some(Recording::create(file, arguments.record_secrets).map_err(named(file))?),
        None => None,
    };
    let (mut input, output) = terminal::open(arguments.reads_input(), arguments.json)?;
    let recording = Mutex::new(recording);
    let run = Arc::new(Run { arguments, output, recording, unsent: Mutex::default() });
    let mut reconnect = retry::reconnect(&run, connector, request)?;
    let end = run.connections(&mut reconnect, &mut input).await;
    let end = run.write_all(end, &mut input.interrupts, run.output.flush()).await;
    if let Some(message) = lock(&run.unsent).take() {
        run.output.status(&format!("a message of {} bytes was not sent", message.len()));
    }
    match (end.complaint(), &end) {
        (Some(complaint), _) => run.output.status(&complaint),
        (None, End::Closed(closed)) => run.output.note(&format!("closed: {closed}")),
        (None, _) => {}
    }
    let end = run.write_all(end, &mut input.interrupts, run.output.finish()).await;
    input.close();
    Ok(end.exit_status())
}

/// How long the last lines may take after Ctrl-C.
const LAST_LINES: Duration = Duration::from_millis(100);

impl Run {
    /// Waits until the output is written, unless Ctrl-C ends that, too. Returns how it ended.
    async fn write_all(
        &self,
        end: End,
        interrupts: &mut mpsc::UnboundedReceiver<()>,
        written: impl Future<Output = ()>,
    ) -> End {
        let interrupted = async {
            if matches!(end, End::Interrupted) {
                tokio::time::sleep(LAST_LINES).await;
            } else if interrupts.recv().await.is_none() {
                pending().await
            }
        };
        tokio::select! {
            () = written => {}
            () = interrupted => return End::Interrupted,
        }
        match (end, self.output.failure()) {
            (End::Interrupted, _) => End::Interrupted,
            (_, Some(failure)) => End::Failed(failure),
            (end, None) => end,
        }
    }

    /// Writes to the recording, if there is one. A failure ends it.
    fn record(&self, write: impl FnOnce(&mut Recording) -> io::Result<()>) {
        let mut recording = lock(&self.recording);
        if let Some(Err(error)) = recording.as_mut().map(write) {
            *recording = None;
            self.output.status(&format!("the recording ends here: {error}"));
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
