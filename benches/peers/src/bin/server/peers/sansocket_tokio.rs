//! sansocket's adapter for tokio: `send` for each message, corked or not, `feed`, which leaves at the latest when `recv` would wait, and `recv_with`,
//! which copies nothing but the answer.

use std::net::TcpListener;

use sansocket::tokio::WebSocket;
use sansocket::{Backpressure, Message};
use tokio::net::TcpStream;

use crate::topic::{self, Flush};
use crate::{Failure, tasks};

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

pub fn serve_broadcasting(listener: TcpListener, flush: Flush) -> Result<(), Failure> {
    topic::serve(listener, flush, accept, |_: &Message| true)
}

async fn echo(stream: TcpStream) -> Result<(), Failure> {
    let mut socket = accept(stream).await?;
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

async fn echo_feeding(stream: TcpStream) -> Result<(), Failure> {
    let mut socket = accept(stream).await?;
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}

async fn echo_borrowing(stream: TcpStream) -> Result<(), Failure> {
    let mut socket = accept(stream).await?;
    while socket.recv_with(|message, replies| replies.send(message)).await? {}
    Ok(())
}

async fn accept(stream: TcpStream) -> Result<WebSocket<TcpStream>, Failure> {
    Ok(sansocket::tokio::accept(stream).await?)
}
