//! A chat: every message goes to everybody, under a lock, and nothing waits for a slow client.
//! `cargo run --release --example chat --features tokio` serves ws://127.0.0.1:9001/, or the
//! address that is given as an argument.

use std::error::Error;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sansocket::tokio::{WeakSender, accept};
use sansocket::{Backpressure, CloseCode, Message, Overflow};
use tokio::net::{TcpListener, TcpStream};

/// A client that does not read is closed with 1008 once 64 KiB wait for it.
const SLOW: Backpressure = Backpressure {
    high_water_mark: 32 * 1024,
    hard_limit: 64 * 1024,
    overflow: Overflow::Close,
    cork: false,
};

/// The open connections. It keeps none of them in memory.
#[derive(Default)]
struct Room(Mutex<Vec<WeakSender<TcpStream>>>);

impl Room {
    fn members(&self) -> MutexGuard<'_, Vec<WeakSender<TcpStream>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends to everybody, and forgets who has left. Nothing here waits: `try_send` queues the
    /// message, and writes what the stream accepts at once.
    fn broadcast(&self, message: &Message) {
        self.members().retain(|member| {
            member.upgrade().is_some_and(|sender| sender.try_send(message.clone()).is_ok())
        });
    }

    fn close(&self) {
        for sender in self.members().iter().filter_map(WeakSender::upgrade) {
            let _ = sender.try_close(CloseCode::GOING_AWAY, "the server stops");
        }
    }
}

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

    let room = Arc::new(Room::default());
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream, Arc::clone(&room)));
    }
}

/// Receives until the client has left. A message `/stop` closes all connections.
async fn serve(stream: TcpStream, room: Arc<Room>) -> Result<(), sansocket::Error> {
    let (sender, mut receiver) = accept(stream).await?.split();
    sender.set_backpressure(SLOW);
    room.members().push(sender.downgrade());
    while let Some(message) = receiver.recv().await? {
        match message.as_text() {
            Some("/stop") => room.close(),
            _ => room.broadcast(&message),
        }
    }
    receiver.until_closed().await.map(drop)
}
