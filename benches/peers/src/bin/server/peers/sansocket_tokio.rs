//! sansocket's adapter for tokio: `send` for each message, and `feed`, which leaves at the latest when `recv` would wait.

use std::net::TcpListener;

use tokio::net::TcpStream;

use crate::{Failure, tasks};

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo)
}

pub fn serve_feeding(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo_feeding)
}

async fn echo(stream: TcpStream) -> Result<(), Failure> {
    let mut socket = sansocket::tokio::accept(stream).await?;
    while let Some(message) = socket.recv().await? {
        socket.send(message).await?;
    }
    Ok(())
}

async fn echo_feeding(stream: TcpStream) -> Result<(), Failure> {
    let mut socket = sansocket::tokio::accept(stream).await?;
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}
