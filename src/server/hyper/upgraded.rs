//! What passes the stream on after the response: hyper, or a test.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;

use super::stream::Stream;

/// A stream that is passed on after the response.
#[derive(Debug)]
pub(super) enum Pending {
    Hyper(OnUpgrade),
    #[cfg(feature = "testing")]
    InMemory(Option<crate::testing::TestStream>),
}

impl Pending {
    /// Takes it out of a request. `None` if the HTTP server does not upgrade.
    pub(super) fn take(extensions: &mut http::Extensions) -> Option<Self> {
        #[cfg(feature = "testing")]
        if let Some(stream) = extensions.get::<super::testing::InMemory>() {
            return Some(Self::InMemory(Some(stream.take()?)));
        }
        extensions.remove::<OnUpgrade>().map(Self::Hyper)
    }

    /// Returns the stream, and the bytes that the HTTP server has read after the request.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<(Stream, Bytes)>> {
        match self {
            Self::Hyper(upgrade) => {
                let upgraded = ready!(Pin::new(upgrade).poll(cx));
                Poll::Ready(upgraded.map(Stream::from_hyper))
            }
            #[cfg(feature = "testing")]
            Self::InMemory(stream) => match stream.take() {
                Some(stream) => Poll::Ready(Ok((Stream::in_memory(stream), Bytes::new()))),
                None => Poll::Pending,
            },
        }
    }
}
