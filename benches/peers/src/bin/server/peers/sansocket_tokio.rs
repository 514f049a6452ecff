//! sansocket's adapter for tokio: `send` for each message, corked or not; `feed`, which is flushed
//! before `recv` waits; and `recv_with`, which copies only the reply.

use std::mem;
use std::net::TcpListener;
use std::sync::Arc;

use sansocket::tokio::WebSocket;
use sansocket::{Backpressure, Message};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::broadcast::Sender as Topic;
use tokio_rustls::TlsAcceptor;

use crate::topic::Flush;
use crate::{Failure, tasks, tls};

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo)
}

pub fn serve_corked(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo_corked)
}

pub fn serve_feeding(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo_feeding)
}

pub fn serve_borrowing(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo_borrowing)
}

pub fn serve_feeding_tls(listener: TcpListener, acceptor: TlsAcceptor) -> Result<(), Failure> {
    tls::serve(listener, acceptor, echo_feeding)
}

pub fn serve_borrowing_tls(listener: TcpListener, acceptor: TlsAcceptor) -> Result<(), Failure> {
    tls::serve(listener, acceptor, echo_borrowing)
}

pub fn serve_broadcasting(listener: TcpListener, flush: Flush) -> Result<(), Failure> {
    let topic = Arc::new(Topic::new(64));
    tasks::serve(listener, move |stream| relay(stream, Arc::clone(&topic), flush))
}

/// TCP, or TLS on it.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Duplex for S {}

/// As in the README: a task for each half.
async fn relay(stream: TcpStream, topic: Arc<Topic<Message>>, flush: Flush) -> Result<(), Failure> {
    let (sender, mut receiver) = accept(stream).await?.split();
    let mut news = topic.subscribe();
    tasks::spawn(async move {
        loop {
            let mut message = news.recv().await?;
            while flush == Flush::Last
                && let Ok(next) = news.try_recv()
            {
                sender.feed(mem::replace(&mut message, next)).await?;
            }
            sender.send(message).await?;
        }
    });
    while let Some(message) = receiver.recv().await? {
        topic.send(message)?;
    }
    Ok(())
}

async fn echo(stream: TcpStream) -> Result<(), Failure> {
    conversation(accept(stream).await?).await
}

/// Receives and sends on a stream of any kind.
pub async fn conversation<S: Duplex>(mut socket: WebSocket<S>) -> Result<(), Failure> {
    while let Some(message) = socket.recv().await? {
        socket.send(message).await?;
    }
    Ok(())
}

async fn echo_corked(stream: TcpStream) -> Result<(), Failure> {
    let mut socket = accept(stream).await?;
    socket.set_backpressure(Backpressure { cork: true, ..Backpressure::default() });
    while let Some(message) = socket.recv().await? {
        socket.send(message).await?;
    }
    Ok(())
}

async fn echo_feeding(stream: impl Duplex) -> Result<(), Failure> {
    let mut socket = accept(stream).await?;
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}

async fn echo_borrowing(stream: impl Duplex) -> Result<(), Failure> {
    conversation_borrowing(accept(stream).await?).await
}

/// The same with borrowed messages.
pub async fn conversation_borrowing<S: Duplex>(mut socket: WebSocket<S>) -> Result<(), Failure> {
    while socket.recv_with(|message, replies| replies.send(message)).await? {}
    Ok(())
}

async fn accept<S: Duplex>(stream: S) -> Result<WebSocket<S>, Failure> {
    Ok(sansocket::tokio::accept(stream).await?)
}
