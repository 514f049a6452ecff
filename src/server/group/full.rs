//! Why a group takes no more connections.

use std::{error, fmt};

use crate::handshake::HttpResponse;

/// A group takes no more connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupFull {
    /// There are as many connections as there may be.
    Connections {
        /// [`Group::max_connections`](super::Group::max_connections)
        limit: usize,
    },
    /// There are as many connections of this IP address as there may be.
    Address {
        /// [`Group::max_per_address`](super::Group::max_per_address)
        limit: usize,
    },
    /// The server is shutting down.
    ShuttingDown,
}

impl GroupFull {
    /// Returns the status of the response: 503 (Service Unavailable), or 429 (Too Many Requests)
    /// for too many of one address.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Connections { .. } | Self::ShuttingDown => 503,
            Self::Address { .. } => 429,
        }
    }

    /// Returns the response that refuses the upgrade. Its body is the text of the error.
    #[must_use]
    pub fn response(self) -> HttpResponse {
        HttpResponse::text(self.status(), &self)
    }
}

impl fmt::Display for GroupFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connections { limit } => {
                write!(f, "the server has {limit} connections already; try again later")
            }
            Self::Address { limit } => {
                write!(f, "the server has {limit} connections from this address already; close one")
            }
            Self::ShuttingDown => f.write_str("the server is shutting down; connect again"),
        }
    }
}

impl error::Error for GroupFull {}
