//! axum's own WebSocket, which is tokio-tungstenite's.

use std::net::TcpListener;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;

use crate::{Failure, http};

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    http::serve_axum(listener, Router::new().route("/", any(route)))
}

async fn route(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(echo)
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let is_data = matches!(message, Message::Text(_) | Message::Binary(_));
        if is_data && socket.send(message).await.is_err() {
            return;
        }
    }
}
