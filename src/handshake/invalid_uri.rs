//! The error of an address that is not valid.

use core::{error, fmt};

/// The address of a WebSocket server is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidUri {
    /// Neither `ws://` nor `wss://`.
    Scheme,
    /// No valid host: a name, an IPv4 address, or an IPv6 address in brackets. A name that is not
    /// ASCII needs the feature `idna`. A zone is written `%25eth0`, and belongs to an address of
    /// `fe80::/10` only.
    Host,
    /// A port that is not one of 1–65535.
    Port,
    /// A user name and password: [`Uri`](crate::Uri) has none, and those that
    /// [`ClientRequest::new`](crate::ClientRequest::new) would send are empty, not UTF-8, or have
    /// characters that must be percent-encoded. A user name must not have a colon, and neither of
    /// them a control character.
    UserInfo,
    /// A fragment (§3).
    Fragment,
    /// Characters in the path or query that must be percent-encoded.
    Path,
}

impl fmt::Display for InvalidUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => {
                "the address does not begin with ws:// or wss://; write ws:// for http://, and \
                 wss:// for https://"
            }
            Self::Host if cfg!(feature = "idna") => {
                "the address has no valid host; write IPv6 in brackets"
            }
            Self::Host => {
                "the address has no valid host; write IPv6 in brackets, and a name in ASCII \
                 (punycode), or enable the feature idna of sansocket"
            }
            Self::Port => "the port is not a number from 1 to 65535",
            Self::UserInfo => {
                "the user name or password of the address can't be sent; percent-encode it, call \
                 basic_auth, or leave it out"
            }
            Self::Fragment => "the address has a fragment; write # as %23",
            Self::Path => "the path or query has characters that must be percent-encoded",
        })
    }
}

impl error::Error for InvalidUri {}
