//! tokio-tungstenite.

use std::net::TcpListener;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

use crate::topic::{self, Flush};
use crate::{Failure, feeding, tasks, tls};

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo)
}

pub fn serve_feeding(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo_feeding)
}

pub fn serve_broadcasting(listener: TcpListener, flush: Flush) -> Result<(), Failure> {
    topic::serve(listener, flush, accept, is_data)
}

pub fn serve_tls(listener: TcpListener, acceptor: TlsAcceptor) -> Result<(), Failure> {
    tls::serve(listener, acceptor, echo)
}

pub fn serve_feeding_tls(listener: TcpListener, acceptor: TlsAcceptor) -> Result<(), Failure> {
    tls::serve(listener, acceptor, echo_feeding)
}

async fn echo(stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<(), Failure> {
    let mut socket = accept(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        if is_data(&message) {
            socket.send(message).await?;
        }
    }
    Ok(())
}

async fn echo_feeding(stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<(), Failure> {
    feeding::echo(accept(stream).await?, is_data).await
}

async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
) -> Result<WebSocketStream<S>, Failure> {
    Ok(accept_async(stream).await?)
}

fn is_data(message: &Message) -> bool {
    message.is_text() || message.is_binary()
}
