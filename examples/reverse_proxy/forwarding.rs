//! Passes the frames of one side on, ends them with a Close frame of the proxy, or discards them.

use std::mem;
use std::task::{Context, Poll};

use sansocket::CloseFrame;

use crate::flow::Flow;
use crate::output::Output;
use crate::stream::Stream;

/// The frames of one side, and the output that they go to.
pub(crate) struct Forwarding {
    pub(crate) flow: Flow,
    output: Output,
    mode: Mode,
}

/// The use of received frames.
enum Mode {
    Pass,
    /// Frames are passed on, and this frame of the proxy follows when the source ends.
    PassThenClose(CloseFrame),
    /// The current frame is passed on, and then this frame of the proxy.
    Finish(CloseFrame),
    /// Frames are discarded: the proxy has sent its own Close frame, if any.
    Discard,
    /// Frames are discarded, and the output ends without a Close frame.
    EndOutput,
}

impl Forwarding {
    pub(crate) fn new(flow: Flow) -> Self {
        Self { flow, output: Output::default(), mode: Mode::Pass }
    }

    /// Passes received bytes on, and writes as much as the stream takes at once. Returns how many
    /// bytes were taken. Called only when no bytes wait to be written.
    pub(crate) fn pass(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut Stream,
        bytes: &mut [u8],
    ) -> usize {
        let mut made = Vec::new();
        let (passed, close) = match &self.mode {
            Mode::Pass | Mode::PassThenClose(_) => (self.flow.pass(bytes, &mut made), None),
            Mode::Finish(_) => {
                let left = usize::try_from(self.flow.left()).unwrap_or(usize::MAX);
                let left = left.min(bytes.len());
                (self.flow.pass(&mut bytes[..left], &mut made), self.finish())
            }
            Mode::Discard | Mode::EndOutput => (0, None),
        };
        let in_place = if self.flow.is_in_place() { &bytes[..passed] } else { &made[..] };
        match close {
            Some(close) => self.output.write(cx, to, &[in_place, &close].concat()),
            None => self.output.write(cx, to, in_place),
        }
        let mut taken = passed;
        if !matches!(self.mode, Mode::Pass | Mode::PassThenClose(_)) {
            // Frames are parsed up to the Close frame.
            taken += self.flow.pass(&mut bytes[passed..], &mut Vec::new());
        }
        self.discard_after_failure();
        if self.flow.end().is_some() { bytes.len() } else { taken }
    }

    /// Writes the bytes that wait.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, to: &mut Stream) -> Poll<()> {
        let written = self.output.poll_write(cx, to);
        self.discard_after_failure();
        written
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>, to: &mut Stream) {
        self.output.poll_flush(cx, to);
        self.discard_after_failure();
    }

    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>, to: &mut Stream) -> Poll<()> {
        self.output.poll_shutdown(cx, to)
    }

    fn discard_after_failure(&mut self) {
        if self.output.has_failed() {
            self.mode = Mode::Discard;
        }
    }

    /// Whether the output is complete, given whether the source and the opposite direction have
    /// ended.
    pub(crate) fn is_over(&self, source_has_ended: bool, back_is_done: bool) -> bool {
        match self.mode {
            Mode::Pass | Mode::PassThenClose(_) | Mode::Finish(_) => source_has_ended,
            Mode::Discard => back_is_done || source_has_ended,
            Mode::EndOutput => true,
        }
    }

    /// Ends the current frame of `Mode::Finish`. Returns the Close frame to write after it.
    fn finish(&mut self) -> Option<Vec<u8>> {
        if self.flow.left() > 0 {
            return None;
        }
        match mem::replace(&mut self.mode, Mode::Discard) {
            Mode::Finish(frame) if !self.flow.has_closed() => Some(self.flow.close_frame(&frame)),
            _ => None,
        }
    }

    /// Passes on no further frame, and sends this one after the current one; nothing after a Close
    /// frame.
    pub(crate) fn close(&mut self, frame: CloseFrame) {
        if let Mode::Pass = self.mode {
            self.mode = Mode::Finish(frame);
            if let Some(frame) = self.finish() {
                self.output.push(&frame);
            }
        }
    }

    /// Passes on further frames of the source, and then this one, if the source has sent no Close
    /// frame.
    pub(crate) fn close_at_end(&mut self, frame: CloseFrame) {
        if let Mode::Pass = self.mode {
            self.mode = Mode::PassThenClose(frame);
        }
    }

    /// Stops waiting for the end of the source. Returns whether it was waiting.
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

    /// Whether a loss of the source loses nothing: it has sent its Close frame, or the proxy sends
    /// one in its place.
    pub(crate) fn has_close(&self) -> bool {
        self.flow.has_closed() || matches!(self.mode, Mode::PassThenClose(_))
    }

    /// Whether a write has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.output.has_failed()
    }

    /// Whether received frames are passed on.
    pub(crate) fn passes(&self) -> bool {
        matches!(self.mode, Mode::Pass) && !self.has_failed()
    }

    /// Whether bytes were written since the last call.
    pub(crate) fn take_progress(&mut self) -> bool {
        self.output.take_progress()
    }
}
