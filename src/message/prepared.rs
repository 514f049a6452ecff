//! A message that is sent to many connections: framed once for all servers without compression,
//! whose frames are not masked (RFC 6455 §5.1), and compressed once for all connections that need
//! the same bytes: those without context takeover (RFC 7692 §7.1.1) whose compressors have the same
//! parameters.

use alloc::sync::Arc;
use core::fmt;
#[cfg(feature = "deflate")]
use std::sync::OnceLock;

use bytes::Bytes;

use super::{Compress, MAX_COPIED, Message};
use crate::wire::Header;

/// The sets of compression parameters whose result is kept: one for each window, of 9 to 15 bits,
/// as servers have one level. A connection with another set compresses the message for itself.
#[cfg(feature = "deflate")]
const MAX_SETS: usize = 7;

/// A message for any number of connections. `send`, `try_send` and `feed` of every adapter take a
/// reference to it; a clone is as cheap as one of an [`Arc`].
///
/// * The message is compressed when the first connection sends it that needs it compressed, and
///   the result is shared by all connections that compress without context takeover at the same
///   level with the same window. Up to seven sets of parameters are kept: all windows at one level.
/// * A connection with context takeover compresses it for itself: the result depends on the
///   messages that this connection has sent before.
/// * A message of at most 4 KiB is copied into one frame, which all servers send that have not
///   negotiated compression. Where output is queued already, the frame is copied behind that.
/// * A server that has negotiated compression copies a payload of at most 4 KiB, compressed or not.
/// * No server copies a larger payload. Clients mask a copy, whatever its size.
///
/// A connection sends the same frames as it would for the message itself. The exception are
/// messages that do not get smaller: after some of them a connection pauses compression, and these
/// pauses neither count nor skip prepared messages.
///
/// ```
/// use sansocket::{Config, Connection, Prepared};
///
/// let mut connections = [(); 3].map(|()| Connection::server(Config::new()));
/// let news = Prepared::new("to everybody");
/// for connection in &mut connections {
///     connection.send(&news)?;
/// }
/// # Ok::<(), sansocket::SendError>(())
/// ```
#[derive(Clone)]
pub struct Prepared(Arc<Shared>);

struct Shared {
    /// The message; a small one shares the memory of the frame.
    message: Message,
    /// A server's frame of a small message.
    frame: Option<Bytes>,
    compress: Compress,
    #[cfg(feature = "deflate")]
    deflated: [OnceLock<(Parameters, OnceLock<Option<Bytes>>)>; MAX_SETS],
}

/// The parameters that the compressed bytes depend on: the level, and the bits of the window.
#[cfg(feature = "deflate")]
type Parameters = [u8; 2];

impl Prepared {
    /// Prepares a message, or a message with a choice of compression ([`Message::compress`]).
    #[must_use]
    pub fn new(message: impl Into<Self>) -> Self {
        message.into()
    }

    pub(super) fn of(message: Message, compress: Compress) -> Self {
        let (message, frame) = match message.len() {
            ..=MAX_COPIED => framed(&message),
            _ => (message, None),
        };
        Self(Arc::new(Shared {
            message,
            frame,
            compress,
            #[cfg(feature = "deflate")]
            deflated: Default::default(),
        }))
    }

    /// Returns the message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.0.message
    }

    /// Returns the frame of a small message, as servers without compression send it.
    #[inline]
    pub(crate) fn frame(&self) -> Option<&Bytes> {
        self.0.frame.as_ref()
    }

    /// Returns whether to compress it.
    #[must_use]
    pub fn compress(&self) -> Compress {
        self.0.compress
    }

    /// Whether this is the message, with the same choice of compression: the same bytes in memory.
    pub(super) fn is(&self, message: &Message, compress: Compress) -> bool {
        let (ours, theirs) = (self.message().as_bytes(), message.as_bytes());
        core::ptr::eq(ours, theirs)
            && self.message().kind() == message.kind()
            && self.0.compress == compress
    }

    /// Returns the result of `deflate` for these parameters, which runs once. The outer `None`: the
    /// results of too many other sets are kept already.
    #[cfg(feature = "deflate")]
    pub(crate) fn deflated(
        &self,
        parameters: Parameters,
        deflate: impl FnOnce() -> Option<Bytes>,
    ) -> Option<Option<Bytes>> {
        let result = self.0.deflated.iter().find_map(|set| {
            // Taking a set does not wait. Only connections that need its result wait for it.
            let (of, result) = set.get_or_init(|| (parameters, OnceLock::new()));
            (*of == parameters).then_some(result)
        })?;
        Some(result.get_or_init(deflate).clone())
    }
}

/// The message in one frame, and the same message as its payload.
fn framed(message: &Message) -> (Message, Option<Bytes>) {
    let header = Header {
        fin: true,
        rsv1: false,
        opcode: message.kind().opcode(),
        mask: None,
        payload_len: message.len() as u64,
    };
    let mut space = [0; Header::MAX_LEN];
    let header = header.encode(&mut space);
    let frame = Bytes::from([header, message.as_bytes()].concat());
    (message.at(&frame, header.len()), Some(frame))
}

impl<M: Into<Message>> From<M> for Prepared {
    fn from(message: M) -> Self {
        Self::of(message.into(), Compress::Automatic)
    }
}

impl From<&Self> for Prepared {
    fn from(prepared: &Self) -> Self {
        prepared.clone()
    }
}

/// Compares the messages.
impl PartialEq for Prepared {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.message() == other.message() && self.compress() == other.compress())
    }
}

impl Eq for Prepared {}

/// Shows the kind and the size, not the content.
impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("message", self.message())
            .field("compress", &self.compress())
            .finish_non_exhaustive()
    }
}
