//! The open conversation: a pipe with four ends, and the policy between them.
//!
//! RFC 6455 §5.4–§5.5, §6, §7. No I/O and no clock: bytes come in by [`Connection::input`] and
//! leave by [`Connection::output`]; [`Connection::receive`] gives events, and [`Connection::send`]
//! takes messages.
//!
//! ```text
//!   input ──► inbox ──┬─► reader ──► assembler ──► receive, receive_from
//!   caller's buffer ──┘      │                          │ the table of endings: closing
//!   output ◄────────────── writer ◄──────────────── send, ping, close
//! ```

mod assembler;
#[cfg(feature = "std")]
mod buffers;
mod closing;
mod compression;
mod config;
mod entropy;
mod error;
mod event;
mod inbox;
mod output;
mod policy;
mod reader;
mod sending;
mod writer;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use bytes::{Buf, BufMut, Bytes};

use self::assembler::Assembler;
use self::closing::CloseState;
pub use self::closing::{CloseOutcome, Closed, Side, State};
use self::compression::Compression;
pub use self::config::{Config, Role};
pub use self::entropy::{Entropy, NoEntropy};
pub use self::error::{ProtocolError, SendError};
pub use self::event::{Event, EventRef};
pub(crate) use self::inbox::Inbox;
pub(crate) use self::output::Output;
use self::policy::Inflating;
use self::reader::Reader;
use self::sending::Sending;
use self::writer::Writer;
use crate::message::CloseFrame;
use crate::wire::Opcode;

/// Pings are answered one by one while less than this waits to be written, in bytes; beyond it the
/// peer is not reading, and only its latest ping will be answered.
const PONGS_WHILE_BELOW: usize = 4 * 1024;

/// One side of an open WebSocket.
///
/// The order of calls can't matter: input can only be appended, output only be drained, and nothing
/// that is handed out borrows from the connection. Once neither [`wants_read`](Self::wants_read)
/// nor [`wants_write`](Self::wants_write), hang up: end the outgoing half of the stream, and read
/// until the peer has ended its own, because a socket that is closed with unread bytes is reset,
/// and the last words with it.
///
/// ```
/// use bytes::{Buf, BufMut};
/// use sansocket::{Config, Connection, Event};
///
/// let mut server = Connection::server(Config::new());
/// server.input().put_slice(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"); // "Hello", masked (§5.7)
/// while let Some(event) = server.receive() {
///     if let Event::Message(message) = event {
///         server.send(message)?;
///     }
/// }
/// assert_eq!(server.output().chunk(), b"\x81\x05Hello");
/// # Ok::<(), sansocket::SendError>(())
/// ```
///
/// In a test, two of them are joined without a stream:
///
/// ```
/// use bytes::BufMut;
/// # use sansocket::{Config, Connection, Entropy, Event};
/// # let mut client = Connection::client(Config::new(), Entropy::from_seed([7; 32]));
/// # let mut server = Connection::server(Config::new());
/// client.send("hello")?;
/// server.input().put(client.output());
/// assert_eq!(server.receive(), Some(Event::Message("hello".into())));
/// # Ok::<(), sansocket::SendError>(())
/// ```
pub struct Connection {
    config: Config,
    inbox: Inbox,
    /// Nothing more will be received.
    input_ended: bool,
    reader: Reader,
    assembler: Assembler,
    writer: Writer,
    output: Output,
    /// Bytes of output that an adapter is writing.
    in_flight: usize,
    /// The payload of the pong that waits for the peer to read: hardly ever there, as what is boxed
    /// below.
    pending_pong: Option<Box<Bytes>>,
    /// The message that is being sent in parts.
    sending: Sending,
    close_state: CloseState,
    /// `Closed` was given to the application.
    closed_emitted: bool,
    /// Events that were put back.
    #[expect(
        clippy::box_collection,
        reason = "it is hardly ever there, and every connection has room for it"
    )]
    pushed_back: Option<Box<VecDeque<Event>>>,
    /// Both directions' state, if compression was agreed on.
    compression: Option<Box<Compression>>,
    /// A piece that inflates to more parts than one.
    inflating: Option<Box<Inflating>>,
    subprotocol: Option<Box<str>>,
}

impl Connection {
    /// The server's side of a connection whose opening handshake is done: by
    /// [`ServerHandshake`](crate::ServerHandshake), or by somebody else (an HTTP server's upgrade,
    /// HTTP/2).
    #[must_use]
    pub fn server(config: Config) -> Self {
        Self::new(Writer::Server, config)
    }

