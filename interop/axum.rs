//! The server for other libraries' clients, as a route of axum: `interop/README.md` describes it.
//!
//! `interop_axum [ADDRESS]`; started by `interop/run`. It prints `closed CODE REASON` for every
//! connection that the client has closed.

use std::error::Error;
use std::io::{self, Write};

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use sansocket::Kind;
use sansocket::axum::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use sansocket::deflate::Deflate;
use tokio::net::TcpListener;

/// The payload of the pings that clients ask for.
const PING: &str = "asked for";

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".into());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    let routes = Router::new()
        .route("/", any(open))
        .route("/refuse", any(async || (StatusCode::FORBIDDEN, "not for you\n")));
    Ok(axum::serve(listener, routes).await?)
}

async fn open(upgrade: Option<WebSocketUpgrade>) -> Response {
    let Some(upgrade) = upgrade else { return "a page\n".into_response() };
    // The pages of the browsers are another server's.
    let upgrade = upgrade.allow_every_host_and_origin();
    upgrade.protocols(["chat.v2"]).deflate(Deflate::new()).on_upgrade(async |mut socket| {
        if let Err(error) = echo(&mut socket).await {
            eprintln!("a connection ended: {error}");
        }
    })
}

/// Sends every message back, except for the words that ask for something else.
async fn echo(socket: &mut WebSocket) -> Result<(), Failure> {
    while let Some(message) = socket.recv().await {
        match message? {
            Message::Text(text) if &*text == "ping" => {
                socket.send(Message::Ping(PING.into())).await?;
            }
            Message::Text(text) if &*text == "fragments" => {
                let mut message = socket.get_mut().writer(Kind::Text).await?;
                for chunk in ["one ", "two ", "three"] {
                    message.write_chunk(chunk).await?;
                }
                message.finish().await?;
            }
            Message::Text(text) if &*text == "close" => {
                let frame = CloseFrame { code: 3002, reason: "操作完成".into() };
                socket.send(Message::Close(Some(frame))).await?;
            }
            Message::Close(frame) => {
                let frame = frame.unwrap_or(CloseFrame { code: 1005, reason: "".into() });
                println!("closed {} {}", frame.code, frame.reason);
            }
            Message::Pong(payload) if payload == PING => socket.send(Message::text("pong")).await?,
            Message::Ping(_) | Message::Pong(_) => {}
            message => socket.send(message).await?,
        }
    }
    Ok(())
}
