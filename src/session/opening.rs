//! The opening handshake with its deadline, and the answer to a rejected request: RFC 6455 §4,
//! without I/O.
//!
//! An [`Exchange`] answers the same question as a [`Session`](super::Session), and takes the same
//! reports. Bytes that are in the socket at the deadline are read and used: only a handshake that
//! would have to wait for more has timed out.
//!
//! | exchange            | writes       | reads        | ends                                          |
//! |---------------------|--------------|--------------|-----------------------------------------------|
//! | a tunnel            | the request  | the answer   | when `receive` returns the tunnel's bytes     |
//! | a server's request  | –            | the request  | when `receive` returns it, or a rejection     |
//! | a client's          | the request  | the response | when `receive` returns the connection, or a refusal |
//! | an acceptance       | the response | –            | when that is written                          |
//! | a rejection         | the response | to discard   | when the stream is shut down, by [`Timeouts::close`] |

use core::fmt;
use core::time::Duration;

use bytes::Buf;

use super::backpressure::Backpressure;
use super::live::Session;
use super::shutdown::Step;
use super::side::Handshake;
use super::stream::{Next, StreamState};
use super::trace::Trace;
use crate::connection::{Config, Connection, Entropy, Role, State};
use crate::handshake::{
    ClientHandshake, ClientRequest, Rejection, Request, Response, ResponseError, ServerHandshake,
};
use crate::timing::{SharedTimeouts, TimedOut, Timeouts, Timer};

/// How long a client waits for the body of a response other than 101, after its head: for its
/// first line, which says why the server refused. A server that dawdles does not delay the rest.
pub(crate) const MAX_BODY_WAIT: Duration = Duration::from_secs(1);

/// When the answer to [`Exchange::next`] is [`Next::Done`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DoneWhen {
    /// Never: `receive` returns the result.
    Received,
    /// Once the output is written.
    Written,
    /// Once the stream is shut down too.
    ShutDown,
}

/// A handshake with its deadline, [`Timeouts::handshake`]: a [`ServerHandshake`], a
/// [`ClientHandshake`], a [`Tunnel`](crate::proxy::Tunnel) through a proxy, an accepted
/// [`Connection`] whose response is to be written, or a [`Rejection`], whose deadline is
/// [`Timeouts::close`].
pub struct Exchange<H> {
    pub(super) handshake: H,
    stream: StreamState,
    timer: Timer,
    done_when: DoneWhen,
    /// When the wait for the body of a refusal ends.
    body_deadline: Option<Duration>,
}

impl<H> Exchange<H> {
    pub(super) fn start(
        handshake: H,
        timeouts: SharedTimeouts,
        now: Duration,
        done_when: DoneWhen,
    ) -> Self {
        let timer = Timer::with_shared(timeouts, now);
        let stream = StreamState::default();
        Self { handshake, stream, timer, done_when, body_deadline: None }
    }

    /// The handshake, or the connection.
    #[must_use]
    pub fn into_inner(self) -> H {
        self.handshake
    }
}

impl Exchange<ServerHandshake> {
    /// A handshake that begins now, and makes a connection with this configuration.
    #[must_use]
    pub fn server(config: Config, timeouts: Timeouts, now: Duration) -> Self {
        Self::server_shared(config, timeouts.into(), now)
    }

    pub(crate) fn server_shared(config: Config, timeouts: SharedTimeouts, now: Duration) -> Self {
        Self::start(ServerHandshake::new(config), timeouts, now, DoneWhen::Received)
    }

    /// Returns the client's request once it is complete: see [`ServerHandshake::receive`].
    ///
    /// # Errors
    ///
    /// [`Rejection`], whose response [`Exchange::rejection`] sends.
    pub fn receive(&mut self) -> Result<Option<Request>, Rejection> {
        self.handshake.receive()
    }

    /// Writes the response that accepts the request: see [`Exchange::acceptance`].
    #[must_use]
    pub fn accept(&self, connection: Connection) -> Exchange<Connection> {
        Exchange::acceptance_by(connection, self.timer.clone())
    }

