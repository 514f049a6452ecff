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
//! | hop | what the answer to a request leads to |
//! | reconnect | connecting again after a failure |
//! | tls | the TLS settings, their errors, and TLS on a blocking stream |
//! | blocking, tokio, futures | how an adapter performs a step, and its stream |

pub mod blocking;
mod connector;
mod connects;
mod deadline;
#[cfg(feature = "futures-io")]
pub mod futures;
mod hop;
#[cfg(feature = "reconnect")]
pub mod reconnect;
#[cfg(feature = "rustls")]
pub mod tls;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use self::connector::Connector;
