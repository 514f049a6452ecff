//! A chat of one room: every message goes to all clients, and nothing waits for a slow client.
//! `cargo run --release --example chat --features tokio` serves ws://127.0.0.1:9001/, or the
//! address that is given as an argument.

use std::error::Error;
use std::io::{self, Write};

use sansocket::CloseCode;
use sansocket::tokio::accept;
use sansocket::topic::{Lag, Topic};
use tokio::net::{TcpListener, TcpStream};

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(&address))
}

async fn run(address: &str) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("can't listen on {address}: {error}"))?;
    println!("listening on ws://{}/", listener.local_addr()?);
    io::stdout().flush()?;

    // A client that does not read is closed with 1008 once 100 messages wait for it.
    let room = Topic::new().backlog(100).lag(Lag::Close(CloseCode::POLICY_VIOLATION));
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream, room.clone()));
    }
}

/// Receives until the client has left. A message `/stop` closes all connections.
async fn serve(stream: TcpStream, room: Topic) -> Result<(), sansocket::Error> {
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
