//! `server PEER`: an echo server on one core, the same for every library. `server --broadcast
//! PEER`: sends each message to all clients. `server --tls FOLDER PEER`: an echo over TLS.
//!
//! Prints the address that the system chose. All servers validate UTF-8, set `TCP_NODELAY`, accept
//! messages of 16 MiB, and do not compress.

mod epoll;
mod feeding;
mod http;
mod peers;
mod tasks;
mod tls;
mod topic;

use std::error::Error;
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;

/// Any error: it is printed.
type Failure = Box<dyn Error + Send + Sync>;

/// Serves until the process is killed.
type Serve = fn(TcpListener) -> Result<(), Failure>;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.pop().unwrap_or_default();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--tls", folder] => find(peers::TLS, &name).and_then(|serve| {
            let acceptor = tls::acceptor(Path::new(folder))?;
            serve(listen()?, acceptor)
        }),
        ["--broadcast"] => find(peers::BROADCASTING, &name).and_then(|serve| serve(listen()?)),
        _ => find(peers::ALL, &name).and_then(|serve| serve(listen()?)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn find<T: Copy>(known: &[(&str, T)], name: &str) -> Result<T, Failure> {
    known.iter().find(|(known, _)| *known == name).map(|(_, serve)| *serve).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        format!("no such server; there are: {}", names.join(", ")).into()
    })
}

fn listen() -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    Ok(listener)
}
