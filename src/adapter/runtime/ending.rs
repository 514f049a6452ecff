//! How the stream is ended, once the conversation is: RFC 6455 §7.1.1.

use std::task::{Context, Poll, ready};

use super::driver::Driver;
use super::io::{Clock, Stream};
use crate::adapter::window::Window;
use crate::connection::Role;

/// How far the stream is ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Write the last words.
    LastWords,
    /// Say that they were the last.
    Shutdown,
    /// Wait until the peer hangs up: bytes of its that nobody reads would cut the stream off, and
    /// our last words with it.
    Drain,
    Done,
}

impl<S: Stream, C: Clock> Driver<S, C> {
    /// Ends the stream so that the last words arrive: the server first, and no later than the
    /// deadline.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.observe();
        while !self.is_over() {
            self.poll_farewell(cx);
            // Meanwhile too: the peer may take our last words only after we have taken its own.
            let hung_up = match ready!(self.poll_read(cx)) {
                Poll::Ready(Ok(true)) => {
                    self.unread = Window::default();
                    self.finish_if(self.pipe.timer.check(self.pipe.now()).is_err());
                    continue;
                }
                Poll::Ready(_) => true,
                Poll::Pending => false,
            };
            self.finish_if(hung_up && self.ending == Ending::Drain);
            if !self.is_over() {
                let too_late = ready!(self.pipe.poll_time(cx, &mut self.patience, true)).is_err();
                self.finish_if(too_late);
            }
        }
        // For a client this is the first time; elsewhere it does no harm. Nobody waits for it.
        let _ = self.pipe.stream.poll_shutdown(cx);
        Poll::Ready(())
    }

    /// Whether the stream has ended, and not only the conversation.
    pub(super) fn is_over(&self) -> bool {
        self.ending == Ending::Done
    }

    /// Writes the last words and says that they were the last, as far as the stream takes it.
    fn poll_farewell(&mut self, cx: &mut Context<'_>) {
        if self.ending == Ending::LastWords && self.poll_flush(cx).is_ready() {
            self.ending = Ending::Shutdown;
        }
        let client = self.connection.role() == Role::Client;
        if self.ending == Ending::Shutdown
            && (client || self.pipe.stream.poll_shutdown(cx).is_ready())
        {
            self.ending = Ending::Drain;
        }
    }

    fn finish_if(&mut self, done: bool) {
        if done {
            self.ending = Ending::Done;
        }
    }
}