    /// Writes the response that rejects the request: see [`Exchange::rejection`].
    #[must_use]
    pub fn reject(&self, rejection: Rejection, now: Duration) -> Exchange<Rejection> {
        Exchange::rejection_shared(rejection, self.timer.shared_timeouts().clone(), now)
    }
}

impl Exchange<ClientHandshake> {
    /// A handshake that begins now.
    #[must_use]
    pub fn client(
        request: &ClientRequest,
        config: Config,
        entropy: Entropy,
        timeouts: Timeouts,
        now: Duration,
    ) -> Self {
        Self::client_shared(ClientHandshake::new(request, config, entropy), timeouts.into(), now)
    }

    pub(crate) fn client_shared(
        handshake: ClientHandshake,
        timeouts: SharedTimeouts,
        now: Duration,
    ) -> Self {
        Self::start(handshake, timeouts, now, DoneWhen::Received)
    }

    /// Returns the connection once the server has answered: see [`ClientHandshake::receive`].
    ///
    /// # Errors
    ///
    /// [`ResponseError`] if there is no connection. A refusal is returned with its body, or with
    /// the part of it that arrived within 1 s after the head: [`next`](Self::next) returns
    /// [`Next::Done`] then, and this is to be called again.
    pub fn receive(&mut self) -> Result<Option<(Connection, Response)>, ResponseError> {
        self.handshake.receive()
    }

    /// Returns the server's refusal, if its head has arrived, with the part of its body that has:
    /// for a caller that waits no longer. It says more than an error of the stream.
    ///
    /// [`ClientHandshake::refusal`] shows the head, and leaves it.
    pub fn refusal(&mut self) -> Option<ResponseError> {
        let refused = self.receive().err().or_else(|| {
            self.handshake.skip_body();
            self.receive().err()
        });
        refused.filter(|error| matches!(error, ResponseError::UnexpectedStatus(_)))
    }

    /// The handshake, for example to look at the head of a refusal.
    #[must_use]
    pub const fn handshake(&self) -> &ClientHandshake {
        &self.handshake
    }
}

impl Exchange<Rejection> {
    /// Sends the response of a rejected request, and shuts the stream down so that it arrives.
    #[must_use]
    pub fn rejection(rejection: Rejection, timeouts: Timeouts, now: Duration) -> Self {
        Self::rejection_shared(rejection, timeouts.into(), now)
    }

    pub(crate) fn rejection_shared(
        rejection: Rejection,
        timeouts: SharedTimeouts,
        now: Duration,
    ) -> Self {
        let mut exchange = Self::start(rejection, timeouts, now, DoneWhen::ShutDown);
        exchange.timer.set_state(State::Closed, now);
        exchange
    }
}

impl Exchange<Connection> {
    /// Writes the response of an accepted request. `started` is when the opening handshake began:
    /// its deadline still holds.
    #[must_use]
    pub fn acceptance(connection: Connection, timeouts: Timeouts, started: Duration) -> Self {
        Self::acceptance_shared(connection, timeouts.into(), started)
    }

    pub(crate) fn acceptance_shared(
        connection: Connection,
        timeouts: SharedTimeouts,
        started: Duration,
    ) -> Self {
        Self::acceptance_by(connection, Timer::with_shared(timeouts, started))
    }

    fn acceptance_by(connection: Connection, timer: Timer) -> Self {
        let mut stream = StreamState::default();
        // What the client sends meanwhile waits in the stream.
        stream.shutdown.end_input();
        let done_when = DoneWhen::Written;
        Self { handshake: connection, stream, timer, done_when, body_deadline: None }
    }

    /// The session on the connection, once the response is written: [`next`](Self::next) has
    /// returned [`Next::Done`].
    #[must_use]
    pub fn into_session(self, now: Duration) -> Session {
        let timeouts = self.timer.shared_timeouts().clone();
        let trace = Trace::of(&self.handshake);
        Session::with_shared(self.handshake, timeouts, Backpressure::default(), trace, now)
    }
}

