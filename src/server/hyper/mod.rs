//! Connections that [hyper](::hyper) 1.x upgrades: a service returns the response, and the stream
//! is then the connection's.
//!
//! It works with `hyper::server::conn`, hyper-util's server for both versions, and whatever is
//! built on them: axum, tonic, warp, tower services. The server must be asked for upgrades:
//! `serve_connection_with_upgrades`, or `with_upgrades` on a connection.
//!
//! ```ignore
//! use bytes::Bytes;
//! use http_body_util::Full;
//!
//! /// Echoes messages. Other requests than opening handshakes are answered with an error.
//! async fn service(
//!     mut request: http::Request<hyper::body::Incoming>,
//! ) -> Result<http::Response<Full<Bytes>>, std::convert::Infallible> {
//!     let (response, on_upgrade) = match sansocket::hyper::upgrade(&mut request) {
//!         Ok(accepted) => accepted,
//!         Err(rejection) => return Ok(rejection.into_response()),
//!     };
//!     tokio::spawn(async move {
//!         let mut socket = on_upgrade.await?;
//!         while let Some(message) = socket.recv().await? {
//!             socket.send(message).await?;
//!         }
//!         Ok::<(), sansocket::Error>(())
//!     });
//!     Ok(response)
//! }
//! ```
//!
//! # Browsers
//!
//! Unlike the adapters for plain streams, [`Options`] have a [`Guard`](crate::Guard) by default,
//! which knows the names of the loopback interface. A server with another name lists it:
//! [`Options::guard`].
//!
//! # HTTP/2
//!
//! With feature `http2`, the same service upgrades an extended CONNECT (RFC 8441). The HTTP server
//! has to announce it: `enable_connect_protocol` of hyper's builders; `axum::serve` does.
//!
//! END_STREAM is the end of the WebSocket's stream (RFC 8441 §5). hyper 1.12 does not tell a reset
//! of the client (RST_STREAM with CANCEL) from an end, and ends the stream of a connection that is
//! dropped with END_STREAM: either is a lost connection if no Close frame came before.
//!
//! Two settings of the HTTP server matter to WebSockets:
//!
//! * `initial_connection_window_size`. hyper's default, 1 MiB, is that of one stream: a WebSocket
//!   that the application does not receive from stalls the others of its connection. Several times
//!   the window of a stream avoids that.
//! * `TCP_NODELAY` on the sockets that are accepted (`tap_io` of axum's listeners). Without it, a
//!   small message may wait until the client has acknowledged another one: 40 ms on Linux. Over
//!   HTTP/1.1 this crate sets it.
//!
//! The client is `h2::Client`, with feature `h2`.

mod on_upgrade;
mod options;
mod stream;
#[cfg(feature = "testing")]
pub mod testing;
mod upgraded;

pub use self::on_upgrade::OnUpgrade;
pub use self::options::{Options, Upgrade, upgrade};
pub use self::stream::Stream;
pub use super::rejection::Rejection;

/// A connection on the stream of an HTTP server: see
/// [`runtime::WebSocket`](crate::runtime::WebSocket) for its methods.
pub type WebSocket = crate::client::tokio::WebSocket<Stream>;

/// The half of a connection that sends.
pub type Sender = crate::client::tokio::Sender<Stream>;

/// See [`runtime::WeakSender`](crate::runtime::WeakSender).
pub type WeakSender = crate::client::tokio::WeakSender<Stream>;

/// The half of a connection that receives.
pub type Receiver = crate::client::tokio::Receiver<Stream>;
