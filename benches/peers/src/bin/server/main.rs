//! `server PEER`: an echo server on one core, in which every library does the same: it takes a
//! message and sends it back. `server --broadcast PEER`: sends it to everyone.
//!
//! Prints the address that the system chose. Text is checked to be UTF-8 in all of them, nothing is
//! compressed, nothing waits for `TCP_NODELAY`, and messages may have 16 MiB at least.

mod epoll;
mod feeding;
mod http;
mod peers;
mod tasks;
mod topic;

use std::error::Error;
use std::io::{self, Write};
use std::net::TcpListener;
use std::process::ExitCode;

/// What anything here may fail with: nothing is done about it but to print it.
type Failure = Box<dyn Error + Send + Sync>;

/// Serves until it is ended from outside.
type Serve = fn(TcpListener) -> Result<(), Failure>;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.pop().unwrap_or_default();
    let known = if arguments == ["--broadcast"] { peers::BROADCASTING } else { peers::ALL };
    let Some((_, serve)) = known.iter().find(|(known, _)| *known == name) else {
        eprintln!("server [--broadcast] PEER, which is one of:");
        known.iter().for_each(|(known, _)| eprintln!("  {known}"));
        return ExitCode::FAILURE;
    };
    match listen().and_then(serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn listen() -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    Ok(listener)
}
