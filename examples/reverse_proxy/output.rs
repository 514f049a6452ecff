//! The output to one side, with a buffer for bytes that the stream does not take at once.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use crate::stream::Stream;

/// Bytes on their way to a stream.
#[derive(Default)]
pub(crate) struct Output {
    /// Bytes that wait, of which some are written.
    waiting: Vec<u8>,
    written: usize,
    needs_flush: bool,
    state: State,
    has_progressed: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    ShutDown,
    Failed,
}

impl Output {
    /// Writes the bytes that wait.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, to: &mut Stream) -> Poll<()> {
        while self.written < self.waiting.len() {
            match ready!(Pin::new(&mut *to).poll_write(cx, &self.waiting[self.written..])) {
                Ok(count) if count > 0 => {
                    self.written += count;
                    (self.needs_flush, self.has_progressed) = (true, true);
                }
                _ => self.fail(),
            }
        }
        (self.waiting, self.written) = (Vec::new(), 0);
        Poll::Ready(())
    }

    /// Writes as much as the stream takes at once; the rest waits. Called only when no bytes wait.
    pub(crate) fn write(&mut self, cx: &mut Context<'_>, to: &mut Stream, bytes: &[u8]) {
        if bytes.is_empty() || self.state == State::Failed {
            return;
        }
        match Pin::new(to).poll_write(cx, bytes) {
            Poll::Pending => self.push(bytes),
            Poll::Ready(Ok(count)) if count > 0 => {
                (self.needs_flush, self.has_progressed) = (true, true);
                self.push(&bytes[count..]);
            }
            Poll::Ready(_) => self.fail(),
        }
    }

    /// Adds bytes to those that wait.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>, to: &mut Stream) {
        if mem::take(&mut self.needs_flush) {
            match Pin::new(to).poll_flush(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => self.fail(),
                Poll::Pending => self.needs_flush = true,
            }
        }
    }

    /// Shuts the stream down, if that was not done.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>, to: &mut Stream) -> Poll<()> {
        if self.state == State::Open {
            let shut_down = ready!(Pin::new(to).poll_shutdown(cx));
            self.state = shut_down.map_or(State::Failed, |()| State::ShutDown);
        }
        Poll::Ready(())
    }

    /// The receiving side is gone; what it sent before can still be read.
    fn fail(&mut self) {
        self.state = State::Failed;
        (self.waiting, self.written) = (Vec::new(), 0);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.state == State::Failed
    }

    /// Whether bytes were written since the last call.
    pub(crate) fn take_progress(&mut self) -> bool {
        mem::take(&mut self.has_progressed)
    }
}
