//! Answers to what is handed over where it lies in the read buffer: `recv_with` and
//! `recv_event_with` of every adapter and half.

use std::fmt;

use super::Error;
use super::output;
use crate::message::MessageRef;
use crate::session::Session;

/// Answers what `recv_with` and `recv_event_with` hand over; see `recv_with` of
/// [`blocking`](crate::blocking::WebSocket::recv_with) and of the other adapters.
///
/// ```
/// # #[cfg(feature = "testing")] {
/// # use sansocket::testing::{Chunking, pair};
/// # use sansocket::{ClientRequest, CloseCode, blocking};
/// # let (client, server) = pair(Chunking::Whole);
/// # let client = std::thread::spawn(|| {
/// #     let request = ClientRequest::new("ws://test/")?;
/// #     let mut client = blocking::connect_with_stream(client, &request)?.0;
/// #     client.send("hello")?;
/// #     client.close(CloseCode::NORMAL, "")
/// # });
/// # let mut socket = blocking::accept(server)?;
/// let mut bytes = 0;
/// while socket.recv_with(|message, replies| {
///     bytes += message.as_bytes().len();
///     replies.send(message)
/// })? {}
/// # assert_eq!(bytes, 5);
/// # client.join().unwrap()?;
/// # }
/// # Ok::<(), sansocket::Error>(())
/// ```
pub struct Replies<'a> {
    target: Target<'a>,
    peer: PeerReads,
}

/// Where the answers are queued.
enum Target<'a> {
    Own(&'a mut Session),
    Shared(&'a dyn SharedSession),
}

/// The session of a connection in halves. It is locked for each access, so that the application may
/// use the other half meanwhile.
pub(super) trait SharedSession {
    fn with(&self, access: &mut dyn FnMut(&mut Session));
}

/// Whether the peer has read the earlier answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PeerReads {
    /// The peer has, or they are few.
    Yes,
    /// The peer has not, and the overflow policy is not to wait.
    NotYet,
    /// The stream accepts nothing any more.
    NoMore,
}

impl<'a> Replies<'a> {
    #[inline(always)]
    pub(super) const fn own(session: &'a mut Session, peer: PeerReads) -> Self {
        Self { target: Target::Own(session), peer }
    }

    #[inline(always)]
    pub(super) const fn shared(session: &'a dyn SharedSession, peer: PeerReads) -> Self {
        Self { target: Target::Shared(session), peer }
    }

    /// Queues a copy of a message. It is written with the other answers, when `recv_with` returns.
    /// A message that was joined from fragments is queued without a copy.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] once either side has begun to close, for example in another task: ignore it,
    /// and call `recv_with` until it returns `false`. Also [`Error::Send`] while a clone of the
    /// sender has a message writer: the answer is not sent. [`Error::ConnectionLost`] if the stream
    /// accepts nothing any more. If the peer has not read the earlier answers, what
    /// [`Overflow`](crate::Overflow) says: [`Error::Full`], for example.
    #[inline]
    pub fn send<'m>(&mut self, message: impl Into<MessageRef<'m>>) -> Result<(), Error> {
        let peer = self.peer;
        match &mut self.target {
            Target::Own(session) => queue(session, peer, message.into()),
            Target::Shared(session) => {
                let (mut message, mut sent) = (Some(message.into()), Ok(()));
                session.with(&mut |session| {
                    if let Some(message) = message.take() {
                        sent = queue(session, peer, message);
                    }
                });
                sent
            }
        }
    }

    /// Queues a pong of at most 125 bytes: the answer to a ping, if the application answers pings
    /// itself ([`Config::auto_pong`](crate::Config::auto_pong)). It is written with the other
    /// answers.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), also [`Error::Send`] for a payload that is too long.
    pub fn pong(&mut self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
        if self.peer == PeerReads::NoMore {
            return Err(Error::ConnectionLost);
        }
        match &mut self.target {
            Target::Own(session) => session.pong(payload)?,
            Target::Shared(session) => {
                let mut sent = Ok(());
                session.with(&mut |session| sent = session.pong(payload.as_ref()));
                sent?;
            }
        }
        Ok(())
    }
}

#[inline(always)]
fn queue(session: &mut Session, peer: PeerReads, message: MessageRef<'_>) -> Result<(), Error> {
    // No block is borrowed for a message that can't be sent.
    session.connection.check_sendable()?;
    match peer {
        PeerReads::NotYet if session.is_full() => return Ok(session.refuse()?),
        PeerReads::NoMore => return Err(Error::ConnectionLost),
        PeerReads::Yes | PeerReads::NotYet => {}
    }
    session.connection.set_output_buffer(output::take_block);
    Ok(session.queue_ref(message)?)
}

impl fmt::Debug for Replies<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies").field("peer", &self.peer).finish_non_exhaustive()
    }
}
