//! The loop of every broadcasting server: sends each message to all clients, by tokio's channel,
//! with one task for each half of a connection, so that sending does not wake the receiving task.

use std::net::TcpListener;
use std::sync::Arc;

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast::Sender;

use crate::{Failure, tasks};

/// When a message is flushed: at once, or with the messages that are queued behind it.
#[derive(Clone, Copy, PartialEq)]
pub enum Flush {
    Each,
    Last,
}

/// Opens sockets, and broadcasts items that are `is_data`.
pub fn serve<S, M, E, F>(
    listener: TcpListener,
    flush: Flush,
    open: fn(TcpStream) -> F,
    is_data: fn(&M) -> bool,
) -> Result<(), Failure>
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin + Send + 'static,
    M: Clone + Send + 'static,
    E: Into<Failure> + Send + 'static,
    F: Future<Output = Result<S, Failure>> + Send + 'static,
{
    let topic = Arc::new(Sender::new(64));
    tasks::serve(listener, move |stream| {
        let topic = Arc::clone(&topic);
        async move { relay(open(stream).await?, &topic, flush, is_data).await }
    })
}

async fn relay<S, M, E>(
    socket: S,
    topic: &Sender<M>,
    flush: Flush,
    is_data: fn(&M) -> bool,
) -> Result<(), Failure>
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin + Send + 'static,
    M: Clone + Send + 'static,
    E: Into<Failure> + Send + 'static,
{
    let mut news = topic.subscribe();
    let (mut sink, mut stream) = socket.split();
    tasks::spawn(async move {
        loop {
            sink.feed(news.recv().await?).await.map_err(Into::into)?;
            while flush == Flush::Last
                && let Ok(message) = news.try_recv()
            {
                sink.feed(message).await.map_err(Into::into)?;
            }
            sink.flush().await.map_err(Into::into)?;
        }
    });
    while let Some(message) = stream.next().await {
        let message = message.map_err(Into::into)?;
        if is_data(&message) {
            topic.send(message).map_err(|_| "nobody listens")?;
        }
    }
    Ok(())
}
