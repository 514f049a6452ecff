//! Connections that [hyper](::hyper) 1.x upgrades: a service returns the response, and the stream
//! is then the connection's.
//!
//! This module works with `hyper::server::conn`, hyper-util's server for both versions, and
//! libraries that are built on them: axum, tonic, warp, tower services. The server must be asked
//! for upgrades: `serve_connection_with_upgrades`, or `with_upgrades` on a connection.
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
//! | the client | a read of the [`Stream`] | a write |
//! |---|---|---|
//! | END_STREAM | end | succeeds |
//! | RST_STREAM with CANCEL or NO_ERROR | end: hyper 1.12 does not tell it from END_STREAM | `ConnectionReset` |
//! | RST_STREAM with another code | `ConnectionReset` | `ConnectionReset` |
//!
//! As over TCP, `recv` returns [`Error::ConnectionLost`](crate::Error::ConnectionLost) for each of
//! them, unless a Close frame came before (RFC 8441 §5). `send` returns it after RST_STREAM.
//!
//! hyper can't reset a stream that was upgraded. A [`WebSocket`] that is dropped or aborted ends
//! its stream with END_STREAM, and, if the client has not ended its half, with RST_STREAM and
//! NO_ERROR.
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
//!
//! # Clients that send nothing
//!
//! hyper's `header_read_timeout` needs a timer, and hyper-util's server for both versions has none
//! while it reads the version: a client that sends nothing, or half of the preface of HTTP/2, is
//! held until it leaves. So give each connection a deadline for its first request, and count it
//! from the accept on, in a [`Group`](crate::group::Group) of its own:
//!
//! ```ignore
//! use std::error::Error;
//! use std::pin::pin;
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use axum::Router;
//! use hyper::{body::Incoming, service::{Service, service_fn}};
//! use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
//! use hyper_util::{server::conn::auto, service::TowerToHyperService};
//! use sansocket::group::Group;
//! use tokio::net::{TcpListener, TcpStream};
//! use tokio::{select, sync::Notify, time::sleep};
//!
//! async fn serve(listener: TcpListener, app: Router) -> std::io::Result<()> {
//!     let accepted = Group::new().max_connections(10_000).max_per_address(100);
//!     loop {
//!         let (stream, address) = listener.accept().await?;
//!         // Above a limit, the socket is closed.
//!         let Ok(member) = accepted.enter(address.ip()) else { continue };
//!         let app = app.clone();
//!         accepted.spawn(member, async move |_member| serve_connection(stream, app).await);
//!     }
//! }
//!
//! async fn serve_connection(
//!     stream: TcpStream,
//!     app: Router,
//! ) -> Result<(), Box<dyn Error + Send + Sync>> {
//!     stream.set_nodelay(true)?;
//!     let (app, first) = (TowerToHyperService::new(app), Arc::new(Notify::new()));
//!     let request = Arc::clone(&first);
//!     let service = service_fn(move |it: http::Request<Incoming>| {
//!         request.notify_one();
//!         app.call(it)
//!     });
//!     let mut builder = auto::Builder::new(TokioExecutor::new());
//!     // For the head of each request over HTTP/1.1: 30 s. A connection that is idle ends, too.
//!     builder.http1().timer(TokioTimer::new());
//!     // A client of HTTP/2 that answers no ping is gone.
//!     let ping = Duration::from_secs(30);
//!     builder.http2().timer(TokioTimer::new()).keep_alive_interval(ping);
//!     builder.http2().enable_connect_protocol();
//!     let served = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
//!     let mut served = pin!(served);
//!     select! {
//!         served = served.as_mut() => return served,
//!         () = first.notified() => {}
//!         () = sleep(Duration::from_secs(10)) => {
//!             return Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
//!         }
//!     }
//!     served.await
//! }
//! ```
//!
//! An upgrade over HTTP/1.1 ends the task, so that group does not count WebSockets: a group of the
//! route does. Over HTTP/2 the connection stays in it. `examples/axum` has this loop with TLS and a
//! shutdown.

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
