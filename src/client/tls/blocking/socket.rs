//! The stream below TLS, and its timeouts, which handles of one socket share.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use crate::adapter::blocking::Stream;

/// A timeout of a stream; `None` is none.
pub(super) type Timeout = Option<Duration>;

/// The timeout that the socket has, and the handle that has set it; `None` before.
pub(super) type Applied = Option<(usize, Timeout)>;

/// One handle of the stream below.
pub(super) struct Socket<S> {
    pub(super) stream: S,
    pub(super) handle: usize,
}

impl<S: Stream> Socket<S> {
    pub(super) fn read(
        &mut self,
        applied: &mut Applied,
        timeout: Timeout,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        let wanted = Some((self.handle, timeout));
        if *applied != wanted {
            self.stream.set_read_timeout(timeout)?;
            *applied = wanted;
        }
        retry(|| self.stream.read(buffer)).map(|count| count.min(buffer.len()))
    }

    pub(super) fn write(
        &mut self,
        applied: &mut Applied,
        timeout: Timeout,
        bytes: &[u8],
    ) -> io::Result<usize> {
        let wanted = Some((self.handle, timeout));
        if *applied != wanted {
            self.stream.set_write_timeout(timeout)?;
            *applied = wanted;
        }
        match retry(|| self.stream.write(bytes))? {
            0 => Err(ErrorKind::WriteZero.into()),
            count => Ok(count.min(bytes.len())),
        }
    }
}

/// Repeats a call that a signal has interrupted.
fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Whether a stream did nothing in time. Systems differ in how they say it.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The timeout of one call that may read or write the socket several times. The clock is read only
/// if there is one.
pub(super) struct Deadline {
    timeout: Timeout,
    begun: Option<Instant>,
}

impl Deadline {
    pub(super) const fn new(timeout: Timeout) -> Self {
        Self { timeout, begun: None }
    }

    /// The timeout of the next read or write: the whole one for the first, so that it is seldom
    /// set anew, and what is left for the others.
    pub(super) fn left(&mut self) -> io::Result<Timeout> {
        let Some(timeout) = self.timeout else { return Ok(None) };
        let elapsed = match self.begun {
            Some(begun) => begun.elapsed(),
            None => {
                self.begun = Some(Instant::now());
                Duration::ZERO
            }
        };
        match timeout.saturating_sub(elapsed) {
            Duration::ZERO => Err(ErrorKind::WouldBlock.into()),
            left => Ok(Some(left)),
        }
    }
}
