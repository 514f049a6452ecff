//! sansocket behind an HTTP server: upgraded by hyper, with the calls of `sansocket_tokio`, and in
//! a route of axum.

use std::net::TcpListener;
use std::sync::LazyLock;

use axum::Router;
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::{Request, Response as HttpResponse};
use sansocket::axum::{Message, WebSocket, WebSocketUpgrade};
use sansocket::hyper::Options;
use tokio::net::TcpStream;

use super::sansocket_tokio::{conversation, conversation_borrowing};
use crate::{Failure, http, tasks};

static OPTIONS: LazyLock<Options> = LazyLock::new(Options::new);

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, async |stream: TcpStream| http::serve(stream, accept).await)
}

pub fn serve_borrowing(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, async |stream: TcpStream| http::serve(stream, accept_borrowing).await)
}

async fn accept(mut request: Request<Incoming>) -> Result<HttpResponse<Empty<Bytes>>, Failure> {
    let (response, socket) = OPTIONS.upgrade(&mut request)?.accept();
    tasks::spawn(async { conversation(socket.await?).await });
    Ok(response)
}

async fn accept_borrowing(
    mut request: Request<Incoming>,
) -> Result<HttpResponse<Empty<Bytes>>, Failure> {
    let (response, socket) = OPTIONS.upgrade(&mut request)?.accept();
    tasks::spawn(async { conversation_borrowing(socket.await?).await });
    Ok(response)
}

pub fn serve_axum(listener: TcpListener) -> Result<(), Failure> {
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
