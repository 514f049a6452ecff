//! A blocking stream with a clock: moves bytes between it and the four ends, and gives up in time.

use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use bytes::Buf;

use super::stream::Stream;
use crate::adapter::window::Window;
use crate::adapter::{Backpressure, Error, is_cut};
use crate::connection::State;
use crate::timing::{Due, TimedOut, Timeouts, Timer};

/// Reads that a handshake may still take when its time is over, if there is something to read at
/// once: who comes late shall find what came in time, but not for ever.
const OVERTIME: usize = 16;

/// How long it is not tried again to write at once to a stream that took nothing.
const STUCK: Duration = Duration::from_millis(100);

/// As many buffers as one write takes: beyond that, the next write does.
const MAX_SLICES: usize = 16;

/// What waiting for bytes came to.
pub(super) enum Read {
    /// So many bytes were read.
    Bytes(usize),
    /// The stream has ended, or was cut off.
    End,
    /// None came, and the peer should be asked whether it is still there.
    PingDue,
}

/// How long somebody waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    /// Since when: who comes to a peer that takes nothing gives it as much time again.
    pub(super) begun: Duration,
    /// Until when, if not longer.
    pub(super) until: Option<Duration>,
}

impl Wait {
    /// As long, but not longer than this from `now` on.
    pub(super) fn at_most(self, now: Duration, time: Duration) -> Self {
        let soon = now.saturating_add(time);
        Self { until: Some(self.until.map_or(soon, |until| until.min(soon))), ..self }
    }

    pub(super) fn is_over(self, now: Duration) -> bool {
        self.until.is_some_and(|until| now >= until)
    }
}

/// What a stream can be set to; none is for ever.
type Timeout = Option<Duration>;

#[derive(Debug)]
pub(super) struct Pipe<S> {
    stream: S,
    /// The epoch of `timer`.
    epoch: Instant,
    timer: Timer,
    pub(super) backpressure: Backpressure,
    /// Whether something was written that the stream may still hold.
    unflushed: bool,
    /// What was read, and the connection was not given yet.
    pub(super) unread: Window,
    /// When the stream last took something.
    took: Duration,
    /// Reads since the time for the handshake was over.
    overtime: usize,
    /// When a write last found that the stream takes nothing at once.
    stuck: Option<Duration>,
    /// The timeouts that the stream has now, so as not to set them again; none if that is not
    /// known.
    read_timeout: Option<Timeout>,
    write_timeout: Option<Timeout>,
}

impl<S: Stream> Pipe<S> {
    /// Begins the opening handshake's time at `epoch`.
    pub(super) fn new(
        mut stream: S,
        timeouts: Timeouts,
        backpressure: Backpressure,
        epoch: Instant,
    ) -> Result<Self, Error> {
        stream.set_blocking()?;
        Ok(Self {
            stream,
            epoch,
            timer: Timer::new(timeouts, Duration::ZERO),
            backpressure,
            unflushed: false,
            unread: Window::default(),
            took: Duration::ZERO,
            overtime: 0,
            stuck: None,
            read_timeout: None,
            write_timeout: None,
        })
    }

    /// The same, on a second handle of the stream: what it writes from now on.
    pub(super) fn beside<W: Stream>(&mut self, stream: W) -> Result<Pipe<W>, Error> {
        let mut pipe = Pipe::new(stream, *self.timer.timeouts(), self.backpressure, self.epoch)?;
        pipe.observe(self.timer.state());
        self.pass_on(&mut pipe);
        Ok(pipe)
    }

    /// Another handle of the stream may have set other timeouts: they are the stream's, whichever
    /// handle sets them.
    pub(super) const fn forget_timeouts(&mut self) {
        (self.read_timeout, self.write_timeout) = (None, None);
    }

    /// Lets another handle of the stream write from now on.
    pub(super) fn pass_on<W>(&mut self, to: &mut Pipe<W>) {
        (to.unflushed, to.took) = (self.unflushed, self.took);
        self.unflushed = false;
    }

    /// Begins to wait.
    pub(super) fn wait(&self, until: Option<Duration>) -> Wait {
        Wait { begun: self.now(), until }
    }

    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    pub(super) const fn epoch(&self) -> Instant {
        self.epoch
    }

    pub(super) const fn timeouts(&self) -> &Timeouts {
        self.timer.timeouts()
    }

    pub(super) const fn timer(&mut self) -> &mut Timer {
        &mut self.timer
    }

    pub(super) fn observe(&mut self, state: State) {
        self.timer.observe(state, self.epoch.elapsed());
    }

    pub(super) const fn round_trip(&self) -> Option<Duration> {
        self.timer.round_trip()
    }

    pub(super) const fn stream(&self) -> &S {
        &self.stream
    }

    pub(super) fn into_stream(mut self) -> S {
        // The stream goes on without us: what we set is undone, and if that fails, its next user
        // will meet the failure.
        let _ = self.stream.set_read_timeout(None);
        let _ = self.stream.set_write_timeout(None);
        self.stream
    }

    /// Whether something was written that the stream may still hold.
    pub(super) const fn is_unflushed(&self) -> bool {
        self.unflushed
    }

