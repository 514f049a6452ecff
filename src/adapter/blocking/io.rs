//! A blocking stream with a clock: calls that return in time.

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use bytes::Buf;

use super::stream::Stream;
use crate::adapter::{Error, output};
use crate::session::{RETRY_INTERVAL, WriteProgress};

/// A timeout of a stream; `None` is none.
type Timeout = Option<Duration>;

/// What a read has come to.
pub(super) enum Read {
    Bytes(usize),
    /// The end of the stream, or a reset.
    End,
    TimedOut,
}

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
        // Its next user meets a failure.
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
    pub(super) fn is_blocked(&self, now: Duration) -> bool {
        self.blocked_at.is_some_and(|at| now < at.saturating_add(RETRY_INTERVAL))
    }

    /// Reads some bytes, until this time at most.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        until: Option<Duration>,
    ) -> Result<Read, Error> {
        loop {
            let begun = self.now();
            if let Some(timeout) = new_timeout(self.read_timeout, until, begun) {
                self.stream.set_read_timeout(timeout)?;
                self.read_timeout = Some(timeout);
            }
            let error = match self.stream.read(buffer) {
                Ok(0) => return Ok(Read::End),
                Ok(count) => return Ok(Read::Bytes(count)),
                Err(error) => error,
            };
            match self.after_error(error, self.read_timeout, begun, until) {
                Ok(Retry::Now) => {}
                Ok(Retry::TooLate) => return Ok(Read::TimedOut),
                Err(Error::ConnectionLost) => return Ok(Read::End),
                Err(error) => return Err(error),
            }
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
            let write = |stream: &mut S| {
                output::write_with(output, vectored, |slices| match slices {
                    [slice] => stream.write(slice),
                    slices => stream.write_vectored(slices),
                })
            };
            match self.in_time(until, progress, write)? {
                Some(0) => return Err(Error::ConnectionLost),
                Some(written) => progress.written = written,
                None => return Ok(()),
            }
        }
        if progress.written == output.remaining() || progress.written as u64 >= flush_at {
            progress.flushed = self.in_time(until, progress, S::flush)?.is_some();
        }
        Ok(())
    }

    /// Writes or flushes; `None` if that times out.
    fn in_time<T>(
        &mut self,
        until: Option<Duration>,
        progress: &mut WriteProgress,
        mut work: impl FnMut(&mut S) -> io::Result<T>,
    ) -> Result<Option<T>, Error> {
        loop {
            let begun = self.now();
            if let Some(timeout) = new_timeout(self.write_timeout, until, begun) {
                self.stream.set_write_timeout(timeout)?;
                self.write_timeout = Some(timeout);
            }
            let error = match work(&mut self.stream) {
                Ok(done) => {
                    self.blocked_at = None;
                    return Ok(Some(done));
                }
                Err(error) => error,
            };
            if let Retry::TooLate = self.after_error(error, self.write_timeout, begun, until)? {
                progress.stalled_since = Some(begun);
                self.blocked_at = Some(self.now());
                return Ok(None);
            }
        }
    }

    /// Says whether to call again after an error, or returns the error.
    fn after_error(
        &self,
        error: io::Error,
        timeout: Option<Timeout>,
        begun: Duration,
        until: Option<Duration>,
    ) -> Result<Retry, Error> {
        match error.kind() {
            ErrorKind::Interrupted => return Ok(Retry::Now),
            // Systems differ in how they say that a timeout has expired.
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {}
            _ => return Err(Error::from_stream(error)),
        }
        let now = self.now();
        if until.is_some_and(|until| now >= until) {
            return Ok(Retry::TooLate);
        }
        if timeout.flatten().is_some_and(|timeout| now.saturating_sub(begun) >= timeout / 2) {
            return Ok(Retry::Now);
        }
        // Too early for a timeout of ours: the stream does not block, or the network gave up.
        Err(match error.kind() {
            ErrorKind::TimedOut => Error::ConnectionLost,
            kind => io::Error::new(
                kind,
                "the stream does not block; make it block, or drive a Session with an event loop",
            )
            .into(),
        })
    }

    pub(super) fn shut_down(&mut self, how: Shutdown) {
        // A stream that can't be shut down has ended.
        let _ = self.stream.shutdown(how);
    }
}

/// What to do after an error that is none of the stream's.
enum Retry {
    Now,
    TooLate,
}

/// The timeout that the stream needs, unless the one that it has will do. It may be shorter than
/// the time that is left, so that it is not set for every call; then the call is made again.
fn new_timeout(
    current: Option<Timeout>,
    until: Option<Duration>,
    now: Duration,
) -> Option<Timeout> {
    let Some(left) = until.map(|until| until.saturating_sub(now)) else {
        return if current == Some(None) { None } else { Some(None) };
    };
    let will_do = current.flatten().is_some_and(|current| current <= left && current >= left / 2);
    // Sockets take no timeout of zero.
    (!will_do).then(|| Some((left - left / 8).max(Duration::from_micros(1))))
}
