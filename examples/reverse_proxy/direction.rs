//! One direction of a tunnel: reads from one stream, passes frames on to the other.
//!
//! A direction reads only when all bytes that it has read before are written, so a side that does
//! not read stalls the other one. An idle direction has no buffer.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use sansocket::CloseFrame;

use crate::flow::Flow;
use crate::forwarding::Forwarding;
use crate::frames::End;
use crate::input::{Input, Read};
use crate::stream::Stream;

/// Frames on their way from one stream to another.
pub(crate) struct Direction {
    input: Input,
    source: Source,
    forwarding: Forwarding,
}

/// The state of the opposite direction, from the stream that is written to the one that is read.
#[derive(Clone, Copy)]
pub(crate) struct Back {
    /// It has passed its last frame: a Close frame of the proxy needs no further answer.
    is_done: bool,
    /// It could not write: its stream was reset, although reading may find no error then.
    has_failed: bool,
}

/// The stream that is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Open,
    Ended,
    /// Reset before a Close frame.
    Lost,
}

impl Direction {
    pub(crate) fn new(flow: Flow, early: Bytes) -> Self {
        let (input, forwarding) = (Input::new(early), Forwarding::new(flow));
        Self { input, source: Source::Open, forwarding }
    }

    /// Passes on the bytes that can be read. Ready when the input has ended and the output is shut
    /// down.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        back: Back,
    ) -> Poll<()> {
        loop {
            if self.source == Source::Ended {
                self.close_now();
            }
            ready!(self.forwarding.poll_write(cx, to));
            let has_ended = self.source == Source::Ended;
            if self.source != Source::Lost && self.forwarding.is_over(has_ended, back.is_done) {
                ready!(self.forwarding.poll_shutdown(cx, to));
            }
            if self.source != Source::Open {
                return Poll::Ready(());
            }
            if self.poll_read(cx, from, to, back).is_pending() {
                self.forwarding.poll_flush(cx, to);
                return Poll::Pending;
            }
        }
    }

    /// Reads once, and writes as much as the other side takes at once. Called only when no bytes
    /// wait to be written.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        back: Back,
    ) -> Poll<()> {
        let Self { input, forwarding, .. } = self;
        let has_more = forwarding.flow.has_more();
        let read = input.poll_read(cx, from, has_more, |cx, bytes| forwarding.pass(cx, to, bytes));
        let how = match ready!(read) {
            Read::Bytes => return Poll::Ready(()),
            Read::End if !back.has_failed => Source::Ended,
            Read::End | Read::Failed => Source::Lost,
        };
        self.source = if self.forwarding.has_close() { Source::Ended } else { how };
        Poll::Ready(())
    }

    /// Passes on no further frame, and sends this one after the current one.
    pub(crate) fn close(&mut self, frame: CloseFrame) {
        self.forwarding.close(frame);
    }

    /// Passes on further frames of the source, and then this one, if the source has sent no Close
    /// frame.
    pub(crate) fn close_at_end(&mut self, frame: CloseFrame) {
        self.forwarding.close_at_end(frame);
    }

    /// Stops waiting for the end of the source. Returns whether the direction was waiting.
    pub(crate) fn close_now(&mut self) -> bool {
        self.forwarding.close_now()
    }

    /// Passes on no further frame, and ends the output without a Close frame.
    pub(crate) fn end_output(&mut self) {
        self.forwarding.end_output();
    }

    /// Returns why no further frame of the source is passed on.
    pub(crate) fn end(&self) -> Option<End> {
        self.forwarding.flow.end()
    }

    /// Whether the source has violated the protocol.
    pub(crate) fn has_violation(&self) -> bool {
        matches!(self.end(), Some(End::Violation(_)))
    }

    /// Whether the source has sent its last frame.
    pub(crate) fn source_is_done(&self) -> bool {
        self.end().is_some() || self.source != Source::Open
    }

    /// Returns the state that the opposite direction needs.
    pub(crate) fn as_back(&self) -> Back {
        Back { is_done: self.source_is_done(), has_failed: self.forwarding.has_failed() }
    }

    /// Whether the source was reset.
    pub(crate) fn is_reset(&self) -> bool {
        self.source == Source::Lost
    }

    /// Whether further bytes of the source are discarded.
    pub(crate) fn is_ending(&self) -> bool {
        self.source_is_done() || !self.forwarding.passes()
    }

    /// Whether bytes were written since the last call.
    pub(crate) fn take_progress(&mut self) -> bool {
        self.forwarding.take_progress()
    }
}
