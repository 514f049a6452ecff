//! The policy for a subscriber that does not keep up, and the reason why a subscription has ended.

use std::{error, fmt};

use crate::message::CloseCode;

/// The policy for a subscriber that has taken none of the messages in a full
/// [`backlog`](super::Topic::backlog).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lag {
    /// The subscriber misses all of them, and continues with the newest message: the default.
    /// [`Subscription::missed`](super::Subscription::missed) counts them.
    #[default]
    Skip,
    /// The subscription ends, and [`forward`](super::Subscription::forward) closes the connection
    /// with this code: 1008 ([`CloseCode::POLICY_VIOLATION`]), or 1013
    /// ([`CloseCode::TRY_AGAIN_LATER`]) for clients that connect again (RFC 6455 §7.4).
    Close(CloseCode),
}

/// Why a subscription has no more messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The topic has ended, and all of its messages were taken.
    Topic,
    /// The subscriber did not keep up: [`Lag::Close`].
    Lagged,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Topic => "the topic has ended",
            Self::Lagged => "the subscriber does not take messages as fast as they are published",
        })
    }
}

impl error::Error for Ended {}
