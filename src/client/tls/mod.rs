//! TLS by rustls, for `wss:` and for servers: RFC 6455 §4.1, RFC 8446.
//!
//! [`Tls`] holds the settings of a client;
//! [`blocking::TlsStream`](crate::blocking::TlsStream) is TLS on a blocking stream, for clients and
//! servers. The crate has no setting that switches the verification of certificates off.
//!
//! | question | answer |
//! |---|---|
//! | which certificates are trusted? | those that the platform trusts: [`Tls::platform`]; or what a rustls `ClientConfig` says |
//! | which cryptography? | the provider that was installed for the process; else `ring` (feature `rustls-ring`), else AWS-LC (feature `rustls-aws-lc-rs`), else [`TlsError::NoProvider`]. None is installed for the process |
//! | which application protocol? | `http/1.1` (ALPN), unless the `ClientConfig` names others; another choice of the server's is [`TlsError::Alpn`] |
//! | is a session resumed? | yes, between connections that share a [`Tls`] or its clones |
//! | which rustls? | 0.23. Its types appear in `From` conversions only |
//!
//! ```no_run
//! use std::net::TcpStream;
//! use std::time::Duration;
//!
//! use sansocket::blocking::TlsStream;
//! use sansocket::tls::Tls;
//! use sansocket::{ClientRequest, blocking};
//!
//! # fn main() -> Result<(), sansocket::Error> {
//! let stream = TcpStream::connect("example.com:443")?;
//! let timeout = Some(Duration::from_secs(10));
//! let stream = TlsStream::connect(&Tls::platform(), "example.com", stream, timeout)?;
//! let request = ClientRequest::new("wss://example.com/chat")?;
//! let (socket, _) = blocking::connect_with_stream(stream, &request)?;
//! let (sender, mut receiver) = socket.split()?;
//! std::thread::spawn(move || sender.send("hello"));
//! println!("{:?}", receiver.recv()?);
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//!   settings ──► provider, roots                       what a client trusts
//!   explain  ──► TlsError                              what an error means, and its remedy
//!   blocking ──► shared, outgoing, socket              TLS on a blocking stream
//! ```

pub(super) mod blocking;
pub(super) mod explain;
mod provider;
mod settings;

pub use self::settings::Tls;
pub use crate::adapter::{TlsError, WrongHost};

/// The application protocol of a WebSocket's opening handshake: RFC 6455 §4.1, RFC 7301 §6.
const HTTP_1_1: &[u8] = b"http/1.1";
