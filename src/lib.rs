#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
//! A WebSocket ([RFC 6455]) is a pipe with four ends: you fill [`input`], you take events with
//! [`receive`], you [`send`] messages, you drain [`output`].
//!
//! ```text
//!         the wire                                             the application
//!         ========            ┌──────────────────────┐         ===============
//!    bytes ──► input()  ────► │                      │ ────►  receive() ──► Event
//!                             │      Connection      │
//!    bytes ◄── output() ◄──── │                      │ ◄────  send() ping() close()
//!                             └──────────────────────┘
//!      impl BufMut / impl Buf    no I/O, no clock            plain values
//! ```
//!
//! With an adapter, `tokio`, `blocking` or `futures`, the stream and the clock are taken care of.
//! On tokio (feature `tokio`), a server and a client:
//!
//! ```no_run
//! # #[cfg(feature = "tokio")] mod example {
//! use sansocket::tokio::{Options, accept};
//! use sansocket::{ClientRequest, CloseCode, Error};
//! use tokio::net::TcpStream;
//!
//! /// Sends every message back.
//! async fn serve(stream: TcpStream) -> Result<(), Error> {
//!     let mut socket = accept(stream).await?;
//!     while let Some(message) = socket.recv().await? {
//!         socket.send(message).await?;
//!     }
//!     Ok(())
//! }
//!
//! async fn ask() -> Result<(), Error> {
//!     let request = ClientRequest::new("ws://127.0.0.1:9001/")?.header("X-Client", "probe")?;
//!     let (mut socket, _response) = Options::new().connect(&request).await?;
//!     socket.send("hello").await?;
//!     if let Some(answer) = socket.recv().await? {
//!         println!("{answer}");
//!     }
//!     socket.close(CloseCode::NORMAL, "done").await?;
//!     Ok(())
//! }
//! # }
//! ```
//!
//! `blocking` has the same names without `.await`.
//!
//! | task | item |
//! |---|---|
//! | header fields, cookies, tokens and subprotocols of a client | [`ClientRequest`] |
//! | TLS, proxies, redirects, fixed addresses | [`Connector`] |
//! | reconnecting | [`reconnect`] |
//! | authentication, paths and subprotocols of a server | `accept_if` and `receive_request` of [`Options`] |
//! | pages of other servers (`Origin`) | [`Guard`] |
//! | message size and other limits; compression | [`Config`]; [`deflate`] |
//! | timeouts, keep-alive pings (heartbeats) | [`Timeouts`] |
//! | a peer that does not read (backpressure) | [`Backpressure`] |
//! | sending from several tasks or threads | `split` of a connection |
//! | broadcasts, newest values | [`topic`] |
//! | limits of connections, graceful shutdown | [`group`] |
//! | axum, hyper, other HTTP servers | [`axum`], [`hyper`], [`http`] |
//! | tests without a port | [`testing`], [`hyper::testing`] |
//! | an event loop of the application's | [`session`] has the loop |
//!
//! # Layers
//!
//! | layer | contents | RFC 6455 |
//! |---|---|---|
//! | `axum` on `hyper` on `http`; `group`, `topic` | HTTP servers; the connections of a server; broadcasts | §4.2 · RFC 8441 |
//! | `blocking`; `tokio` and `futures`, on `runtime` | system calls, clocks, wakers | – |
//! | [`session`] | timeouts, keep-alive, backpressure, shutdown of the stream | §7.1.1 |
//! | [`proxy`] | tunnels through HTTP and SOCKS5 proxies | §4.1 |
//! | [`ServerHandshake`], [`ClientHandshake`] · [`timing`] | HTTP heads · deadlines | §4 |
//! | [`Connection`] | the open connection and its closing handshake | §5.4–§7 |
//! | [`Message`], [`Text`], [`CloseFrame`] | the types of both directions | §5.5.1, §5.6, §7.4 |
//! | [`wire`] · `deflate` | headers, masks, UTF-8, as functions on slices · compression | §5.2, §5.3, §8.1 · RFC 7692 |
//!
//! # Promises
//!
//! * Nothing that a peer sends causes a panic, or allocates memory for a length that was only
//!   announced. Limits are on by default, the same in both roles: see [`Config`].
//! * An idle connection holds no buffer but the LZ77 windows that were agreed on; a thread that
//!   waits in `blocking` holds its read buffer.
//! * Memory for reuse is bounded. Per thread: eight read buffers each of about 64 and 272 KiB, one
//!   write buffer of up to 512 KiB. Per process: 16 MiB of messages of 128 KiB and more.
//! * Errors of the peer ([`ProtocolError`]) and of the caller ([`SendError`]) are two types. The
//!   text of each says what to do.
//! * Debug output never shows payloads, keys or header values.
//!
//! | opening handshake | client | server |
//! |---|---|---|
//! | request | [`ClientRequest`] → [`ClientHandshake`]; [`Redirects`] | [`ServerHandshake`] → [`Request`] (with a [`RequestHead`]) |
//! | response | [`Response`], or [`ResponseError::UnexpectedStatus`] | [`Request::accept_with`] and [`AcceptOptions`], [`Request::reject`] and [`HttpResponse`], [`Rejection`] |
//!
//! # Features
//!
//! | feature | contents |
//! |---|---|
//! | `std` (default) | sockets, clocks, randomness of the operating system; without it the crate is `no_std` with `alloc`, and a client passes a seed ([`Entropy::from_seed`]) |
//! | `simdutf8` (default) | UTF-8 validation with SIMD: about eight times as fast as `std` on text that is not ASCII |
//! | `tokio` | the adapter for tokio's streams and clock |
//! | `futures-io` | the adapter for futures-io's streams, with a clock of the caller's |
//! | `async-io` | async-io's sockets, with `connect`, and its timers as that clock, for smol |
//! | `deflate` | permessage-deflate (RFC 7692); enables `std` |
//! | `rustls` | TLS by rustls 0.23: see `tls`. It has no crypto provider |
//! | `rustls-ring`, `rustls-aws-lc-rs` | the same with ring or AWS-LC as the crypto provider |
//! | `webpki-roots` | Mozilla's root certificates, for systems (such as containers) that have none |
//! | `socket2` | a client's local address, network interface and TCP keep-alive, by socket2 0.6 |
//! | `idna` | names of servers that are not ASCII, made punycode as browsers do |
//! | `reconnect` | clients that connect again after a failure |
//! | `tracing` | a span for each connection, and events, for tracing 0.1: see below |
//! | `http` | opening handshakes of HTTP servers, as types of the crate http 1.x: see `http` |
//! | `hyper` | connections that hyper 1.x upgrades: see `hyper` |
//! | `http2` | the same over HTTP/2 (RFC 8441); a route of axum is `any(handler)`, not `get` |
//! | `h2` | clients of WebSocket over HTTP/2 (RFC 8441), by h2 0.4: see `h2` |
//! | `axum` | axum's extractor (axum-core 0.5): see `axum` |
//! | `testing` | in-memory streams and a manually advanced clock, for tests of applications |
//!
//! ## Crates
//!
//! The crates of a build for Linux on x86-64 without the default features; the names are those that
//! the row adds to `std`, and `std` to none. `testing` adds none.
//!
#![doc = include_str!("crates.md")]
//!
//! # Observability
//!
//! * [`Stats`] has numbers, without a feature: messages, frames, payload before and after
//!   compression and bytes of each direction; what is queued, dropped and refused; the time since
//!   the last read and write; the round trip. `stats()` of a connection, a half, a `WeakSender`, a
//!   [`Session`] or a [`Connection`] returns it. Counting costs 64 bytes for each connection, and
//!   two instructions for each message received and three for each one sent.
//! * Feature `tracing` makes one span for each connection, `websocket`, of target `sansocket` and
//!   level DEBUG. Its fields are `role`, and, if they are known, `peer` (of TCP sockets of
//!   `blocking` and tokio, and of clients), `path`, `subprotocol` and `extensions`.
//! * No field has a payload, the text of a Close frame, a key, a header value, a credential or a
//!   query. Paths, and names and addresses of hosts are there.
//!
//! | event (DEBUG, if no level is named) | fields |
//! |---|---|
//! | `handshake accepted` | – |
//! | `handshake refused` | `status`; `error`, of a server |
//! | `handshake failed`, `handshake dropped` | `error`: what failed, in a word |
//! | `close sent`, `close received` | `code`, `reason_bytes` |
//! | `closed` | `outcome`, `code`, `clean`, `initiator`, `error`; `received` and `sent` messages |
//! | `dropped` | –; without a closing handshake |
//! | `ping queued`, `pong received` (TRACE) | `number`, `round_trip` |
//! | `write stalled`, `write resumed` | `queued` bytes |
//! | `timed out` | `timeout`: a [`TimedOut`] |
//! | `upgrade failed` (WARN; axum) | `error` |
//! | `refused by the default guard, …` (WARN; axum, hyper), after `handshake refused` | `status` |
//! | `message not queued` | `policy`: an [`Overflow`]; `queued` bytes |
//! | of a client, without a span: `resolving`, `connecting`, `connecting failed`, `asking a proxy`, `starting TLS`, `redirected`, `waiting to reconnect` | `host`, `port`, `address`, `error`, `status`, `delay`, `attempts` |
//!
//! [RFC 6455]: https://www.rfc-editor.org/rfc/rfc6455
//! [`input`]: Connection::input
//! [`receive`]: Connection::receive
//! [`send`]: Connection::send
//! [`output`]: Connection::output
//! [`Connector`]: struct.Connector.html
//! [`Options`]: struct.Options.html
//! [`axum`]: axum/index.html
//! [`deflate`]: deflate/index.html
//! [`group`]: group/index.html
//! [`http`]: http/index.html
//! [`hyper::testing`]: hyper/testing/index.html
//! [`hyper`]: hyper/index.html
//! [`reconnect`]: reconnect/index.html
//! [`testing`]: testing/index.html
//! [`topic`]: topic/index.html

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
mod adapter;
#[cfg(feature = "std")]
mod client;
mod connection;
#[cfg(feature = "deflate")]
pub mod deflate;
mod handshake;
mod message;
mod page;
#[cfg(feature = "std")]
mod pool;
pub mod proxy;
#[cfg(any(feature = "http", feature = "tokio"))]
mod server;
pub mod session;
#[cfg(feature = "testing")]
pub mod testing;
pub mod timing;
pub mod wire;

