//! One direction of a tunnel: reads from one stream, passes frames on to the other.
//!
//! It reads only when all bytes that it has read before are written, so a side that does not read
//! stalls the other one. Bytes wait for as long as the stream does not take them; an idle direction
//! has no buffer.

use std::cell::RefCell;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use sansocket::CloseFrame;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::frames::{End, Frames};
use crate::stream::Stream;

/// The most that is read at once, in bytes: so much may wait in each direction.
const READ: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into());
}

/// Frames on their way from one stream to another.
pub(crate) struct Direction {
    frames: Frames,
    /// Bytes that arrived with the opening handshake.
    early: Bytes,
    /// Bytes to write, of which some are written, and an incomplete header after them.
    waiting: Vec<u8>,
    written: usize,
    to_write: usize,
    needs_flush: bool,
    mode: Mode,
    input: Input,
    output: Output,
    has_progressed: bool,
}

/// The direction back, from the stream that is written to the one that is read.
#[derive(Clone, Copy)]
pub(crate) struct Back {
    /// It has had its last frame: a Close frame of the proxy needs no further answer.
    is_done: bool,
    /// It could not write: its stream was reset, although reading may find no error then.
    has_failed: bool,
}

/// What becomes of received frames.
enum Mode {
    Pass,
    /// They are passed on, and this frame of the proxy follows when the source ends.
    PassThenClose(CloseFrame),
    /// The current frame is passed on, and then this frame of the proxy.
    Finish(CloseFrame),
    /// They are discarded: the proxy has sent its own Close frame, if any.
    Discard,
    /// They are discarded, and the output ends without a Close frame.
    EndOutput,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Open,
    Ended,
    /// Reset before a Close frame.
    Lost,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Open,
    ShutDown,
    Failed,
}

impl Direction {
    pub(crate) fn new(frames: Frames, early: Bytes) -> Self {
        Self {
            frames,
            early,
            waiting: Vec::new(),
            written: 0,
            to_write: 0,
            needs_flush: false,
            mode: Mode::Pass,
            input: Input::Open,
            output: Output::Open,
            has_progressed: false,
        }
    }