    /// Writes all there is, and passes it on. What was written when an error comes is off the
    /// buffer.
    pub(super) fn write(&mut self, output: &mut impl Buf, wait: Wait) -> Result<(), Error> {
        while output.has_remaining() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = output.chunks_vectored(&mut slices);
            match self.in_time(wait, |stream| stream.write_vectored(&slices[..count]))? {
                0 => return Err(Error::ConnectionLost),
                written => output.advance(written),
            }
            self.took = self.now();
            self.stuck = None;
            self.unflushed = true;
        }
        self.in_time(wait, S::flush)?;
        self.unflushed = false;
        Ok(())
    }

    /// Whether the stream took nothing at once when that was last tried, which was so shortly ago
    /// that it is not worth the time to try again: systems round even the shortest timeout up to
    /// some milliseconds.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck.is_some_and(|stuck| self.now() < stuck.saturating_add(STUCK))
    }

    /// Writes or flushes, no longer than there is time.
    fn in_time<T>(
        &mut self,
        wait: Wait,
        mut work: impl FnMut(&mut S) -> io::Result<T>,
    ) -> Result<T, Error> {
        let stall = self
            .timer
            .timeouts()
            .write
            .map(|timeout| wait.begun.max(self.took).saturating_add(timeout));
        loop {
            // In an open connection the timer's deadline is for what is read.
            let phase =
                if self.timer.state() == State::Open { None } else { self.timer.deadline() };
            let deadline = [stall, phase, wait.until].into_iter().flatten().min();
            let begun = self.now();
            if let Some(timeout) = new_timeout(self.write_timeout, deadline, begun) {
                self.stream.set_write_timeout(timeout)?;
                self.write_timeout = Some(timeout);
            }
            match work(&mut self.stream) {
                Ok(done) => return Ok(done),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => {
                    let now = self.now();
                    self.timer.check(now)?;
                    if stall.is_some_and(|stall| now >= stall) {
                        return Err(TimedOut::Write.into());
                    }
                    if wait.is_over(now) {
                        self.stuck = Some(now);
                        return Err(TimedOut::Receive.into());
                    }
                    if !waited(self.write_timeout, now.saturating_sub(begun)) {
                        return Err(too_early(error).unwrap_or(Error::ConnectionLost));
                    }
                }
                Err(error) if is_cut(&error) => return Err(Error::ConnectionLost),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits for bytes, which are `unread` then.
    pub(super) fn read(&mut self, until: Option<Duration>) -> Result<Read, Error> {
        let mut window = Window::new(false);
        let read = self.read_into(window.space(), until)?;
        if let Read::Bytes(count) = read {
            window.fill(count);
            let now = self.now();
            self.timer.heard(now);
            self.overtime += usize::from(self.timer.check(now).is_err());
            self.unread = window;
        }
        Ok(read)
    }

    fn read_into(&mut self, window: &mut [u8], until: Option<Duration>) -> Result<Read, Error> {
        if self.overtime >= OVERTIME {
            self.timer.check(self.now())?;
        }
        loop {
            let deadline = [self.timer.deadline(), until].into_iter().flatten().min();
            let begun = self.now();
            if let Some(timeout) = new_timeout(self.read_timeout, deadline, begun) {
                self.stream.set_read_timeout(timeout)?;
                self.read_timeout = Some(timeout);
            }
            match self.stream.read(window) {
                Ok(0) => return Ok(Read::End),
                Ok(count) => return Ok(Read::Bytes(count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Only now that there is nothing to read: what waits in the stream is a sign of
                // life, however late it is read.
                Err(error) if is_timeout(&error) => {
                    let now = self.now();
                    if self.timer.poll(now)? == Due::Ping {
                        return Ok(Read::PingDue);
                    }
                    if until.is_some_and(|until| now >= until) {
                        return Err(TimedOut::Receive.into());
                    }
                    if !waited(self.read_timeout, now.saturating_sub(begun)) {
                        return too_early(error).map_or(Ok(Read::End), Err);
                    }
                }
                Err(error) if is_cut(&error) => return Ok(Read::End),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Ends the stream so that what was written arrives: bytes of the peer's that nobody read would
    /// make the system cut the stream off, and our last words with it. They are thrown away until
    /// the peer hangs up too, or the time for closing is over, or it is late enough for whoever
    /// waits.
    pub(super) fn hang_up(&mut self, we_first: bool, until: Option<Duration>) {
        self.observe(State::Closed);
        if we_first {
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        while until.is_none_or(|until| self.now() < until) {
            let Ok(Read::Bytes(_)) = self.read(until) else { break };
        }
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Ends the stream now.
    pub(super) fn cut(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// The timeout that the stream needs now, if the one that it has does not do. It may be shorter
/// than the time that is left, so as not to be set for every call: then the call is made again.
fn new_timeout(
    current: Option<Timeout>,
    deadline: Option<Duration>,
    now: Duration,
) -> Option<Timeout> {
    let Some(left) = deadline.map(|deadline| deadline.saturating_sub(now)) else {
        return if current == Some(None) { None } else { Some(None) };
    };
    let does = current.flatten().is_some_and(|current| current <= left && current >= left / 2);
    // Sockets take no timeout of zero.
    (!does).then(|| Some((left - left / 8).max(Duration::from_micros(1))))
}

/// Whether a call that the stream says took too long did take that long.
fn waited(timeout: Option<Timeout>, time: Duration) -> bool {
    timeout.flatten().is_some_and(|timeout| time >= timeout / 2)
}

/// A stream that says it is too late when it is not: it does not block, or it was the network that
/// gave up.
fn too_early(error: io::Error) -> Option<Error> {
    let told =
        "the stream does not block: make it, or drive the core with an event loop of your own";
    (error.kind() != ErrorKind::TimedOut).then(|| io::Error::new(error.kind(), told).into())
}

/// How streams say that a timeout is over: systems differ.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