#[cfg(any(feature = "tokio", feature = "futures-io"))]
pub use adapter::runtime;
#[cfg(feature = "std")]
pub use adapter::{
    Answer, ConnectError, Error, Incoming, Options, PlainHttp, ProxyTlsError, Refusal, Replies,
    TlsError, Upgrade, WrongHost,
};
/// The crate of the buffers that are passed in and out.
pub use bytes;
#[cfg(feature = "futures-io")]
pub use client::futures;
#[cfg(feature = "h2")]
pub use client::h2;
#[cfg(feature = "reconnect")]
pub use client::reconnect;
#[cfg(feature = "rustls")]
pub use client::tls;
#[cfg(feature = "tokio")]
pub use client::tokio;
#[cfg(feature = "std")]
pub use client::{Connector, blocking};
pub use connection::{
    CloseOutcome, Closed, Config, Connection, Entropy, Event, EventRef, NoEntropy, ProtocolError,
    Role, SendError, Side, State, Stats, Traffic,
};
pub use handshake::{
    AcceptOptions, ClientHandshake, ClientRequest, Extension, Guard, GuardError, HandshakeError,
    HeadError, Headers, HttpResponse, InvalidField, InvalidGuard, InvalidUri, RedirectError,
    Redirects, Rejection, Request, RequestError, RequestHead, Response, ResponseError,
    ServerHandshake, Subprotocols, Uri, accept_key,
};
pub use message::{
    Chunk, CloseCode, CloseFrame, Compress, InvalidCloseCode, Kind, Message, MessageRef, Outgoing,
    Prepared, ReasonTooLong, Text,
};
#[cfg(feature = "axum")]
pub use server::axum;
#[cfg(feature = "tokio")]
pub use server::group;
#[cfg(feature = "http")]
pub use server::http;
#[cfg(feature = "hyper")]
pub use server::hyper;
#[cfg(feature = "tokio")]
pub use server::topic;
pub use session::{Backpressure, Full, Overflow, Session, TrySendError};
pub use timing::{TimedOut, Timeouts};

/// The README's examples are tests.
#[cfg(all(doctest, feature = "tokio", feature = "deflate", feature = "reconnect"))]
#[doc = include_str!("../README.md")]
struct Readme;
