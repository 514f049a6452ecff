//! A blocking stream with a clock: calls that return in time.

use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use bytes::Buf;

use super::stream::Stream;
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::{Error, counts, output};
use crate::session::{POLL_INTERVAL, RETRY_INTERVAL, WriteProgress};

/// A timeout of a stream; `None` is none.
type Timeout = Option<Duration>;

/// The result of a read.
pub(super) enum Read {
    Bytes(usize),
    /// The end of the stream, or a reset.
    End,
    TimedOut,
}

/// The result of one write.
#[derive(PartialEq)]
pub(super) enum Written {
    Some,
    /// There is nothing to write, or another thread is writing.
    Nothing,
    /// The stream accepted nothing in time.
    Stalled,
}

#[derive(Clone, Copy)]
enum Direction {
    Read,
    Write,
}

enum InTime<T> {
    Done(T),
    TimedOut { begun: Duration },
}

/// The bytes that a write may have, although a sender waits for fewer. Blocking writes return when
/// everything is accepted: those of a slow peer must not be larger.
const MIN_WRITE: usize = 16 * 1024;

/// The largest write, so that the progress of a long message is seen while it is written.
const MAX_WRITE: usize = 256 * 1024;

/// How often a call repeats a wait that has ended early. Systems count timeouts in ticks of up to
/// 16 ms, and may end a wait some ticks early; a stream that does so again and again never waits.
const MAX_EARLY: usize = 8;

/// The deadline of a caller that does not wait.
pub(super) const AT_ONCE: Duration = Duration::ZERO;

const DOES_NOT_BLOCK: &str =
    "the stream does not block; make it block, or drive a Session with an event loop";

/// A stream, or one handle of it, and its clock.
pub(super) struct Io<S> {
    stream: S,
    /// The epoch of the session's times.
    epoch: Instant,
    /// The timeouts that the stream has now, so that they are not set again; `None` if unknown.
    read_timeout: Option<Timeout>,
    write_timeout: Option<Timeout>,
    /// When a write last timed out, if none has made progress since.
    blocked_at: Option<Duration>,
}

impl<S: Stream> Io<S> {
    pub(super) fn new(mut stream: S, epoch: Instant) -> Result<Self, Error> {
        stream.set_blocking()?;
        // Or small messages would wait for others. A socket that refuses it is slower, and works.
        let _ = stream.set_nodelay();
        Ok(Self { stream, epoch, read_timeout: None, write_timeout: None, blocked_at: None })
    }

    pub(super) const fn epoch(&self) -> Instant {
        self.epoch
    }

    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    pub(super) const fn stream(&self) -> &S {
        &self.stream
    }

    /// The stream, without a timeout.
    pub(super) fn into_stream(mut self) -> S {
        // The next user of the stream sees a failure.
        let _ = self.stream.set_read_timeout(None);
        let _ = self.stream.set_write_timeout(None);
        self.stream
    }

    /// To be called when another handle of the stream may set timeouts: they belong to the stream.
    pub(super) const fn forget_timeouts(&mut self) {
        (self.read_timeout, self.write_timeout) = (None, None);
    }

    /// Whether the stream accepted nothing so recently that a caller that does not wait leaves it
    /// alone.
    pub(super) fn is_left_alone(&self, now: Duration, until: Option<Duration>) -> bool {
        until.is_some_and(|until| until <= now)
            && self.blocked_at.is_some_and(|at| now < at.saturating_add(RETRY_INTERVAL))
    }

