//! Errors of a tunnel through a proxy: RFC 9110 §9.3.6, RFC 1928 §6.

use alloc::boxed::Box;
use core::{error, fmt};

use crate::handshake::{HeadError, Response, describe};

/// A proxy did not open a tunnel, or can't be asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyError {
    /// The host is neither an IP address nor a name in ASCII of 1 to 255 bytes. Nothing was sent.
    Host,
    /// The HTTP head of the proxy's response is incomplete, malformed, or over a limit.
    Head(HeadError),
    /// The HTTP proxy responded with a status other than 2xx. The response has the header fields
    /// and the beginning of the body.
    Refused(Box<Response>),
    /// The SOCKS5 proxy refused, or violated the protocol.
    Socks(SocksError),
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => {
                "the proxy can't be asked for this host, which is neither an IP address nor a name \
                 in ASCII of 1 to 255 bytes; use punycode, and IPv6 addresses without a zone"
            }
            Self::Head(HeadError::Tls) => "the proxy speaks TLS: use https:// in its address",
            Self::Head(HeadError::NotHttp) => {
                "the proxy does not speak HTTP; check its port, or use socks5h:// in its address"
            }
            Self::Head(HeadError::Incomplete) => {
                "the proxy closed the stream before its response was complete; check the scheme \
                 and the port of its address"
            }
            Self::Head(error) => return write!(f, "the proxy's response: {error}"),
            Self::Refused(response) => {
                describe(response, "the proxy", "2xx", f)?;
                return match response.status() {
                    407 => f.write_str(
                        "; write the user name and password in its address: \
                         http://user:password@host:port",
                    ),
                    _ => Ok(()),
                };
            }
            Self::Socks(error) => return error.fmt(f),
        })
    }
}

impl error::Error for ProxyError {}

impl From<HeadError> for ProxyError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

impl From<SocksError> for ProxyError {
    fn from(error: SocksError) -> Self {
        Self::Socks(error)
    }
}

/// The refusal, or a violation of the protocol, by a SOCKS5 proxy (RFC 1928, RFC 1929).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SocksError {
    /// The stream ended before the reply was complete.
    Incomplete,
    /// The first byte is that of an HTTP response.
    Http,
    /// The first byte is that of a TLS record.
    Tls,
    /// The first byte of a message is not the version of its protocol: 5, or 1 for the status of
    /// RFC 1929.
    Version(u8),
    /// The proxy accepts no client without authentication, and the address has no user name
    /// (RFC 1928 §3, method FF).
    CredentialsRequired,
    /// The proxy accepts neither a user name with a password nor no authentication
    /// (RFC 1928 §3, method FF).
    NoAcceptableMethod,
    /// The proxy chose a method of authentication that was not offered.
    Method(u8),
    /// The proxy rejects the user name or the password (RFC 1929 §2).
    Unauthorized,
    /// The reply has an address of an unknown type.
    AddressType(u8),
    /// Reply 1: general SOCKS server failure.
    GeneralFailure,
    /// Reply 2: connection not allowed by ruleset.
    NotAllowed,
    /// Reply 3: network unreachable.
    NetworkUnreachable,
    /// Reply 4: host unreachable. Also what many proxies reply if a name has no address.
    HostUnreachable,
    /// Reply 5: connection refused by the server.
    ConnectionRefused,
    /// Reply 6: TTL expired.
    TtlExpired,
    /// Reply 7: command not supported.
    CommandNotSupported,
    /// Reply 8: address type not supported.
    AddressTypeNotSupported,
    /// A reply that RFC 1928 does not assign.
    Other(u8),
}

impl SocksError {
    /// The meaning of a reply other than 0: RFC 1928 §6.
    pub(super) const fn from_reply(code: u8) -> Self {
        match code {
            1 => Self::GeneralFailure,
            2 => Self::NotAllowed,
            3 => Self::NetworkUnreachable,
            4 => Self::HostUnreachable,
            5 => Self::ConnectionRefused,
            6 => Self::TtlExpired,
            7 => Self::CommandNotSupported,
            8 => Self::AddressTypeNotSupported,
            code => Self::Other(code),
        }
    }
}

impl fmt::Display for SocksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Incomplete => {
                "the SOCKS5 proxy closed the stream before its reply was complete; check the \
                 scheme and the port of its address"
            }
            Self::Http => "the proxy speaks HTTP, not SOCKS5: use http:// in its address",
            Self::Tls => "the proxy speaks TLS, not SOCKS5: use https:// in its address",
            Self::Version(byte) => {
                return write!(
                    f,
                    "the proxy does not speak SOCKS5: a message begins with the byte {byte}; check \
                     the port of its address"
                );
            }
            Self::CredentialsRequired => {
                "the SOCKS5 proxy requires authentication; set the user name and the password"
            }
            Self::NoAcceptableMethod => {
                "the SOCKS5 proxy requires another authentication than a user name and a password"
            }
            Self::Method(method) => {
                return write!(
                    f,
                    "the SOCKS5 proxy chose the authentication method {method}, which was not \
                     offered"
                );
            }
            Self::Unauthorized => "the SOCKS5 proxy rejects the user name or the password",
            Self::AddressType(kind) => {
                return write!(f, "the SOCKS5 proxy's reply has the unknown address type {kind}");
            }
            Self::GeneralFailure => {
                "the SOCKS5 proxy failed to connect (reply 1); its log may say why"
            }
            Self::NotAllowed => {
                "the SOCKS5 proxy's rules do not allow this host and port (reply 2)"
            }
            Self::NetworkUnreachable => {
                "the SOCKS5 proxy can't reach the server's network (reply 3)"
            }
            Self::HostUnreachable => {
                "the SOCKS5 proxy can't resolve or reach the server's host (reply 4)"
            }
            Self::ConnectionRefused => {
                "the server refused the connection of the SOCKS5 proxy (reply 5); check the port"
            }
            Self::TtlExpired => "the SOCKS5 proxy's connection to the server timed out (reply 6)",
            Self::CommandNotSupported => "the SOCKS5 proxy does not support CONNECT (reply 7)",
            Self::AddressTypeNotSupported => {
                "the SOCKS5 proxy does not support this type of address (reply 8); socks5h:// \
                 sends it names, and socks5:// IP addresses"
            }
            Self::Other(code) => {
                return write!(f, "the SOCKS5 proxy replied with the unknown code {code}");
            }
        })
    }
}

impl error::Error for SocksError {}
