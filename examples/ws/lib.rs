//! A WebSocket client for the terminal and for scripts.
//!
//! | file | contents |
//! |---|---|
//! | arguments | the command line |
//! | opening | from the URL to a connection, with redirects |
//! | exchange | an open connection: what is sent, received and shown |
//! | terminal | the prompt, or plain lines |
//! | json, har | JSON over several lines; recordings |
//! | retry | when to connect again |
//! | status | the exit status |
#![cfg(feature = "ws")]

mod arguments;
mod exchange;
mod har;
mod json;
mod opening;
mod retry;
mod status;
mod terminal;

use std::cell::RefCell;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use sansocket::{ClientRequest, Message};

use self::arguments::{Arguments, HELP, named};
use self::har::Recording;
use self::retry::Retries;
use self::status::End;
use self::terminal::{Input, Output};

/// What all connections of a run share.
struct Run {
    arguments: Arguments,
    output: Output,
    recording: RefCell<Option<Recording>>,
    /// A line of input that was not sent. It may have arrived if a connection was lost meanwhile.
    unsent: RefCell<Option<Message>>,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let run = || match Arguments::parse(std::env::args_os().skip(1))? {
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
    let mut retries = arguments.reconnect.then(Retries::default);
    let recording = RefCell::new(recording);
    let run = Run { arguments, output, recording, unsent: RefCell::default() };
    let end = loop {
        let (end, opened) = run.connection(&connector, &request, &mut input).await;
        let delay = retries.as_mut().and_then(|retries| retries.delay(&end, opened));
        let Some(delay) = delay else { break end };
        let complaint = end.complaint().unwrap_or_else(|| "the connection is closed".into());
        run.output.status(&format!("{complaint}; connecting again in {delay:.1?}"));
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            Some(()) = input.interrupts.recv() => break End::Interrupted,
        }
    };
    if let Some(message) = run.unsent.take() {
        run.output.status(&format!("a message of {} bytes was not sent", message.len()));
    }
    match (end.complaint(), &end) {
        (Some(complaint), _) => run.output.status(&complaint),
        (None, End::Closed(closed)) => run.output.note(&format!("closed: {closed}")),
        (None, _) => {}
    }
    run.output.close();
    Ok(end.exit_status())
}

impl Run {
    /// Opens a connection, and uses it until it ends. Returns when it was opened, too.
    async fn connection(
        &self,
        connector: &sansocket::tokio::Connector,
        request: &ClientRequest,
        input: &mut Input,
    ) -> (End, Option<Instant>) {
        let opened = tokio::select! {
            opened = self.open(connector, request) => opened,
            Some(()) = input.interrupts.recv() => return (End::Interrupted, None),
        };
        match opened {
            Ok(socket) => {
                let opened = Instant::now();
                (self.exchange(socket, input).await, Some(opened))
            }
            Err(error) => (End::NotConnected(error), None),
        }
    }

    /// Writes to the recording, if there is one. A failure ends it.
    fn record(&self, write: impl FnOnce(&mut Recording) -> io::Result<()>) {
        let mut recording = self.recording.borrow_mut();
        if let Some(Err(error)) = recording.as_mut().map(write) {
            *recording = None;
            self.output.status(&format!("the recording ends here: {error}"));
        }
    }
}
