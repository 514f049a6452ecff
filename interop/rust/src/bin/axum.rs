//! axum's own extractor, a server.

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::routing::any;
use interop_peers::{Fault, REASON};
use tokio::net::TcpListener;

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let answer = match message {
            Message::Text(text) if text == "ping" => Message::Ping("hello".into()),
            Message::Text(text) if text == "close" => {
                Message::Close(Some(CloseFrame { code: 3002, reason: REASON.into() }))
            }
            Message::Pong(_) => Message::text("pong"),
            Message::Close(frame) => {
                if let Some(frame) = frame {
                    println!("closed {} {}", frame.code, frame.reason);
                }
                continue;
            }
            Message::Ping(_) => continue,
            message => message,
        };
        if socket.send(answer).await.is_err() {
            break;
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fault> {
    let upgrade =
        |upgrade: WebSocketUpgrade| async { upgrade.protocols(["chat.v2"]).on_upgrade(echo) };
    let app = Router::new()
        .route("/", any(upgrade))
        .route("/refuse", any(|| async { StatusCode::FORBIDDEN }));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
