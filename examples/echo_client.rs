//! Sends messages and prints what comes back:
//! `cargo run --release --example echo_client -- URL MESSAGE…`
//! `examples/ws` is a client with options.

use std::error::Error;
use std::process::ExitCode;

use sansocket::{CloseCode, blocking};

const HELP: &str = "\
Sends messages, and prints an answer to each.

Usage: echo_client URL MESSAGE...

  URL  ws://127.0.0.1:9001/, for example";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "-h" || argument == "--help") {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        // Not by `?` in `main`, which prints `Debug`: the text of `Display` names the remedy.
        Err(error) => {
            eprintln!("echo_client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let (url, messages) = arguments.split_first().ok_or("the URL is missing; see --help")?;
    if url.starts_with('-') {
        return Err(format!("{url} is no URL; see --help").into());
    }
    let mut socket = blocking::connect(url)?;
    for message in messages {
        socket.send(message.as_str())?;
        if let Some(answer) = socket.recv()? {
            println!("{}", answer.as_text().unwrap_or("not text"));
        }
    }
    println!("closed: {}", socket.close(CloseCode::NORMAL, "")?);
    Ok(())
}
