//! A chat of one room: every message goes to all clients, and nothing waits for a slow client.
//! `cargo run --release --example chat --features tokio` serves ws://127.0.0.1:9001/, or the
//! address that is given as an argument.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use sansocket::CloseCode;
use sansocket::tokio::accept;
use sansocket::topic::{Lag, Topic};
use tokio::net::{TcpListener, TcpStream};

const HELP: &str = "\
Serves a chat of one room; the message /stop closes all connections.

Usage: chat [HOST:PORT]  [default: 127.0.0.1:9001]";

fn main() -> ExitCode {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    if address == "-h" || address == "--help" {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let run = || -> Result<(), Box<dyn Error>> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build()?.block_on(serve(&address))
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("can't listen on {address}: {error}; see --help"))?;
    println!("listening on ws://{}/", listener.local_addr()?);
    io::stdout().flush()?;

    // A client that does not read is closed with 1008 once 100 messages wait for it.
    let room = Topic::new().backlog(100).lag(Lag::Close(CloseCode::POLICY_VIOLATION));
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(chat(stream, room.clone()));
    }
}

/// Receives until the client has left. A message `/stop` closes all connections.
async fn chat(stream: TcpStream, room: Topic) -> Result<(), sansocket::Error> {
    let (sender, mut receiver) = accept(stream).await?.split();
    let news = room.subscribe();
    tokio::spawn(async move {
        news.forward(&sender).await?;
        sender.try_close(CloseCode::GOING_AWAY, "the server stops")
    });
    while let Some(message) = receiver.recv().await? {
        match message.as_text() {
            Some("/stop") => room.end(),
            _ => room.publish(message),
        }
    }
    receiver.until_closed().await.map(drop)
}
