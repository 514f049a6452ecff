//! Moves bytes between the stream and the session.

use std::task::{Context, Poll};

use super::driver::Driver;
use super::io::{self, Clock, Stream, retry};
use super::wait::Wakers;
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::{Error, output};

impl<S: Stream, C: Clock> Driver<S, C> {
    /// Reads into the buffer, which is empty; `false` at the end of the stream. Yields, and is
    /// pending itself, when the read budget is used up.
    #[inline(always)]
    pub(super) fn poll_read(&mut self, wakers: Wakers<'_>) -> Poll<Poll<Result<bool, Error>>> {
        debug_assert!(self.read_buffer.is_empty(), "no bytes are discarded");
        if self.budget.is_used_up() {
            if let Err(late) = self.session.check_write_of_receiver(|| self.alarm.now()) {
                return Poll::Ready(Poll::Ready(Err(late.into())));
            }
            wakers.task.wake_by_ref();
            return Poll::Pending;
        }
        let mut buffer = ReadBuffer::new(self.budget.expects_large());
        let mut cx = Context::from_waker(wakers.read);
        let read = match io::poll_read(&mut self.stream, &mut cx, buffer.space()) {
            Poll::Ready(Ok(count @ 1..)) => {
                self.session.note_read(count);
                self.budget.count(count, self.session.connection.remaining_payload());
                buffer.fill(count);
                self.read_buffer = buffer;
                return Poll::Ready(Poll::Ready(Ok(true)));
            }
            Poll::Ready(Ok(0) | Err(Error::ConnectionLost)) => Poll::Ready(Ok(false)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        };
        self.budget.end_burst();
        Poll::Ready(read)
    }

    /// Writes and flushes everything that is queued.
    #[inline]
    pub(super) fn poll_flush(&mut self, wakers: Wakers<'_>) -> Poll<Result<(), Error>> {
        if !self.session.has_unwritten() {
            return Poll::Ready(Ok(()));
        }
        let written = self.poll_write(wakers);
        self.session.connection.take_output_buffer().into_iter().for_each(output::return_block);
        written
    }

    #[inline]
    fn poll_write(&mut self, wakers: Wakers<'_>) -> Poll<Result<(), Error>> {
        if self.session.is_done() {
            return Poll::Ready(Err(Error::ConnectionLost));
        }
        let mut cx = Context::from_waker(wakers.write);
        loop {
            let session = &mut self.session;
            if session.connection.wants_write() && !session.is_unflushed_at(wakers.flush_first) {
                match io::poll_write(&mut self.stream, &mut cx, session.output())? {
                    Poll::Ready(0) => return Poll::Ready(Err(Error::ConnectionLost)),
                    Poll::Ready(count) => session.wrote(count),
                    Poll::Pending => break,
                }
            } else {
                match retry(|| self.stream.poll_flush(&mut cx))? {
                    Poll::Ready(()) => session.flushed(),
                    Poll::Pending => break,
                }
                if !session.connection.wants_write() {
                    return Poll::Ready(Ok(()));
                }
            }
        }
        self.session.write_stalled(|| self.alarm.now());
        Poll::Pending
    }

    /// Writes until the output is below the high-water mark.
    pub(super) fn poll_room(&mut self, wakers: Wakers<'_>) -> Poll<Result<(), Error>> {
        match self.poll_flush(wakers) {
            Poll::Pending if !self.session.is_above_high_water_mark() => Poll::Ready(Ok(())),
            flushed => flushed,
        }
    }

    /// Writes until everything before a position is flushed.
    #[inline]
    pub(super) fn poll_flush_to(
        &mut self,
        mut wakers: Wakers<'_>,
        position: u64,
    ) -> Poll<Result<(), Error>> {
        wakers.flush_first = wakers.flush_first.min(position);
        let flushed = self.poll_flush(wakers);
        if self.session.is_flushed_to(position) { Poll::Ready(Ok(())) } else { flushed }
    }
}
