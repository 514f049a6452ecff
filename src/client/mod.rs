//! From a URL to an open connection.
//!
//! ```text
//!   connect ──► route ──► addresses ──► tunnel ──► TLS ──► opening handshake ──► WebSocket
//!                 │                        │                      │
//!               proxy?            CONNECT or SOCKS5        redirect? again
//! ```
//!
//! | file | contents |
//! |---|---|
//! | connector | the settings of a client |
//! | connects | the steps above, once for all adapters |
//! | destination, sockets | where to connect to, and with which options of the socket |
//! | addresses, racing | which address is tried when (RFC 8305), and all attempts in one future |
//! | connecting | at most one connection to a host in the state CONNECTING (§4.1) |
//! | hop | what the answer to a request leads to |
//! | reconnect | connecting again after a failure |
//! | tls | the TLS settings, their errors, and TLS on a blocking stream |
//! | stream | a stream with or without TLS, once for all adapters |
//! | blocking, tokio, futures | how an adapter performs a step, and its stream |
//! | h2 | connections on streams of HTTP/2 (RFC 8441), without these steps |

mod addresses;
pub mod blocking;
mod connecting;
mod connector;
mod connects;
mod deadline;
mod destination;
#[cfg(feature = "futures-io")]
pub mod futures;
#[cfg(feature = "h2")]
pub mod h2;
mod hop;
#[cfg(any(feature = "tokio", feature = "async-io"))]
mod racing;
#[cfg(feature = "reconnect")]
pub mod reconnect;
mod sockets;
mod stream;
#[cfg(feature = "rustls")]
pub mod tls;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use self::connector::Connector;