    /// Passes on what there is. Ready when the input has ended and the output is shut down.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        back: Back,
    ) -> Poll<()> {
        loop {
            if self.input == Input::Ended {
                self.close_now();
            }
            ready!(self.poll_write(cx, to));
            let is_over = match self.mode {
                Mode::Pass | Mode::PassThenClose(_) | Mode::Finish(_) => self.input == Input::Ended,
                Mode::Discard => back.is_done || self.input == Input::Ended,
                Mode::EndOutput => true,
            };
            if self.output == Output::Open && is_over && self.input != Input::Lost {
                let shut_down = ready!(Pin::new(&mut *to).poll_shutdown(cx));
                self.output = shut_down.map_or(Output::Failed, |()| Output::ShutDown);
            }
            if self.input != Input::Open {
                return Poll::Ready(());
            }
            if self.poll_read(cx, from, to, back).is_pending() {
                self.poll_flush(cx, to);
                return Poll::Pending;
            }
        }
    }

    /// Writes the bytes that wait.
    fn poll_write(&mut self, cx: &mut Context<'_>, to: &mut Stream) -> Poll<()> {
        while self.written < self.to_write {
            let bytes = &self.waiting[self.written..self.to_write];
            match ready!(Pin::new(&mut *to).poll_write(cx, bytes)) {
                Ok(count) if count > 0 => {
                    self.written += count;
                    (self.needs_flush, self.has_progressed) = (true, true);
                }
                _ => self.fail_output(),
            }
        }
        self.waiting.drain(..self.to_write);
        (self.written, self.to_write) = (0, 0);
        if self.waiting.is_empty() {
            self.waiting = Vec::new();
        }
        Poll::Ready(())
    }

    /// The receiving side is gone; what it sent before can still be read.
    fn fail_output(&mut self) {
        (self.output, self.mode) = (Output::Failed, Mode::Discard);
        self.written = self.to_write;
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>, to: &mut Stream) {
        if mem::take(&mut self.needs_flush) {
            match Pin::new(to).poll_flush(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => self.fail_output(),
                Poll::Pending => self.needs_flush = true,
            }
        }
    }

    /// Reads once, and writes what the other side takes at once. Nothing waits to be written.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        back: Back,
    ) -> Poll<()> {
        BUFFER.with_borrow_mut(|buffer| {
            let header = self.waiting.len();
            buffer[..header].copy_from_slice(&self.waiting);
            let mut received = ReadBuf::new(buffer);
            received.set_filled(header);
            if self.early.is_empty() {
                match ready!(Pin::new(from).poll_read(cx, &mut received)) {
                    Ok(()) => {}
                    Err(_) => self.input = self.end_of_input(Input::Lost),
                }
            } else {
                let count = self.early.len().min(received.remaining());
                received.put_slice(&self.early.split_to(count));
            }
            let bytes = received.filled_mut();
            if bytes.len() == header && self.input == Input::Open {
                let how = if back.has_failed { Input::Lost } else { Input::Ended };
                self.input = self.end_of_input(how);
            }
            if self.input == Input::Open {
                self.pass(cx, bytes, to);
            }
            Poll::Ready(())
        })
    }

    /// A reset after the Close frame, or instead of one that the proxy sends, loses nothing.
    fn end_of_input(&self, how: Input) -> Input {
        let has_reason = self.frames.have_closed() || matches!(self.mode, Mode::PassThenClose(_));
        if has_reason { Input::Ended } else { how }
    }

    /// Passes received bytes on; those that the stream does not take wait.
    fn pass(&mut self, cx: &mut Context<'_>, bytes: &mut [u8], to: &mut Stream) {
        let (passed, close) = match &self.mode {
            Mode::Pass | Mode::PassThenClose(_) => (self.frames.pass(bytes), None),
            Mode::Finish(_) => {
                let rest = usize::try_from(self.frames.left()).unwrap_or(usize::MAX);
                let rest = rest.min(bytes.len());
                (self.frames.pass(&mut bytes[..rest]), self.finish())
            }
            Mode::Discard | Mode::EndOutput => (0, None),
        };
        let mut parsed = passed;
        if !matches!(self.mode, Mode::Pass | Mode::PassThenClose(_)) {
            parsed += self.frames.pass(&mut bytes[passed..]);
        }
        let header = if self.frames.end().is_none() { &bytes[parsed..] } else { &[] };
        let bytes = &bytes[..passed];
        let written = match bytes {
            [] => 0,
            _ => match Pin::new(to).poll_write(cx, bytes) {
                Poll::Pending => 0,
                Poll::Ready(Ok(count)) if count > 0 => {
                    (self.needs_flush, self.has_progressed) = (true, true);
                    count
                }
                // Nothing of it waits.
                Poll::Ready(_) => {
                    self.fail_output();
                    bytes.len()
                }
            },
        };
        let to_write = [&bytes[written..], close.as_deref().unwrap_or_default()];
        self.waiting = [to_write[0], to_write[1], header].concat();
        self.to_write = to_write[0].len() + to_write[1].len();
    }

    /// Ends the current frame of `Mode::Finish`. Returns the Close frame to write after it.
    fn finish(&mut self) -> Option<Vec<u8>> {
        if self.frames.left() > 0 {
            return None;
        }
        match mem::replace(&mut self.mode, Mode::Discard) {
            Mode::Finish(frame) if !self.frames.have_closed() => {
                Some(self.frames.close_frame(&frame))
            }
            _ => None,
        }
    }

    /// Passes on no further frame, and sends this one after the current one; nothing after a Close
    /// frame.
    pub(crate) fn close(&mut self, frame: CloseFrame) {
        if let Mode::Pass = self.mode {
            self.mode = Mode::Finish(frame);
            if let Some(frame) = self.finish() {
                let at = self.to_write;
                self.to_write += frame.len();
                self.waiting.splice(at..at, frame);
            }
        }
    }

    /// Passes on what the source still sends, and then this frame, if the source has sent none.
    pub(crate) fn close_at_end(&mut self, frame: CloseFrame) {
        if let Mode::Pass = self.mode {
            self.mode = Mode::PassThenClose(frame);
        }
    }

    /// Waits no longer for the end of the source. Returns whether it did.
    pub(crate) fn close_now(&mut self) -> bool {
        match mem::replace(&mut self.mode, Mode::Pass) {
            Mode::PassThenClose(frame) => {
                self.close(frame);
                true
            }
            mode => {
                self.mode = mode;
                false
            }
        }
    }

    /// Passes on no further frame, and ends the output without a Close frame.
    pub(crate) fn end_output(&mut self) {
        self.mode = Mode::EndOutput;
    }

    /// Why the source's frames end.
    pub(crate) fn end(&self) -> Option<End> {
        self.frames.end()
    }

    /// Whether the source has violated the protocol.
    pub(crate) fn has_violation(&self) -> bool {
        matches!(self.frames.end(), Some(End::Violation(_)))
    }

    /// Whether the source has sent its last frame.
    pub(crate) fn source_is_done(&self) -> bool {
        self.frames.end().is_some() || self.input != Input::Open
    }

    /// What the other direction has to know.
    pub(crate) fn as_back(&self) -> Back {
        Back { is_done: self.source_is_done(), has_failed: self.output == Output::Failed }
    }

    /// Whether the source was reset.
    pub(crate) fn is_reset(&self) -> bool {
        self.input == Input::Lost
    }

    /// Whether it writes nothing more of what it receives.
    pub(crate) fn is_ending(&self) -> bool {
        self.source_is_done() || self.output == Output::Failed || !matches!(self.mode, Mode::Pass)
    }

    /// Whether bytes were written since the last call.
    pub(crate) fn take_progress(&mut self) -> bool {
        mem::take(&mut self.has_progressed)
    }
}