    /// Reads some bytes, until this time at most.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        until: Option<Duration>,
    ) -> Result<Read, Error> {
        let read = |stream: &mut S| counts::check_read(stream.read(buffer)?, buffer.len());
        match self.in_time(Direction::Read, until, read) {
            Ok(InTime::Done(0)) | Err(Error::ConnectionLost) => Ok(Read::End),
            Ok(InTime::Done(count)) => Ok(Read::Bytes(count)),
            Ok(InTime::TimedOut { .. }) => Ok(Read::TimedOut),
            Err(error) => Err(error),
        }
    }

    /// Writes some bytes of the output, and flushes the stream once `flush_at` bytes or all of them
    /// are written; until this time at most. The progress counts also after an error.
    pub(super) fn write(
        &mut self,
        output: &impl Buf,
        flush_at: u64,
        until: Option<Duration>,
        progress: &mut WriteProgress,
    ) -> Result<(), Error> {
        if output.has_remaining() && flush_at > 0 {
            let vectored = Stream::is_write_vectored(&self.stream);
            let limit = usize::try_from(flush_at).unwrap_or(MAX_WRITE).clamp(MIN_WRITE, MAX_WRITE);
            let begun = self.now();
            let write = |stream: &mut S| {
                output::write_with(output, vectored, |slices| match slices {
                    [first, ..] if first.len() >= limit => {
                        write_some(stream, &[IoSlice::new(&first[..limit])])
                    }
                    slices => write_some(stream, &slices[..count_within(slices, limit)]),
                })
            };
            match self.in_time(Direction::Write, until, write)? {
                InTime::Done(0) => return Err(Error::ConnectionLost),
                InTime::Done(written) => progress.written = written,
                InTime::TimedOut { begun } => {
                    self.stalled(begun, progress);
                    return Ok(());
                }
            }
            // Less may be the scheduler.
            progress.has_waited = self.blocked_at.take().is_some()
                || self.now().saturating_sub(begun) >= POLL_INTERVAL;
        }
        if progress.written == output.remaining() || progress.written as u64 >= flush_at {
            match self.in_time(Direction::Write, until, S::flush)? {
                InTime::Done(()) => progress.flushed = true,
                InTime::TimedOut { begun } => self.stalled(begun, progress),
            }
        }
        Ok(())
    }

    fn stalled(&mut self, begun: Duration, progress: &mut WriteProgress) {
        progress.stalled_since = Some(begun);
        self.blocked_at = Some(self.now());
    }

    /// Calls the stream again and again, until it does something or it is too late.
    fn in_time<T>(
        &mut self,
        direction: Direction,
        until: Option<Duration>,
        mut call: impl FnMut(&mut S) -> io::Result<T>,
    ) -> Result<InTime<T>, Error> {
        let mut early = 0;
        loop {
            let begun = self.now();
            let timeout = self.set_timeout(direction, until, begun)?;
            let error = match call(&mut self.stream) {
                Ok(done) => return Ok(InTime::Done(done)),
                Err(error) => error,
            };
            match error.kind() {
                ErrorKind::Interrupted => continue,
                // Systems differ in how they say that a timeout has expired.
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {}
                _ => return Err(Error::from_stream(error)),
            }
            let now = self.now();
            if until.is_some_and(|until| now >= until) {
                return Ok(InTime::TimedOut { begun });
            }
            if let Some(timeout) = timeout {
                early += usize::from(now.saturating_sub(begun) < timeout / 2);
                if early <= MAX_EARLY {
                    continue;
                }
            }
            // No timeout of ours: the network gave up, or the stream does not block.
            return Err(match error.kind() {
                ErrorKind::TimedOut => Error::ConnectionLost,
                kind => io::Error::new(kind, DOES_NOT_BLOCK).into(),
            });
        }
    }

    /// Sets the timeout of the stream, unless the one that it has will do. It may be shorter than
    /// the time that is left, so that it is not set for every call; then the call is made again.
    fn set_timeout(
        &mut self,
        direction: Direction,
        until: Option<Duration>,
        now: Duration,
    ) -> Result<Timeout, Error> {
        let current = match direction {
            Direction::Read => &mut self.read_timeout,
            Direction::Write => &mut self.write_timeout,
        };
        let left = until.map(|until| until.saturating_sub(now));
        if let Some(set) = *current {
            let will_do = match (set, left) {
                (Some(set), Some(left)) => set <= left && set >= left / 2,
                (set, left) => set == left,
            };
            if will_do {
                return Ok(set);
            }
        }
        // Sockets take no timeout of zero.
        let timeout = left.map(|left| (left - left / 8).max(Duration::from_micros(1)));
        match direction {
            Direction::Read => self.stream.set_read_timeout(timeout)?,
            Direction::Write => self.stream.set_write_timeout(timeout)?,
        }
        *current = Some(timeout);
        Ok(timeout)
    }

    pub(super) fn shut_down(&mut self, how: Shutdown) {
        // A stream that can't be shut down has ended.
        let _ = self.stream.shutdown(how);
    }
}

fn write_some(stream: &mut impl Stream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    let written = match slices {
        [slice] => stream.write(slice)?,
        slices => stream.write_vectored(slices)?,
    };
    counts::check_written(written, slices)
}

/// How many leading slices have at most `limit` bytes together. The first one has fewer.
fn count_within(slices: &[IoSlice<'_>], limit: usize) -> usize {
    let mut len = 0;
    let is_within = |slice: &&IoSlice<'_>| {
        len += slice.len();
        len <= limit
    };
    slices.iter().take_while(is_within).count()
}

/// The stream as it is read from.
pub(super) struct ReadHalf<S> {
    pub(super) io: Io<S>,
    /// Bytes that were read, and not given to the session yet.
    pub(super) buffer: ReadBuffer,
}

impl<S> ReadHalf<S> {
    pub(super) fn new(io: Io<S>) -> Self {
        Self { io, buffer: ReadBuffer::default() }
    }
}
