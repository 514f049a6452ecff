//! yawc, with its optional validation of text, and a limit of 16 MiB.

use std::net::TcpListener;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::net::TcpStream;
use yawc::{Frame, OpCode, Options, UpgradeFut, WebSocket, WebSocketError};

use crate::{Failure, feeding, http, tasks};

const LIMIT: usize = 64 * 1024 * 1024;

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, async |stream: TcpStream| http::serve(stream, accept).await)
}

pub fn serve_feeding(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, async |stream: TcpStream| http::serve(stream, accept_feeding).await)
}

async fn accept(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Failure> {
    let (response, upgraded) = upgrade(request)?;
    tasks::spawn(echo(upgraded));
    Ok(response)
}

async fn accept_feeding(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Failure> {
    let (response, upgraded) = upgrade(request)?;
    tasks::spawn(async {
        feeding::echo(upgraded.await?.map(Ok::<_, WebSocketError>), is_data).await
    });
    Ok(response)
}

fn upgrade(
    request: Request<Incoming>,
) -> Result<(Response<Empty<Bytes>>, UpgradeFut), WebSocketError> {
    WebSocket::upgrade_with_options(
        request,
        Options::default().with_utf8().with_limits(LIMIT, LIMIT),
    )
}

async fn echo(upgraded: UpgradeFut) -> Result<(), Failure> {
    let mut socket = upgraded.await?;
    while let Some(frame) = socket.next().await {
        if is_data(&frame) {
            socket.send(frame).await?;
        }
    }
    Ok(())
}

fn is_data(frame: &Frame) -> bool {
    matches!(frame.opcode(), OpCode::Text | OpCode::Binary)
}
