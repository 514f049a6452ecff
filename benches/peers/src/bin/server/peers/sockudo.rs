//! sockudo-ws, with a handshake that is written by hand.

use std::net::TcpListener;

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use sockudo_ws::handshake::{build_response, generate_accept_key, parse_request};
use sockudo_ws::{Config, Message, WebSocketStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::topic::{self, Flush};
use crate::{Failure, feeding, tasks};

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo)
}

pub fn serve_feeding(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo_feeding)
}

pub fn serve_broadcasting(listener: TcpListener, flush: Flush) -> Result<(), Failure> {
    topic::serve(listener, flush, accept, is_data)
}

async fn echo(stream: TcpStream) -> Result<(), Failure> {
    let mut socket = accept(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        if is_data(&message) {
            socket.send(message).await?;
        }
    }
    Ok(())
}

async fn echo_feeding(stream: TcpStream) -> Result<(), Failure> {
    feeding::echo(accept(stream).await?, is_data).await
}

async fn accept(mut stream: TcpStream) -> Result<WebSocketStream<TcpStream>, Failure> {
    let mut head = BytesMut::new();
    let response = loop {
        if stream.read_buf(&mut head).await? == 0 {
            return Err("no handshake".into());
        }
        if let Some((request, _)) = parse_request(&head)? {
            break build_response(&generate_accept_key(request.key), None, None);
        }
    };
    stream.write_all(&response).await?;
    Ok(WebSocketStream::server(stream, Config::default()))
}

fn is_data(message: &Message) -> bool {
    matches!(message, Message::Text(_) | Message::Binary(_))
}
