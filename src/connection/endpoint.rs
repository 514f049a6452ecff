//! One endpoint of a connection: its state, and its wire side.
//!
//! Its application side is in `sending` and `receiving`.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use bytes::{Buf, BufMut, Bytes};

use super::assembler::{Assembler, PendingChunk};
use super::closing::{CloseReply, CloseState, Closed, State};
use super::compression::Compression;
use super::config::{Config, Role};
use super::entropy::Entropy;
use super::event::Event;
use super::fragments::FragmentedSend;
use super::inbox::Inbox;
use super::output::Output;
use super::reader::Reader;
use super::stats::Counts;
use super::writer::Writer;
use crate::wire::Opcode;

/// The number of buffered bytes below which every ping is answered. At or above it the peer is not
/// reading, and only its latest ping will be answered.
pub(super) const PONGS_WHILE_BELOW: usize = 4 * 1024;

/// One endpoint of an open WebSocket connection.
///
/// Calls may come in any order: input is only appended, output is only drained, and nothing that is
/// returned borrows from the connection. Once neither [`wants_read`](Self::wants_read) nor
/// [`wants_write`](Self::wants_write) is true, close the stream: shut down its write half, and
/// read until the peer has shut down its own. A socket that is closed with unread bytes is reset,
/// and the peer may lose the Close frame.
///
/// ```
/// use bytes::{Buf, BufMut};
/// use sansocket::{Config, Connection, Event};
///
/// let mut server = Connection::server(Config::new());
/// // §5.7: "Hello", masked
/// server.input().put_slice(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
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
// What a send touches comes first: on few cache lines.
#[repr(C)]
pub struct Connection {
    pub(super) close_state: CloseState,
    pub(super) output: Output,
    pub(super) sent: Counts,
    pub(super) writer: Writer,
    /// The state of both directions, if compression was negotiated. Boxed, as are other fields
    /// below, because few connections have one.
    pub(super) compression: Option<Box<Compression>>,
    /// The payload of a pong that is queued once the peer reads again.
    pub(super) pending_pong: Option<Box<Bytes>>,
    /// The size of the largest frame that is sent; `u32::MAX` is no limit.
    pub(super) sent_frame_limit: u32,
    /// Messages of which the bytes in flight are the end.
    pub(super) messages_in_flight: u32,
    pub(super) fragmented_send: FragmentedSend,
    /// Whether [`Event::Closed`] was returned.
    pub(super) closed_emitted: bool,
    /// Whether [`end_input`](Self::end_input) was called.
    pub(super) input_ended: bool,
    /// Bytes of output that an adapter has taken to write.
    pub(super) in_flight: usize,
    pub(super) config: Config,
    pub(super) received: Counts,
    pub(super) reader: Reader,
    pub(super) inbox: Inbox,
    pub(super) assembler: Assembler,
    /// Events that are returned before those that are still to be parsed.
    #[expect(
        clippy::box_collection,
        reason = "few connections have one, and each would have room for it"
    )]
    pub(super) pushed_back: Option<Box<VecDeque<Event>>>,
    /// Compressed payload that is inflated chunk by chunk.
    pub(super) pending_chunk: Option<Box<PendingChunk>>,
    subprotocol: Option<Box<Subprotocol>>,
}

struct Subprotocol(Box<str>);

impl Connection {
    /// Creates the server's endpoint of a connection whose opening handshake is done: by
    /// [`ServerHandshake`](crate::ServerHandshake), or by another library (an HTTP server's
    /// upgrade, HTTP/2).
    #[must_use]
    #[inline]
    pub fn server(config: Config) -> Self {
        Self::new(Writer::Server, config)
    }

    /// Creates the client's endpoint of a connection whose opening handshake is done: by
    /// [`ClientHandshake`](crate::ClientHandshake), or by another library.
    ///
    /// There is no constructor with a role for an argument, so that every client has a source of
    /// masking keys.
    #[must_use]
    pub fn client(config: Config, entropy: Entropy) -> Self {
        Self::new(Writer::Client(entropy), config)
    }

    #[inline]
    fn new(writer: Writer, config: Config) -> Self {
        Self {
            inbox: Inbox::default(),
            input_ended: false,
            reader: Reader::new(&config),
            sent_frame_limit: config.sent_frame_limit(),
            config,
            assembler: Assembler::default(),
            writer,
            output: Output::default(),
            in_flight: 0,
            messages_in_flight: 0,
            received: Counts::default(),
            sent: Counts::default(),
            pending_pong: None,
            fragmented_send: FragmentedSend::default(),
            close_state: CloseState::Open,
            closed_emitted: false,
            pushed_back: None,
            compression: None,
            pending_chunk: None,
            subprotocol: None,
        }
    }