impl<H: Handshake> Exchange<H> {
    /// Returns what to do with the stream now. [`Next`] says what to report afterwards.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] after the deadline, once the stream has no more bytes. Not for a client that
    /// has the head of a refusal: then it is [`Next::Done`], and
    /// [`receive`](Exchange::<ClientHandshake>::receive) returns the refusal.
    pub fn next(&mut self, now: Duration) -> Result<Next, TimedOut> {
        if self.handshake.waits_for_body() {
            self.body_deadline.get_or_insert(now.saturating_add(MAX_BODY_WAIT));
        }
        let closing = (self.done_when == DoneWhen::ShutDown).then_some(Role::Server);
        let wants_write = self.handshake.output().is_some_and(|output| output.has_remaining());
        let written = !wants_write && !self.stream.writes.is_unflushed();
        if self.done_when == DoneWhen::Written && (written || self.stream.shutdown.is_done()) {
            return Ok(Next::Done);
        }
        let next = self.stream.check_late_read(&self.timer, now).and_then(|()| {
            match self.stream.next(wants_write, closing) {
                Some(next) => Ok(next),
                None => self.timer.check_handshake(now).map(|()| Next::Wait(self.deadline())),
            }
        });
        match next {
            // The response has left: no more than draining is cut short.
            Err(_) if self.stream.shutdown.step() == Step::Drain => Ok(Next::Done),
            Err(_) | Ok(Next::Wait(_)) if self.body_is_late(now, next.is_err()) => {
                self.handshake.skip_body();
                Ok(Next::Done)
            }
            next => next,
        }
    }

    /// Whether nothing but the body of a refusal is missing, and it is not waited for any longer.
    fn body_is_late(&self, now: Duration, timed_out: bool) -> bool {
        self.body_deadline.is_some_and(|deadline| timed_out || now >= deadline)
    }

    /// When the exchange times out, or the body of a refusal is not waited for any longer.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        [self.timer.deadline(), self.body_deadline].into_iter().flatten().min()
    }

    /// Bytes to write; `None` for a server that reads a request.
    pub fn output(&mut self) -> Option<&mut dyn Buf> {
        self.handshake.output()
    }

    /// Reports that the stream has accepted bytes, and takes them off the output. A stream that
    /// accepts 0 bytes, without saying that it would block, has failed: see
    /// [`write_failed`](Self::write_failed).
    ///
    /// # Panics
    ///
    /// If there is less output.
    pub fn wrote(&mut self, count: usize) {
        if count == 0 {
            return self.write_failed();
        }
        let output = self.handshake.output();
        assert!(output.is_some(), "there is no output");
        output.into_iter().for_each(|output| output.advance(count));
        self.stream.writes.wrote(count);
    }

    /// Reports that the stream has flushed all it was given.
    pub fn flushed(&mut self) {
        self.stream.writes.flush_done();
    }

    /// Reports that the stream accepts nothing now.
    pub fn write_would_block(&mut self, now: Duration) {
        self.stream.write_blocked = true;
        self.stream.writes.would_block(|| now);
    }

    /// Reports that writing has failed. A client still reads: the server's response may have
    /// arrived. For a server the exchange is done.
    pub fn write_failed(&mut self) {
        self.stream.write_failed = true;
        if self.done_when != DoneWhen::Received {
            self.stream.shutdown.finish();
        }
    }

    /// Whether writing has failed.
    pub(crate) const fn write_has_failed(&self) -> bool {
        self.stream.write_failed
    }

    /// Reports that the write half of the stream is shut down, or can't be.
    pub fn write_half_shut_down(&mut self) {
        self.stream.shutdown.write_half_shut_down();
    }

    /// Takes bytes that were read from the stream.
    pub fn received(&mut self, bytes: &[u8]) {
        self.stream.unreported_read = true;
        self.handshake.received(bytes);
    }

    /// Reports that the stream has no bytes now.
    pub fn read_would_block(&mut self) {
        self.stream.read_blocked = true;
    }

    /// Reports the end of the stream.
    pub fn end_input(&mut self) {
        self.stream.shutdown.end_input();
        self.handshake.end_input();
    }

    /// Reports that the stream is ready: it may accept bytes, and have some, again.
    pub fn stream_ready(&mut self) {
        self.stream.unblock();
    }
}

impl<H: fmt::Debug> fmt::Debug for Exchange<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("handshake", &self.handshake).finish_non_exhaustive()
    }
}
