//! The future of a connection, ready when the HTTP server has sent the response.

use std::boxed::Box;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BufMut;
use tokio::time::{Sleep, sleep};

use super::WebSocket;
use super::upgraded::Pending;
use crate::adapter::Error;
use crate::adapter::tokio::{or_no_timer, transport};
use crate::client::tokio::Options;
use crate::connection::Connection;
use crate::session::trace::{Path, Peer};
use crate::timing::TimedOut;

/// The future of a connection, ready when the HTTP server has sent the response.
///
/// # Errors
///
/// [`Error::ConnectionLost`] if the client is gone, or the service did not return the response;
/// [`TimedOut::Handshake`] if the HTTP server has not sent it in time
/// ([`Timeouts::handshake`](crate::Timeouts::handshake), 10 s).
///
/// A layer may replace the response of the service. Over HTTP/2 the error is then
/// [`Error::ConnectionLost`] at once. Over HTTP/1.1 hyper 1.12 passes the stream on when the
/// connection would end, whatever the response was, if that is before the timeout: because the
/// client ended its half, or asked for the end with `Connection: close`. The handler then runs for
/// a client that was refused, and that receives its messages. So a layer must refuse a client
/// before it calls the service, not afterwards.
///
/// # Cancel safety
///
/// Dropping it drops the connection: the client sees the end of the stream after the response.
#[must_use = "the connection is dropped with it"]
pub struct OnUpgrade {
    upgrade: Pending,
    options: Options,
    connection: Option<Connection>,
    path: Path,
    timeout: Option<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl OnUpgrade {
    pub(super) fn new(
        upgrade: Pending,
        options: Options,
        connection: Connection,
        path: Path,
    ) -> Self {
        let timeout = options.handshake_timeout();
        Self { upgrade, options, connection: Some(connection), path, timeout, sleep: None }
    }
}

impl Future for OnUpgrade {
    type Output = Result<WebSocket, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Poll::Ready(upgraded) = this.upgrade.poll(cx) {
            let (stream, early) = upgraded?;
            let mut connection = this.connection.take().expect("it is polled until it is ready");
            connection.input().put_slice(&early);
            let peer = Peer::of(|| stream.tcp_stream()?.peer_addr().ok());
            let (mut opening, _) =
                this.options.start(transport(stream, tokio::time::Instant::now())?);
            opening.trace = this.path.trace(peer);
            return Poll::Ready(Ok(opening.into_socket(connection)));
        }
        let Some(timeout) = this.timeout else { return Poll::Pending };
        if this.sleep.is_none() {
            let made = or_no_timer(|| sleep(timeout)).ok_or(Error::NoTimer)?;
            this.sleep = Some(Box::pin(made));
        }
        if let Some(sleep) = &mut this.sleep {
            ready!(sleep.as_mut().poll(cx));
        }
        Poll::Ready(Err(TimedOut::Handshake.into()))
    }
}

impl fmt::Debug for OnUpgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnUpgrade").finish_non_exhaustive()
    }
}
