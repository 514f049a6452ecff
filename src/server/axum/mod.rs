//! The extractor of [axum](https://docs.rs/axum/0.8) 0.8 (axum-core 0.5) for WebSocket, with the
//! names and the shapes of `axum::extract::ws`: change the import, and most handlers compile as
//! they are. What differs:
//!
//! - The extractor is not in `axum::extract`: change `axum::extract::WebSocketUpgrade`, too.
//! - Errors are this crate's [`Error`], not `axum::Error`: so is the type that tests name.
//! - `Debug` of a text is `Text(5 bytes)`, so that no log gets what people write. Print
//!   `message.to_text()?`.
//! - `requested_protocols` returns `&str`.
//! - [`WebSocketUpgradeRejection`] is one type, with `status` and `body_text`; there is no module
//!   `rejection`.
//! - The sizes of buffers and `accept_unmasked_frames` have no equivalent.
//!
//! ```ignore
//! use axum::{Router, response::Response, routing::any};
//! use sansocket::axum::{Message, WebSocket, WebSocketUpgrade};
//! # #[cfg(feature = "deflate")]
//! use sansocket::deflate::Deflate;
//!
//! async fn handler(ws: WebSocketUpgrade) -> Response {
//!     # #[cfg(feature = "deflate")]
//!     let ws = ws.deflate(Deflate::new());
//!     ws.protocols(["chat.v1"]).on_upgrade(echo)
//! }
//!
//! async fn echo(mut socket: WebSocket) {
//!     while let Some(Ok(message)) = socket.recv().await {
//!         let is_echoed = matches!(message, Message::Text(_) | Message::Binary(_));
//!         if is_echoed && socket.send(message).await.is_err() {
//!             return;
//!         }
//!     }
//! }
//!
//! let app: Router = Router::new().route("/ws", any(handler));
//! ```
//!
//! | | `axum::extract::ws` | here |
//! |---|---|---|
//! | pages of other servers, DNS rebinding | accepted | refused: see below |
//! | compression | – | [`deflate`](WebSocketUpgrade::deflate) |
//! | a peer that is gone | stays open | keep-alive pings: [`Timeouts`](crate::Timeouts) |
//! | closing handshake with a deadline | – | [`WebSocket::close`] |
//! | halves that close the connection when dropped | – | [`WebSocket::into_inner`] and `split` |
//! | an upgrade that fails | ignored | logged with feature `tracing` |
//! | frames that are not masked | on request | refused |
//!
//! # Hosts and origins
//!
//! A browser lets every page connect to every server. So [`WebSocketUpgrade::on_upgrade`] answers
//! 421 for a host that the server does not list, and 403 for a page of another server. The names of
//! the loopback interface are always listed. For a server with another name, give all routes the
//! [`Options`] by a layer, or one of them with [`guard`](WebSocketUpgrade::guard):
//!
//! ```ignore
//! use axum::{Extension, Router, response::Response, routing::any};
//! use sansocket::Guard;
//! use sansocket::axum::{Options, WebSocketUpgrade};
//!
//! async fn handler(ws: WebSocketUpgrade) -> Response {
//!     ws.on_upgrade(async |_socket| ())
//! }
//!
//! let guard = Guard::hosts(["chat.example.com"])?.origin("https://www.example.com")?;
//! let app: Router = Router::new()
//!     .route("/ws", any(handler))
//!     .layer(Extension(Options::new().guard(guard))); // after the routes that it is for
//! # Ok::<(), sansocket::InvalidGuard>(())
//! ```
//!
//! A proxy must pass the client's `Host` on (nginx: `proxy_set_header Host $host;`). If it has a
//! `Host` of its own instead, such as `127.0.0.1:3000`, list the origin of the pages with
//! [`Guard::origin`](crate::Guard::origin).
//!
//! # Broadcasts, and the end of the server
//!
//! A chat: each message goes to all by a [`Topic`](crate::topic::Topic), and at the end a
//! [`Group`](crate::group::Group) closes all connections with 1001. A connection has a `Member` if
//! its upgrade had a group.
//!
//! ```ignore
//! use axum::{Router, extract::State, response::Response, routing::any};
//! use sansocket::axum::{WebSocket, WebSocketUpgrade};
//! use sansocket::group::{Group, Shutdown};
//! use sansocket::topic::Topic;
//!
//! async fn join(ws: WebSocketUpgrade, State(state): State<(Topic, Group)>) -> Response {
//!     let (room, group) = state;
//!     ws.group(&group, None).on_upgrade(async move |socket| drop(chat(socket, room).await))
//! }
//!
//! async fn chat(socket: WebSocket, room: Topic) -> Result<(), sansocket::Error> {
//!     let (socket, member) = socket.into_inner();
//!     let member = member.expect("the upgrade has a group");
//!     let (sender, mut receiver) = socket.split();
//!     let (news, to_client) = (room.subscribe(), sender.clone());
//!     tokio::spawn(async move { news.forward(&to_client).await });
//!     loop {
//!         tokio::select! {
//!             frame = member.closing() => sender.try_close_with(frame),
//!             received = receiver.recv() => match received? {
//!                 Some(message) => room.publish(message),
//!                 None => return Ok(()),
//!             },
//!         }
//!     }
//! }
//!
//! async fn serve(listener: tokio::net::TcpListener, room: Topic, group: Group) {
//!     let app = Router::new().route("/chat", any(join)).with_state((room, group.clone()));
//!     let stop = async move {
//!         tokio::signal::ctrl_c().await.expect("signals can be received");
//!         group.shutdown(Shutdown::new()).await;
//!     };
//!     axum::serve(listener, app).with_graceful_shutdown(stop).await.expect("it never fails");
//! }
//! ```
//!
//! # HTTP/2
//!
//! With feature `http2` (and axum's) the same handler serves WebSockets over HTTP/2 (RFC 8441).
//! They begin with CONNECT, so the route is `any(handler)`. Under `get(handler)` axum answers 405
//! itself: the extractor does not see the request, and so can't log it. A browser that has a
//! connection of HTTP/2 fails there, and works over HTTP/1.1. A client of this crate names the
//! remedy in its error; `hyper::testing::http2_request` makes a test of it.
//!
//! # Clients that send nothing
//!
//! `axum::serve` 0.8 has no timer, and no limit of connections. A client that connects and sends
//! nothing, or half a request, is held until it leaves, and no [`Group`](crate::group) of a route
//! counts it. Use `axum::serve` behind a proxy that bounds both. A server that clients reach
//! directly has the loop in the docs of [`hyper`](crate::hyper#clients-that-send-nothing), or that
//! of `examples/axum`.

mod message;
mod socket;
mod upgrade;

pub use self::message::{CloseCode, CloseFrame, Message, close_code};
pub use self::socket::WebSocket;
pub use self::upgrade::{DefaultOnFailedUpgrade, OnFailedUpgrade, WebSocketUpgrade};
pub use super::hyper::{OnUpgrade, Options};
pub use super::rejection::Rejection as WebSocketUpgradeRejection;
pub use crate::adapter::Error;
pub use crate::message::Text as Utf8Bytes;