    /// The client's side of a connection whose opening handshake is done: by
    /// [`ClientHandshake`](crate::ClientHandshake), or by somebody else.
    ///
    /// This is not one constructor with a role for an argument, so that a client can't be made
    /// without a source of masking keys.
    #[must_use]
    pub fn client(config: Config, entropy: Entropy) -> Self {
        Self::new(Writer::Client(entropy), config)
    }

    fn new(writer: Writer, config: Config) -> Self {
        Self {
            inbox: Inbox::default(),
            input_ended: false,
            reader: Reader::new(&config),
            config,
            assembler: Assembler::default(),
            writer,
            output: Output::default(),
            in_flight: 0,
            pending_pong: None,
            sending: Sending::default(),
            close_state: CloseState::Open,
            closed_emitted: false,
            pushed_back: None,
            compression: None,
            inflating: None,
            subprotocol: None,
        }
    }

    /// The same connection, with compression as it was agreed on by somebody else's handshake, at
    /// the level of [`Config::deflate`]. The handshakes here do it themselves.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn with_deflate(mut self, agreed: &crate::deflate::Agreed) -> Self {
        self.set_deflate(agreed);
        self
    }

    #[cfg(feature = "deflate")]
    pub(crate) fn set_deflate(&mut self, agreed: &crate::deflate::Agreed) {
        let deflate = self.config.deflate.as_deref().cloned().unwrap_or_default();
        self.compression = Some(Box::new(Compression::new(&deflate, agreed)));
        self.reader.may_be_compressed = true;
    }

    /// What a handshake hands on: the bytes after its head and whether they are the last, the bytes
    /// that answer it, and what was agreed.
    pub(crate) fn continue_handshake(
        &mut self,
        inbox: Inbox,
        input_ended: bool,
        answer: Vec<u8>,
        subprotocol: Option<&str>,
    ) {
        self.input_ended = input_ended;
        self.inbox = inbox;
        self.inbox.release_memory();
        self.output.begin_with(answer);
        self.subprotocol = subprotocol.map(Box::from);
    }

    // The wire side.

    /// Where received bytes are appended. It has room already, which [`receive`](Self::receive)
    /// gives back when it is not used.
    pub fn input(&mut self) -> &mut (impl BufMut + use<>) {
        if self.state() == State::Closed {
            self.inbox.clear();
        }
        self.inbox.space()
    }

    /// Says that the stream has ended: nothing more will be received.
    pub fn end_input(&mut self) {
        self.input_ended = true;
    }

    /// Bytes to write, in one piece after the other ([`Buf::chunk`]) or in several at once
    /// ([`Buf::chunks_vectored`]). What was written is taken off by [`Buf::advance`].
    pub fn output(&mut self) -> &mut (impl Buf + use<>) {
        if self.buffered_amount() < PONGS_WHILE_BELOW {
            self.queue_pending_pong();
        }
        &mut self.output
    }

    /// Whether anything that may still be received matters: not after the end of the input, nor
    /// after the end of the conversation. A client waits there for the server to hang up first
    /// (§7.1.1).
    #[must_use]
    pub fn wants_read(&self) -> bool {
        // RFC 6455 §7.1.1: "when a client is instructed to do the same, it SHOULD wait for a TCP
        // Close from the server"
        !self.input_ended && (self.state() != State::Closed || self.role() == Role::Client)
    }

    /// Whether there is something to write.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.output.len() > 0 || self.in_flight > 0 || self.pending_pong.is_some()
    }

    // The application side.

    /// The next event, or `None` until more has been received. Then no memory is held for input,
    /// unless part of a frame is there.
    ///
    /// A message that came before the peer broke the protocol is given before the end is.
    pub fn receive(&mut self) -> Option<Event> {
        if self.pushed_back.is_some() { self.take_pushed_back() } else { self.next_kept() }
    }

    /// As [`receive`](Self::receive), out of bytes that are in a buffer of the caller's and never
    /// copied, unless a message has to be joined: the fastest way, for who reads into one buffer
    /// for many connections. What is given is taken off the front; when it is `None`, all is, and
    /// what was of no use yet is kept. What is in [`input`](Self::input) comes first.
    ///
    /// The bytes are unmasked where they are. Messages borrow from the buffer, not from the
    /// connection, so they can be answered.
    ///
    /// ```
    /// use sansocket::bytes::Buf;
    /// use sansocket::{Config, Connection, EventRef};
    ///
    /// let mut server = Connection::server(Config::new());
    /// let mut window = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; // read from a socket: "Hello", masked (§5.7)
    /// let mut received = &mut window[..];
    /// while let Some(event) = server.receive_from(&mut received) {
    ///     if let EventRef::Message(message) = event {
    ///         server.send_ref(message)?;
    ///     }
    /// }
    /// assert_eq!(server.output().chunk(), b"\x81\x05Hello");
    /// # Ok::<(), sansocket::SendError>(())
    /// ```
    // Most events are taken apart at once by who calls this: where it is inlined, they are never
    // put together.
    #[inline(always)]
    pub fn receive_from<'a>(&mut self, received: &mut &'a mut [u8]) -> Option<EventRef<'a>> {
        if self.pushed_back.is_some() {
            return self.take_pushed_back().map(EventRef::from);
        }
        self.next_event(received)
    }

    /// Queues a ping, which the peer must answer with a pong of the same payload (§5.5.2).
    ///
    /// # Errors
    ///
    /// [`SendError::ControlTooLong`] above 125 bytes, [`SendError::NotOpen`] once either side has
    /// begun to close.
    pub fn ping(&mut self, payload: impl AsRef<[u8]>) -> Result<(), SendError> {
        self.control(Opcode::Ping, payload.as_ref())
    }

    /// Queues a pong: the answer to a ping where [`Config::auto_pong`] is off, or a sign of close_state
    /// that nobody asked for (§5.5.3).
    ///
    /// # Errors
    ///
    /// [`SendError::ControlTooLong`] above 125 bytes, [`SendError::NotOpen`] once either side has
    /// begun to close.
    pub fn pong(&mut self, payload: impl AsRef<[u8]>) -> Result<(), SendError> {
        self.control(Opcode::Pong, payload.as_ref())
    }

    /// Begins to close (§7.1.2): queues a Close behind what is queued already. With a
    /// [`CloseCode`](crate::CloseCode), a [`CloseFrame`], or `None` for a Close without a code. A
    /// reply can't fail: if either side has begun to close before, nothing happens.
    pub fn close(&mut self, frame: impl Into<Option<CloseFrame>>) {
        let reply = self.close_state.close(frame.into());
        self.queue_close(reply);
    }

    // Looking.

    /// Which side of the connection this is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.writer.role()
    }

    /// Where the connection is in its close_state: never [`State::Connecting`], which is the handshakes'.
    #[must_use]
    pub const fn state(&self) -> State {
        self.close_state.state()
    }

    /// How the conversation ended, once it has: what the last event tells, for whoever asks later.
    #[must_use]
    pub const fn closed(&self) -> Option<&Closed> {
        self.close_state.closed()
    }

    /// The subprotocol that the handshake agreed on.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// What was agreed on about compression; `None` if it was not.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(&self) -> Option<&crate::deflate::Agreed> {
        self.compression.as_ref().map(|compression| &compression.agreed)
    }

    /// Bytes that wait to be written, headers included.
    #[must_use]
    pub const fn buffered_amount(&self) -> usize {
        self.output.len() + self.in_flight
    }

    /// Heap bytes held now for what was received, is being put together, or waits to be written;
    /// and for the windows of compression, which are kept from message to message unless that was
    /// agreed otherwise. Without them, 0 when idle.
    #[must_use]
    pub fn bytes_held(&self) -> usize {
        let pending_pong = self.pending_pong.as_ref().map_or(0, |payload| payload.len());
        let buffers = self.inbox.held()
            + self.assembler.held()
            + self.output.held()
            + pending_pong
            + self.pushed_back_bytes();
        let inflating = self.inflating.as_ref().map_or(0, |inflating| inflating.held());
        buffers + inflating + self.compression.as_ref().map_or(0, |compression| compression.held())
    }

    /// Gives back the memory that an idle connection can do without: the window that we compress
    /// with, which may begin anew at any time. The next compressed message takes it again.
    pub fn release_memory(&mut self) {
        if let Some(compression) = &mut self.compression {
            compression.release_memory();
        }
    }

    fn take_pushed_back(&mut self) -> Option<Event> {
        let pushed_back = self.pushed_back.as_mut()?;
        let event = pushed_back.pop_front();
        if pushed_back.is_empty() {
            self.pushed_back = None;
        }
        event
    }

    /// Bytes that are held for the events that were put back.
    pub(crate) fn pushed_back_bytes(&self) -> usize {
        self.pushed_back.iter().flat_map(|pushed_back| pushed_back.iter()).map(Event::held).sum()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("role", &self.role())
            .field("state", &self.state())
            .field("buffered_amount", &self.buffered_amount())
            .finish_non_exhaustive()
    }
}
