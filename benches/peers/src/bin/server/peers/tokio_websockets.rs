//! tokio-websockets.

use std::net::TcpListener;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_websockets::{Message, ServerBuilder};

use crate::{Failure, feeding, tasks};

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo)
}

pub fn serve_feeding(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo_feeding)
}

async fn echo(stream: TcpStream) -> Result<(), Failure> {
    let (_, mut socket) = ServerBuilder::new().accept(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        if is_data(&message) {
            socket.send(message).await?;
        }
    }
    Ok(())
}

async fn echo_feeding(stream: TcpStream) -> Result<(), Failure> {
    let (_, socket) = ServerBuilder::new().accept(stream).await?;
    feeding::echo(socket, is_data).await
}

fn is_data(message: &Message) -> bool {
    message.is_text() || message.is_binary()
}
