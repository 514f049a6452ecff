//! `server PEER`: an echo server on one core, the same for every library. `server --broadcast
//! PEER`: sends each message to all clients.
//!
//! Prints the address that the system chose. All servers validate UTF-8, set `TCP_NODELAY`, accept
//! messages of 16 MiB, and do not compress.

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

/// Any error: it is printed.
type Failure = Box<dyn Error + Send + Sync>;

/// Serves until the process is killed.
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
