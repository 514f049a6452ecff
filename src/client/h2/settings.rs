//! The server's SETTINGS, which a client needs before its first request: RFC 8441 §3.

use std::boxed::Box;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::h2::Ping;
use ::h2::client::SendRequest;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::error::of_request;
use crate::adapter::Error;
use crate::handshake::ResponseError;

/// The future that reads and writes a connection of HTTP/2. Spawn it as a task: nothing is sent or
/// received while it is not polled.
///
/// It ends when the server has closed the connection, or when all clients and WebSockets of it are
/// dropped.
///
/// # Errors
///
/// [`Error::ConnectionLost`] if the stream was reset, [`Error::Io`] if it failed otherwise or the
/// server violated the protocol of HTTP/2. The WebSockets end with an error of their own.
///
/// # Cancel safety
///
/// Dropping it drops the stream, and all WebSockets on it end.
#[must_use = "nothing is sent while it is not polled"]
pub struct Connection<S>(pub(super) Box<h2::client::Connection<S, Bytes>>);

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Connection<S> {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut *self.0).poll(cx).map_err(of_request)
    }
}

impl<S> fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// Drives a connection until the server's SETTINGS have arrived, and checks them.
pub(super) async fn receive<S: AsyncRead + AsyncWrite + Unpin>(
    requests: &SendRequest<Bytes>,
    connection: &mut h2::client::Connection<S, Bytes>,
) -> Result<(), Error> {
    // RFC 9113 §3.4: the server's first frame is SETTINGS. So its answer to a PING comes later.
    let mut pings = connection.ping_pong();
    if let Some(pings) = &mut pings {
        pings.send_ping(Ping::opaque()).map_err(of_request)?;
    }
    let mut poll_pong = |cx: &mut Context<'_>| match &mut pings {
        Some(pings) => pings.poll_pong(cx).map_ok(drop),
        None => Poll::Pending,
    };
    poll_fn(|cx| {
        let ended = Pin::new(&mut *connection).poll(cx);
        if requests.is_extended_connect_protocol_enabled() {
            return Poll::Ready(Ok(()));
        }
        match (ended, poll_pong(cx)) {
            (Poll::Ready(Err(error)), _) | (_, Poll::Ready(Err(error))) => {
                Poll::Ready(Err(of_request(error)))
            }
            (Poll::Ready(Ok(())), _) => Poll::Ready(Err(Error::ConnectionLost)),
            (_, Poll::Ready(Ok(()))) => Poll::Ready(check(requests)),
            _ => Poll::Pending,
        }
    })
    .await
}

/// Checks the SETTINGS that have arrived.
pub(super) fn check(requests: &SendRequest<Bytes>) -> Result<(), Error> {
    // RFC 8441 §3: "Upon receipt of SETTINGS_ENABLE_CONNECT_PROTOCOL with a value of 1, a client
    // MAY use the Extended CONNECT"
    match requests.is_extended_connect_protocol_enabled() {
        true => Ok(()),
        false => Err(ResponseError::NoExtendedConnect.into()),
    }
}
