//! web-socket, which has no handshake and no buffer, and does not validate text; `-buf` is the same
//! behind a `BufReader`.

use std::net::TcpListener;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use web_socket::{DataType, Event, MessageType, WebSocket};

use crate::{Failure, tasks};

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, async |stream: TcpStream| echo(accept(stream).await?.into_inner()).await)
}

pub fn serve_buffered(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, async |stream: TcpStream| echo(accept(stream).await?).await)
}

async fn accept(stream: TcpStream) -> Result<BufReader<TcpStream>, Failure> {
    let mut stream = BufReader::new(stream);
    let mut key = None;
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).await?;
        if let Some((_, value)) =
            line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        {
            key = Some(derive_accept_key(value.trim().as_bytes()));
        }
    }
    let key = key.ok_or("no handshake")?;
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept:";
    stream.write_all(format!("{head} {key}\r\n\r\n").as_bytes()).await?;
    Ok(stream)
}

async fn echo(stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<(), Failure> {
    let mut socket = WebSocket::server(stream);
    loop {
        match socket.recv().await? {
            Event::Data { ty: DataType::Complete(MessageType::Text), data } => {
                socket.send(simdutf8::basic::from_utf8(&data)?).await?;
            }
            Event::Data { data, .. } => socket.send(&*data).await?,
            Event::Ping(payload) => socket.send_pong(payload).await?,
            Event::Pong(_) => {}
            Event::Error(error) => return Err(error.into()),
            Event::Close { .. } => return Ok(socket.close(()).await?),
        }
    }
}
