//! Which failures another connection may not have: RFC 6455 §7.2.3 and §7.4, RFC 9110 §15.
//!
//! | close code of the peer                                                | tried again |
//! |-----------------------------------------------------------------------|-------------|
//! | 1001 going away, 1011 internal error, 1012 restart, 1013 try again later, 1014 bad gateway | yes |
//! | 1005 (a Close frame without a code), 1006 (no Close frame)            | yes         |
//! | 1000 normal: the purpose of the connection is fulfilled               | no          |
//! | 1002, 1003, 1007, 1008, 1009, 1010: the peer does not accept what it got | no       |
//! | 3000–4999, of the application, and all others                         | no          |
//! | any code, if this side began to close                                 | no          |
//!
//! | error                                                                       | tried again |
//! |-----------------------------------------------------------------------------|-------------|
//! | the stream or the network: lost, refused, unreachable, a name not found     | yes         |
//! | any timeout; a server that does not read, so that the output is full        | yes         |
//! | status 408, 425, 429, and 5xx but 501 and 505, of the server or an HTTP proxy | yes       |
//! | any other status, such as 401, 403, 404                                     | no          |
//! | the server or the proxy closes the stream inside its response               | yes         |
//! | SOCKS5 replies 1, 3, 4, 5, 6                                                | yes         |
//! | the server ends TLS in its handshake, or reports an internal error (alert 80) | yes       |
//! | an invalid setting of the socket, on every address                          | no          |
//! | a certificate, the rest of TLS, the URI, a header field, a violation of the protocol, the rest | no |
//!
//! A name that is not found is tried again, because it is what a computer sees that wakes up before
//! its network does.

use std::io;

use super::error::Error;
use super::tls_error::TlsError;
use crate::connection::{CloseOutcome, Closed, Side};
use crate::handshake::{HandshakeError, HeadError, Response, ResponseError};
use crate::message::CloseCode;
use crate::proxy::{ProxyError, SocksError};

impl Error {
    /// Whether another connection may succeed where this one failed: the failure may be transient
    /// (RFC 6455 §7.2.3). Wait before it, longer each time.
    ///
    /// `true` for a lost stream, a server that can't be reached or does not read, a host name that
    /// is not found, every timeout, the statuses 408, 425, 429 and 5xx (but 501 and 505), and the
    /// corresponding failures of proxies. `false` for what does not change by itself:
    /// certificates, other statuses, invalid URIs and header fields, violations of the protocol.
    ///
    /// A server that has closed the connection says why in the code of its Close frame:
    /// [`Closed::is_retryable`].
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Io(error) => !is_permanent(error.kind()),
            Self::Connect(error) => {
                let mut kinds = error.failures().iter().map(|(_, error)| error.kind());
                error.failures().is_empty() || !kinds.all(is_permanent)
            }
            Self::ConnectionLost | Self::TimedOut(_) | Self::Full => true,
            Self::Tls(TlsError::HungUp | TlsError::InternalError) => true,
            Self::Handshake(HandshakeError::Response(error)) => match error {
                ResponseError::Head(error) => *error == HeadError::Incomplete,
                ResponseError::UnexpectedStatus(response) => is_transient(response),
                _ => false,
            },
            Self::Proxy(error) => match error {
                ProxyError::Head(error) => *error == HeadError::Incomplete,
                ProxyError::Refused(response) => is_transient(response),
                ProxyError::Socks(error) => is_transient_reply(*error),
                ProxyError::Host => false,
            },
            Self::Uri(_)
            | Self::Field(_)
            | Self::TlsNeeded
            | Self::Tls(_)
            | Self::ProxyTls(_)
            | Self::NoTimer
            | Self::Entropy(_)
            | Self::Handshake(HandshakeError::Request(_))
            | Self::Redirect(_)
            | Self::Protocol(_)
            | Self::Send(_)
            | Self::Reason(_)
            | Self::CloseCode(_)
            | Self::Chunk
            | Self::UnreadMessages => false,
        }
    }

    /// The response of the server, or of an HTTP proxy, that refuses the connection.
    #[cfg(feature = "reconnect")]
    pub(crate) fn refusal(&self) -> Option<&Response> {
        match self {
            Self::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(
                response,
            )))
            | Self::Proxy(ProxyError::Refused(response)) => Some(response),
            _ => None,
        }
    }
}

impl Closed {
    /// Whether a client should connect again after this end: the peer began to close, or the
    /// connection was lost, and another one may last (RFC 6455 §7.2.3, §7.4). Wait before it,
    /// longer each time.
    ///
    /// | [`code`](Self::code) | |
    /// |---|---|
    /// | 1001, 1011, 1012, 1013, 1014, 1005, 1006 | `true` |
    /// | 1000; 1002, 1003, 1007 to 1010; those of the application; any other | `false` |
    ///
    /// `false` also if this side began to close, and if the peer violated the protocol.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match (self.outcome(), self.received()) {
            _ if self.initiator() == Side::Local => false,
            (CloseOutcome::ProtocolError(_), _) => false,
            (CloseOutcome::ConnectionLost, _) | (CloseOutcome::Clean, None) => true,
            (CloseOutcome::Clean, Some(frame)) => matches!(
                frame.code(),
                CloseCode::GOING_AWAY
                    | CloseCode::INTERNAL_ERROR
                    | CloseCode::SERVICE_RESTART
                    | CloseCode::TRY_AGAIN_LATER
                    | CloseCode::BAD_GATEWAY
            ),
        }
    }
}

/// Whether an error of the system says that the same call fails again.
const fn is_permanent(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, PermissionDenied, Unsupported, WouldBlock};
    // WouldBlock: a stream that does not block was given to the blocking adapter.
    matches!(kind, InvalidData | InvalidInput | PermissionDenied | Unsupported | WouldBlock)
}

/// RFC 9110 §15: a client must "treat an unrecognized status code as being equivalent to the x00
/// status code of that class"; RFC 8470 §5.2 (425), RFC 6585 §4 (429).
const fn is_transient(response: &Response) -> bool {
    match response.status() {
        408 | 425 | 429 => true,
        501 | 505 => false,
        status => matches!(status, 500..=599),
    }
}

/// RFC 1928 §6.
const fn is_transient_reply(error: SocksError) -> bool {
    use SocksError::{
        ConnectionRefused, GeneralFailure, HostUnreachable, Incomplete, NetworkUnreachable,
        TtlExpired,
    };
    matches!(
        error,
        Incomplete
            | GeneralFailure
            | NetworkUnreachable
            | HostUnreachable
            | ConnectionRefused
            | TtlExpired
    )
}
