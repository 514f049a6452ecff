//! Sends messages and prints what comes back: `cargo run --release --example echo_client -- URL [MESSAGE…]`

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use sansocket::{CloseCode, Message, blocking};

const HELP: &str = "\
Sends messages to a WebSocket server, and prints what comes back for each.

Usage: echo_client URL [MESSAGE...]

  URL      ws://host[:port][/path][?query]
  MESSAGE  text to send; without one, every line of the standard input is sent
  --help   this text";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo_client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some((url, messages)) = parse_arguments()? else { return Ok(()) };
    let mut socket = blocking::connect(&url)?;
    for message in messages {
        socket.send(message?)?;
        match socket.recv()? {
            // Whoever listens may have heard enough: `| head` for example.
            Some(Message::Text(text)) => writeln!(io::stdout(), "{text}")?,
            Some(Message::Binary(bytes)) => writeln!(io::stdout(), "{} bytes", bytes.len())?,
            None => return Err(format!("the server closed before it answered: {}", describe(socket.closed())).into()),
        }
    }
    let closed = socket.close(CloseCode::NORMAL, "")?;
    writeln!(io::stdout(), "closed: {}", describe(Some(&closed)))?;
    if closed.was_clean() { Ok(()) } else { Err("the connection was not closed cleanly".into()) }
}

fn describe(closed: Option<&sansocket::Closed>) -> String {
    let Some(closed) = closed else { return "not at all".into() };
    let clean = if closed.was_clean() { "clean" } else { "not clean" };
    format!("{} {:?}, {clean}", closed.code(), closed.reason())
}

type Messages = Box<dyn Iterator<Item = io::Result<String>>>;

/// The address and what to send to it; `None` if help was all that was wanted.
fn parse_arguments() -> Result<Option<(String, Messages)>, Box<dyn Error>> {
    let mut words = Vec::new();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Value(word) => {
                words.push(word.into_string().map_err(|word| format!("{word:?} is not valid UTF-8"))?);
            }
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                println!("{HELP}");
                return Ok(None);
            }
            other => return Err(format!("{}; see --help", other.unexpected()).into()),
        }
    }
    let mut words = words.into_iter();
    let url = words.next().ok_or("the URL is missing; see --help")?;
    let messages: Messages = if words.len() > 0 { Box::new(words.map(Ok)) } else { Box::new(io::stdin().lock().lines()) };
    Ok(Some((url, messages)))
}
