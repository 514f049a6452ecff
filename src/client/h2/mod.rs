//! Clients of WebSocket over HTTP/2: RFC 8441, by the crate [h2](::h2) 0.4.
//!
//! One connection of HTTP/2 carries any number of WebSockets, and other requests. Each WebSocket is
//! a stream of it, with its own flow control.
//!
//! ```no_run
//! use sansocket::ClientRequest;
//! use sansocket::h2::Client;
//!
//! # async fn connect() -> Result<(), sansocket::Error> {
//! // A TLS stream with "h2" in its ALPN, or a plain one if the server knows that HTTP/2 follows.
//! let stream = tokio::net::TcpStream::connect("localhost:9001").await?;
//! let (client, connection) = Client::handshake(stream).await?;
//! tokio::spawn(connection);
//! let (mut prices, _) = client.connect(&ClientRequest::new("ws://localhost:9001/prices")?).await?;
//! let (mut chat, _) = client.connect(&ClientRequest::new("ws://localhost:9001/chat")?).await?;
//! chat.send("hello").await?;
//! while let Some(message) = prices.recv().await? {
//!     println!("{message:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | RFC 6455 on a TCP connection | here |
//! |---|---|
//! | the server closes it, or shuts down its half | END_STREAM |
//! | reset | RST_STREAM: [`Error::ConnectionLost`](crate::Error::ConnectionLost) |
//! | the client drops the [`WebSocket`] before the end | RST_STREAM with CANCEL |
//! | the receive buffer is full | the flow-control window of the stream is used up |
//!
//! A server may enable HTTP/2 and not this: then
//! [`NoExtendedConnect`](crate::ResponseError::NoExtendedConnect) is the error, and
//! [`tokio::connect`](crate::tokio::connect), over HTTP/1.1, is the way to connect. Redirects are
//! not followed, because another address may need another connection.

mod client;
mod error;
mod settings;
mod stream;
mod unwritten;

pub use self::client::Client;
pub use self::settings::Connection;
pub use self::stream::Stream;

/// A connection on a stream of HTTP/2: see [`runtime::WebSocket`](crate::runtime::WebSocket) for
/// its methods.
pub type WebSocket = super::tokio::WebSocket<Stream>;

/// The half of a connection that sends.
pub type Sender = super::tokio::Sender<Stream>;

/// See [`runtime::WeakSender`](crate::runtime::WeakSender).
pub type WeakSender = super::tokio::WeakSender<Stream>;

/// The half of a connection that receives.
pub type Receiver = super::tokio::Receiver<Stream>;
