//! The source of the stream after the response: hyper, or a test.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;

use super::stream::Stream;
use crate::adapter::Error;

/// A stream that is passed on after the response.
#[derive(Debug)]
pub(super) enum Pending {
    Hyper(OnUpgrade),
    #[cfg(feature = "testing")]
    InMemory(super::testing::InMemory),
}

impl Pending {
    /// Takes the upgrade out of a request. `None` if the HTTP server does not upgrade.
    pub(super) fn take(extensions: &mut http::Extensions) -> Option<Self> {
        #[cfg(feature = "testing")]
        if let Some(upgrade) = extensions.get::<super::testing::InMemory>() {
            return upgrade.take().map(Self::InMemory);
        }
        extensions.remove::<OnUpgrade>().map(Self::Hyper)
    }

    /// Returns the stream, and the bytes that the HTTP server has read after the request.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Stream, Bytes), Error>> {
        match self {
            Self::Hyper(upgrade) => {
                let upgraded = ready!(Pin::new(upgrade).poll(cx)).map_err(failed);
                Poll::Ready(upgraded.map(Stream::from_hyper))
            }
            #[cfg(feature = "testing")]
            Self::InMemory(upgrade) => {
                let stream = ready!(upgrade.poll(cx));
                Poll::Ready(stream.map(|stream| (Stream::in_memory(stream), Bytes::new())))
            }
        }
    }
}

fn failed(error: hyper::Error) -> Error {
    // The client is gone, or the service did not return the response.
    match error.is_canceled() {
        true => Error::ConnectionLost,
        false => Error::Io(io::Error::other(error)),
    }
}
