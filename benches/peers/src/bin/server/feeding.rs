//! The loop of the `-feed` servers, for every library whose socket is a `Stream` and a `Sink`:
//! replies are fed, and flushed when no further message is ready.

use std::future::poll_fn;
use std::task::Poll;

use futures_util::{Sink, SinkExt, Stream, StreamExt};

use crate::Failure;

/// Echoes items that are `is_data`.
pub async fn echo<S, M, E>(mut socket: S, is_data: fn(&M) -> bool) -> Result<(), Failure>
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
    E: Into<Failure>,
{
    // The flush is part of the wait for the next message: the socket is read once.
    let next = async |socket: &mut S| {
        poll_fn(|context| match socket.poll_next_unpin(context) {
            Poll::Ready(message) => Poll::Ready(message),
            Poll::Pending => match socket.poll_flush_unpin(context) {
                Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
                _ => Poll::Pending,
            },
        })
        .await
    };
    while let Some(message) = next(&mut socket).await {
        let message = message.map_err(Into::into)?;
        if is_data(&message) {
            socket.feed(message).await.map_err(Into::into)?;
        }
    }
    Ok(())
}