    /// Enables compression with the parameters that another library's handshake has negotiated, at
    /// the level of [`Config::deflate`]. This crate's handshakes do it themselves.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn with_deflate(mut self, agreed: &crate::deflate::Agreed) -> Self {
        self.set_deflate(agreed);
        self
    }

    #[cfg(feature = "deflate")]
    pub(crate) fn set_deflate(&mut self, agreed: &crate::deflate::Agreed) {
        let deflate = self.config.take_deflate_options().unwrap_or_default();
        self.compression = Some(Box::new(Compression::new(&deflate, agreed)));
        self.reader.may_be_compressed = true;
    }

    /// Continues after an opening handshake: with the bytes received after its head, whether the
    /// stream ended there, the response to write first, and the subprotocol.
    pub(crate) fn continue_handshake(
        &mut self,
        inbox: Inbox,
        input_ended: bool,
        response: Vec<u8>,
        subprotocol: Option<&str>,
    ) {
        self.input_ended = input_ended;
        self.inbox = inbox;
        self.inbox.release_memory();
        self.output.begin_with(response);
        self.set_subprotocol(subprotocol);
    }

    pub(crate) fn set_subprotocol(&mut self, subprotocol: Option<&str>) {
        self.subprotocol = subprotocol.map(|name| Box::new(Subprotocol(name.into())));
    }

    // The wire side.

    /// Returns the buffer that received bytes are appended to. It has room for at least 1 KiB;
    /// [`receive`](Self::receive) frees unused room.
    pub fn input(&mut self) -> &mut (impl BufMut + use<>) {
        if self.state() == State::Closed {
            self.inbox.clear();
        }
        self.inbox.space()
    }

    /// Reports the end of the stream: no more bytes will be received.
    pub fn end_input(&mut self) {
        self.input_ended = true;
    }

    /// Returns the bytes to write, in one slice after the other ([`Buf::chunk`]) or in several at
    /// once ([`Buf::chunks_vectored`]). Remove written bytes with [`Buf::advance`].
    #[inline]
    pub fn output(&mut self) -> &mut (impl Buf + use<>) {
        if self.buffered_amount() < PONGS_WHILE_BELOW {
            self.queue_pending_pong();
        }
        &mut self.output
    }

    /// Removes written bytes from the output.
    #[inline]
    pub(crate) fn output_written(&mut self, count: usize) {
        self.output.advance(count);
    }

    /// Returns whether to read from the stream. It is false after the end of the stream, and for a
    /// server in [`State::Closed`]; a closed client reads until the server closes the stream
    /// (§7.1.1).
    #[must_use]
    pub fn wants_read(&self) -> bool {
        // RFC 6455 §7.1.1: "when a client is instructed to do the same, it SHOULD wait for a TCP
        // Close from the server"
        !self.input_ended && (self.state() != State::Closed || self.role() == Role::Client)
    }

    /// Returns whether [`output`](Self::output) has bytes to write.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.buffered_amount() > 0 || self.pending_pong.is_some()
    }

    // The state.

    /// Returns which endpoint of the connection this is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.writer.role()
    }

    /// Returns the connection's state. It is never [`State::Connecting`]: the handshakes are.
    #[must_use]
    pub const fn state(&self) -> State {
        self.close_state.state()
    }

    /// Returns how the connection was closed, once it is: the same as [`Event::Closed`].
    #[must_use]
    pub const fn closed(&self) -> Option<&Closed> {
        self.close_state.closed()
    }

    /// Returns the Close frame that we sent, while the peer's is waited for.
    #[cfg(feature = "tracing")]
    pub(crate) fn sent_close(&self) -> Option<&crate::message::CloseFrame> {
        self.close_state.sent()
    }

    /// Returns the negotiated subprotocol.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_ref().map(|subprotocol| &*subprotocol.0)
    }

    /// Returns the negotiated parameters of compression; `None` without compression.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(&self) -> Option<&crate::deflate::Agreed> {
        self.compression.as_ref().map(|compression| &compression.agreed)
    }

    /// Returns the number of bytes that are queued to be written, frame headers included.
    #[must_use]
    pub const fn buffered_amount(&self) -> usize {
        self.output.len() + self.in_flight
    }

    /// Frees the window of the compressor, which the next compressed message allocates again: it
    /// then finds no repetitions of earlier messages.
    pub fn release_memory(&mut self) {
        if let Some(compression) = &mut self.compression {
            compression.release_memory();
        }
    }

    /// Queues the pending pong. It precedes every message: a connection that always has more to
    /// send never falls below [`PONGS_WHILE_BELOW`].
    #[inline]
    pub(super) fn queue_pending_pong(&mut self) {
        if let Some(payload) = self.pending_pong.take() {
            self.queue_control(Opcode::Pong, &payload);
        }
    }

    /// Queues a control frame.
    #[inline]
    pub(super) fn queue_control(&mut self, opcode: Opcode, payload: &[u8]) {
        self.sent.other_frame();
        self.writer.control(opcode, payload, &mut self.output);
    }

    /// Queues the Close frame that a transition of the close state requires. It is the last frame:
    /// a pending pong is dropped.
    pub(super) fn queue_close(&mut self, reply: Option<CloseReply>) {
        let Some(frame) = reply else { return };
        self.pending_pong = None;
        self.release_memory();
        let payload = frame.map(|frame| frame.encode()).unwrap_or_default();
        self.queue_control(Opcode::Close, &payload);
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
