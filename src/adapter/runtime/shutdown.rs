//! The shutdown of the stream after the closing handshake, as the session says: RFC 6455 §7.1.1.

use std::task::{Context, Poll, ready};

use super::driver::Driver;
use super::io::{Clock, Stream};
use super::wait::Wakers;
use crate::adapter::Error;
use crate::adapter::read_buffer::ReadBuffer;
use crate::session::Next;

impl<S: Stream, C: Clock> Driver<S, C> {
    /// Shuts the stream down, as the session says, so that our Close frame arrives: until the end
    /// of the connection can be reported, or, to drain it, to the end of the stream. The only error
    /// is that no timer bounds the wait.
    pub(super) fn poll_shutdown(
        &mut self,
        wakers: Wakers<'_>,
        drain: bool,
    ) -> Poll<Result<(), Error>> {
        self.session.stream_ready();
        loop {
            let late = self.session.before_read(|| self.alarm.now());
            debug_assert!(late.is_ok(), "the connection is closed");
            match self.session.next_action() {
                Some(Next::Read | Next::Wait(_)) | None if !drain && self.session.has_ended() => {
                    return Poll::Ready(Ok(()));
                }
                Some(Next::Write | Next::Flush) => {
                    if let Poll::Ready(Err(_)) = self.poll_flush(wakers) {
                        self.session.write_failed();
                    }
                }
                Some(Next::ShutdownWrite) => {
                    let mut cx = Context::from_waker(wakers.write);
                    match self.stream.poll_shutdown(&mut cx) {
                        Poll::Ready(_) => self.session.write_half_shut_down(),
                        Poll::Pending => self.session.write_would_block(self.alarm.now()),
                    }
                }
                Some(Next::Read) => match ready!(self.poll_read(wakers)) {
                    Poll::Ready(Ok(true)) => self.read_buffer = ReadBuffer::default(),
                    Poll::Ready(_) => self.session.end_input(),
                    Poll::Pending => self.session.read_would_block(),
                },
                Some(Next::Wait(_)) | None => {
                    let Self { session, alarm, .. } = self;
                    let waited = ready!(alarm.poll_session(wakers.read, session, None, true));
                    // A write deadline that passes changes nothing here: the close deadline does.
                    if let Err(error @ Error::NoTimer) = waited {
                        return Poll::Ready(Err(error));
                    }
                }
                Some(Next::Done) => break,
            }
        }
        // A client shuts down only now. No call waits for that; for a server it changes nothing.
        let _ = self.stream.poll_shutdown(&mut Context::from_waker(wakers.write));
        Poll::Ready(Ok(()))
    }
}
