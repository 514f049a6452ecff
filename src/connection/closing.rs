//! How a conversation ends: RFC 6455 §7, as one table.
//!
//! | state \ happening | we close              | peer's Close             | violation by the peer              | end of input        |
//! |-------------------|-----------------------|--------------------------|------------------------------------|---------------------|
//! | **Open**          | send it → **Closing** | echo it → **Closed** (Clean) | send its code → **Closed** (ProtocolError) | **Closed** (ConnectionLost) |
//! | **Closing**       | –                     | **Closed** (Clean)       | **Closed** (ProtocolError)              | **Closed** (ConnectionLost) |
//! | **Closed**        | –                     | –                        | –                                  | –                   |
//!
//! What is received once the conversation is closed is thrown away unread (§1.4, §7.1.7).

use alloc::boxed::Box;
use core::fmt;

use super::error::ProtocolError;
use crate::message::CloseFrame;

/// Where a connection is in its life. The numbers are those of WHATWG's `readyState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// The opening handshake is under way (§4).
    Connecting = 0,
    /// Messages can be sent.
    Open = 1,
    /// We sent a Close and wait for the peer's; what it sends before that is still received
    /// (§7.1.3).
    Closing = 2,
    /// The conversation is over. What is still to be written should be, and then the stream be
    /// closed (§7.1.1).
    Closed = 3,
}

/// Who initiator to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// We did.
    Local,
    /// The peer did.
    Remote,
}

/// How the conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseOutcome {
    /// Both sides said reply (§7.1.4).
    Clean,
    /// The peer broke the protocol or a limit; a Close that says so was queued, if none had been
    /// sent before (§7.1.7).
    ProtocolError(ProtocolError),
    /// The stream ended without a Close from the peer (§7.1.5: code 1006).
    ConnectionLost,
}

/// The end of a conversation, told once: how, who initiator, and what was said.
///
/// `Display` is for logs of one's own: `4000 "bye", clean, begun by the peer`. The reason is the
/// peer's word.
#[derive(Clone, PartialEq, Eq)]
pub struct Closed {
    // Boxed because it is one event in a connection's life and four times the size of the others.
    details: Box<Details>,
}

#[derive(Clone, PartialEq, Eq)]
struct Details {
    outcome: CloseOutcome,
    initiator: Side,
    sent: Option<CloseFrame>,
    received: Option<CloseFrame>,
}

impl Closed {
    /// How the conversation ended.
    #[must_use]
    pub fn outcome(&self) -> CloseOutcome {
        self.details.outcome
    }

    /// Who initiator to close. A violation is closed by us; a lost connection is the peer's doing,
    /// unless we had sent a Close.
    #[must_use]
    pub fn initiator(&self) -> Side {
        self.details.initiator
    }

    /// The Close that we sent; `None` if there was none, or it had no code.
    #[must_use]
    pub fn sent(&self) -> Option<&CloseFrame> {
        self.details.sent.as_ref()
    }

    /// The Close that the peer sent; `None` if there was none, or it had no code.
    #[must_use]
    pub fn received(&self) -> Option<&CloseFrame> {
        self.details.received.as_ref()
    }

    /// WHATWG's `code`, §7.1.5: the peer's; 1005 if its Close had none, 1006 if it sent no Close.
    #[must_use]
    pub fn code(&self) -> u16 {
        match (self.received(), self.outcome()) {
            (Some(frame), _) => frame.code().get(),
            (None, CloseOutcome::Clean) => 1005,
            (None, _) => 1006,
        }
    }

    /// WHATWG's `reason`, §7.1.6: the peer's, or nothing.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.received().map_or("", CloseFrame::reason)
    }

    /// WHATWG's `wasClean`: whether both sides said reply.
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
        let who = if self.initiator() == Side::Local { "us" } else { "the peer" };
        write!(f, "{} {:?}, {how}, begun by {who}", self.code(), self.reason())
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
    /// With what we said; boxed because few connections have said anything yet.
    Closing(Option<Box<CloseFrame>>),
    Closed(Closed),
}

/// What the table wants sent: a Close, with or without a body.
pub(super) type CloseReply = Option<CloseFrame>;

impl CloseState {
    pub(super) const fn state(&self) -> State {
        match self {
            Self::Open => State::Open,
            Self::Closing(_) => State::Closing,
            Self::Closed(_) => State::Closed,
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
                // status code". Without a reason: the peer learns nothing of us but the code.
                let reply = Some(CloseFrame::from(error.close_code()));
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
            details: Box::new(Details { outcome, initiator, sent, received }),
        });
    }
}
