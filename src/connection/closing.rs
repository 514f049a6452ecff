//! How a connection is closed: RFC 6455 §7, as one table.
//!
//! | state \ happening | we close              | peer's Close             | violation by the peer              | end of input        |
//! |-------------------|-----------------------|--------------------------|------------------------------------|---------------------|
//! | **Open**          | send it → **Closing** | echo it → **Closed** (Clean) | send its code → **Closed** (ProtocolError) | **Closed** (ConnectionLost) |
//! | **Closing**       | –                     | **Closed** (Clean)       | **Closed** (ProtocolError)              | **Closed** (ConnectionLost) |
//! | **Closed**        | –                     | –                        | –                                  | –                   |
//!
//! Bytes that are received in state Closed are discarded (§1.4, §7.1.7).

use alloc::boxed::Box;
use core::fmt;

use super::error::ProtocolError;
use crate::message::CloseFrame;

/// The state of a connection. The numbers are those of WHATWG's `readyState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// The opening handshake is under way (§4).
    Connecting = 0,
    /// Messages can be sent and received.
    Open = 1,
    /// We sent a Close frame, and the peer has not: its messages are still received (§7.1.3).
    Closing = 2,
    /// Both peers sent a Close frame, or the connection failed. Write the queued output, then close
    /// the stream (§7.1.1).
    Closed = 3,
}

/// The peer that began to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// This endpoint.
    Local,
    /// The other endpoint.
    Remote,
}

/// How the connection was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseOutcome {
    /// Both peers sent a Close frame (§7.1.4).
    Clean,
    /// The peer violated the protocol or a limit. A Close frame with the error's code was queued,
    /// unless one had been sent before (§7.1.7).
    ProtocolError(ProtocolError),
    /// The stream ended without a Close frame from the peer (§7.1.5: code 1006).
    ConnectionLost,
}

/// The end of a connection: the outcome, the initiator, and both Close frames.
///
/// `Display` is for logs: `4000 "bye", clean, begun by the peer`. The reason is the peer's text: do
/// not show it to end users.
#[derive(Clone, PartialEq, Eq)]
pub struct Closed {
    // Boxed because it is the last event of a connection and four times the size of the others.
    details: Box<ClosedDetails>,
}

#[derive(Clone, PartialEq, Eq)]
struct ClosedDetails {
    outcome: CloseOutcome,
    initiator: Side,
    sent: Option<CloseFrame>,
    received: Option<CloseFrame>,
}

impl Closed {
    /// Returns how the connection was closed.
    #[must_use]
    pub fn outcome(&self) -> CloseOutcome {
        self.details.outcome
    }

    /// Returns the peer that began to close: for a protocol error [`Side::Local`]; for a lost
    /// connection [`Side::Remote`], unless we had sent a Close frame.
    #[must_use]
    pub fn initiator(&self) -> Side {
        self.details.initiator
    }

    /// Returns the Close frame that we sent; `None` if there was none, or it had no code.
    #[must_use]
    pub fn sent(&self) -> Option<&CloseFrame> {
        self.details.sent.as_ref()
    }

    /// Returns the Close frame that we received; `None` if there was none, or it had no code.
    #[must_use]
    pub fn received(&self) -> Option<&CloseFrame> {
        self.details.received.as_ref()
    }

    /// Returns WHATWG's `code` (§7.1.5): that of the peer's Close frame; 1005 if the frame had
    /// none, 1006 if there was no frame.
    #[must_use]
    pub fn code(&self) -> u16 {
        match (self.received(), self.outcome()) {
            (Some(frame), _) => frame.code().get(),
            (None, CloseOutcome::Clean) => 1005,
            (None, _) => 1006,
        }
    }

    /// Returns WHATWG's `reason` (§7.1.6): that of the peer's Close frame, or an empty string.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.received().map_or("", CloseFrame::reason)
    }

    /// Returns WHATWG's `wasClean`: whether both peers sent a Close frame.
    #[must_use]
    pub fn was_clean(&self) -> bool {
        self.outcome() == CloseOutcome::Clean
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.outcome() {
            CloseOutcome::Clean => "clean",
            CloseOutcome::ProtocolError(_) => "the peer broke the protocol",
            CloseOutcome::ConnectionLost => "lost",
        };
        let side = if self.initiator() == Side::Local { "us" } else { "the peer" };
        write!(f, "{} {:?}, {how}, begun by {side}", self.code(), self.reason())
    }
}

impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed")
            .field("outcome", &self.outcome())
            .field("initiator", &self.initiator())
            .field("sent", &self.sent())
            .field("received", &self.received())
            .finish()
    }
}

/// The table's rows.
#[derive(Debug)]
pub(super) enum CloseState {
    Open,
    /// With the frame that we sent; boxed because few connections have sent one.
    Closing(Option<Box<CloseFrame>>),
    Closed(Closed),
}

/// The Close frame that a transition requires: with a body, or without.
pub(super) type CloseReply = Option<CloseFrame>;

impl CloseState {
    pub(super) const fn state(&self) -> State {
        match self {
            Self::Open => State::Open,
            Self::Closing(_) => State::Closing,
            Self::Closed(_) => State::Closed,
        }
    }

    /// The Close frame that we sent, while the peer's is waited for.
    #[cfg(feature = "tracing")]
    pub(super) fn sent(&self) -> Option<&CloseFrame> {
        match self {
            Self::Closing(sent) => sent.as_deref(),
            _ => None,
        }
    }

    pub(super) const fn closed(&self) -> Option<&Closed> {
        match self {
            Self::Closed(closed) => Some(closed),
            _ => None,
        }
    }

    /// Column "we close".
    pub(super) fn close(&mut self, frame: Option<CloseFrame>) -> Option<CloseReply> {
        match self {
            Self::Open => {
                *self = Self::Closing(frame.clone().map(Box::new));
                Some(frame)
            }
            _ => None,
        }
    }

    /// Column "peer's Close".
    pub(super) fn peer_closed(&mut self, received: Option<CloseFrame>) -> Option<CloseReply> {
        match self {
            Self::Open => {
                // RFC 6455 §5.5.1: "the endpoint MUST send a Close frame in response", and
                // "typically echos the status code"
                let echo = received.as_ref().map(|frame| CloseFrame::from(frame.code()));
                self.end(CloseOutcome::Clean, Side::Remote, echo.clone(), received);
                Some(echo)
            }
            Self::Closing(sent) => {
                let sent = sent.take().map(|sent| *sent);
                self.end(CloseOutcome::Clean, Side::Local, sent, received);
                None
            }
            Self::Closed(_) => None,
        }
    }

    /// Column "violation by the peer".
    pub(super) fn violated(&mut self, error: ProtocolError) -> Option<CloseReply> {
        match self {
            Self::Open => {
                // RFC 6455 §7.1.7: "the endpoint SHOULD send a Close frame with an appropriate
                // status code".
                let reply = Some(CloseFrame::truncated(error.close_code(), error.close_reason()));
                self.end(CloseOutcome::ProtocolError(error), Side::Local, reply.clone(), None);
                Some(reply)
            }
            Self::Closing(sent) => {
                let sent = sent.take().map(|sent| *sent);
                self.end(CloseOutcome::ProtocolError(error), Side::Local, sent, None);
                None
            }
            Self::Closed(_) => None,
        }
    }

    /// Column "end of input".
    pub(super) fn input_ended(&mut self) {
        match self {
            Self::Open => self.end(CloseOutcome::ConnectionLost, Side::Remote, None, None),
            Self::Closing(sent) => {
                let sent = sent.take().map(|sent| *sent);
                self.end(CloseOutcome::ConnectionLost, Side::Local, sent, None);
            }
            Self::Closed(_) => {}
        }
    }

    fn end(
        &mut self,
        outcome: CloseOutcome,
        initiator: Side,
        sent: Option<CloseFrame>,
        received: Option<CloseFrame>,
    ) {
        *self = Self::Closed(Closed {
            details: Box::new(ClosedDetails { outcome, initiator, sent, received }),
        });
    }
}
