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
//! [`Connection`] does the whole protocol: frames, masks, fragments, UTF-8, pings, the closing
//! handshake, limits. [`ServerHandshake`] and [`ClientHandshake`] make one. Whatever moves the
//! bytes is a loop around it:
//!
//! ```no_run
//! use std::io::{Read, Write};
//!
//! use bytes::{Buf, BufMut};
//! use sansocket::{Connection, Event};
//!
//! fn echo(stream: &mut std::net::TcpStream, connection: &mut Connection) -> Result<(), Box<dyn std::error::Error>> {
//!     let mut buffer = [0; 16 * 1024];
//!     loop {
//!         while let Some(event) = connection.receive() {
//!             if let Event::Message(message) = event {
//!                 connection.send(message)?;
//!             }
//!         }
//!         while connection.wants_write() {
//!             let written = stream.write(connection.output().chunk())?;
//!             connection.output().advance(written);
//!         }
//!         if !connection.wants_read() {
//!             return Ok(()); // now hang up: see `Connection`
//!         }
//!         match stream.read(&mut buffer)? {
//!             0 => connection.end_input(),
//!             n => connection.input().put_slice(&buffer[..n]),
//!         }
//!     }
//! }
//! ```
//!
//! Take every event that is there, then write once: sixteen messages that came in one read are
//! answered in one write.
//!
//! Who has a blocking stream and wants no loop takes `blocking`: `accept`, `connect`, `recv`,
//! `send`, `close`.
//!
//! # The floors
//!
//! Imports run down only.
//!
//! | floor | what it knows | RFC 6455 |
//! |---|---|---|
//! | `blocking`, `tokio`, `futures` | streams and clocks | – |
//! | [`ServerHandshake`], [`ClientHandshake`] · [`timing`] | HTTP heads · deadlines | §4 |
//! | [`Connection`] | the open conversation and its end | §5.4–§7 |
//! | [`Message`], [`Text`], [`CloseFrame`] | the words that both sides share | §5.5.1, §5.6, §7.4 |
//! | [`wire`] · `deflate` | headers, masks, UTF-8, as functions on slices · compressed messages | §5.2, §5.3, §8.1 · RFC 7692 |
//!
//! # Promises
//!
//! * Nothing that a peer sends makes it panic, or take memory for what was only announced. Limits
//!   are on by default, the same in both roles: see [`Config`].
//! * An idle connection holds no buffer (a thread that waits for a blocking one holds what it reads
//!   into); with compression, the windows that were agreed on, or none.
//! * What is kept to be used again is bounded: at most eight blocks each of some 64 and 272 KiB for
//!   a thread that reads, one of up to 512 KiB for a thread that writes, and in all some 16 MiB of
//!   the memory of messages of 128 KiB and more.
//! * What the peer did wrong ([`ProtocolError`]) and what you asked for and can't have
//!   ([`SendError`]) are two types; each says what to do about it.
//! * Debug output never shows content, keys or header values.
//!
//! # Who makes which
//!
//! | | client | server |
//! |---|---|---|
//! | asks | [`ClientRequest`] → [`ClientHandshake`] | [`ServerHandshake`] → [`Request`] (with a [`RequestHead`]) |
//! | answers | [`Response`], or [`ResponseError::UnexpectedStatus`] | [`Request::accept_with`] an [`AcceptOptions`], [`Request::reject`] with a [`HttpResponse`], [`Rejection`] |
//!
//! # Features
//!
//! | feature | what |
//! |---|---|
//! | `std` (default) | sockets, clocks, and randomness from the operating system; without it the crate is `no_std` with `alloc`, and a client brings its own seed ([`Entropy::from_seed`]) |
//! | `simdutf8` (default) | text checked with SIMD, where it is not ASCII some eight times as fast as std does |
//! | `tokio` | connections on tokio's streams and clock |
//! | `futures-io` | connections on futures-io's streams, with a clock of the caller's |
//! | `async-io` | async-io's clock for them, which smol runs on |
//! | `deflate` | compressed messages: permessage-deflate, RFC 7692; it switches `std` on |
//! | `testing` | streams in memory and a clock to wind, for tests of what is built on this |
//!
//! [RFC 6455]: https://www.rfc-editor.org/rfc/rfc6455
//! [`input`]: Connection::input
//! [`receive`]: Connection::receive
//! [`send`]: Connection::send
//! [`output`]: Connection::output

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
mod adapter;
mod connection;
#[cfg(feature = "deflate")]
pub mod deflate;
mod handshake;
mod message;
mod page;
#[cfg(feature = "std")]
mod pool;
pub mod session;
#[cfg(feature = "testing")]
pub mod testing;
pub mod timing;
pub mod wire;

#[cfg(feature = "futures-io")]
pub use adapter::futures;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
pub use adapter::runtime;
#[cfg(feature = "tokio")]
pub use adapter::tokio;
#[cfg(feature = "std")]
pub use adapter::{Error, Incoming, Options, PlainHttp, Replies, Upgrade, blocking};
/// The crate of the buffers that are passed in and out.
pub use bytes;
pub use connection::{
    CloseOutcome, Closed, Config, Connection, Entropy, Event, EventRef, NoEntropy, ProtocolError,
    Role, SendError, Side, State,
};
pub use handshake::{
    AcceptOptions, ClientHandshake, ClientRequest, Extension, HandshakeError, HeadError, Headers,
    HttpResponse, InvalidField, InvalidUri, Rejection, Request, RequestError, RequestHead,
    Response, ResponseError, ServerHandshake, Uri,
};
pub use message::{
    Chunk, CloseCode, CloseFrame, Compress, Kind, Message, MessageRef, Outgoing, ReasonTooLong,
    Text,
};
pub use session::{Backpressure, Full, Overflow, Session, TrySendError};
pub use timing::{TimedOut, Timeouts};

/// The README's examples are tests.
#[cfg(all(doctest, feature = "tokio", feature = "deflate"))]
#[doc = include_str!("../README.md")]
struct Readme;
