//! What the timer of a [`Session`] has to know: the state of the connection, and what was read and
//! written since the last report. Reading and writing do not read the clock for it.

use core::mem;
use core::time::Duration;

use super::live::Session;
use crate::connection::{CloseOutcome, Closed, State};

impl Session {
    /// Reports the state of the connection to the timer.
    #[inline]
    pub(crate) fn update_state(&mut self, now: Duration) {
        self.timed_state = self.connection.state();
        self.timer.set_state(self.timed_state, now);
        self.trace.observe(&self.connection);
    }

    /// Reports that the peer's Close has arrived, and is not taken yet. Returns when the end of the
    /// connection is to be reported, whatever is still to be sent before.
    pub(crate) fn close_arrived(&mut self, now: Duration) -> Option<Duration> {
        self.timer.close_received(now);
        self.timer.end_deadline()
    }

    /// Whether the timer's copy of the state is out of date: see
    /// [`update_state`](Self::update_state).
    #[inline]
    pub(crate) fn state_changed(&self) -> bool {
        self.timed_state != self.connection.state()
    }

    /// Reports what was read and written since the last time. Their order is not known: a byte
    /// counts as an answer to a ping that was written since then.
    #[inline]
    pub(crate) fn report(&mut self, now: Duration) {
        self.report_writes(now);
        // It may have arrived with the opening handshake.
        self.timer.message_unfinished(self.connection.unfinished_message(), now);
        if mem::take(&mut self.stream.unreported_read) {
            self.timer.bytes_received(now);
        }
    }

    #[inline]
    pub(super) fn report_writes(&mut self, now: Duration) {
        let written = self.stream.writes.take_unreported();
        if !written.is_none() {
            self.timer.bytes_written(now);
            if written.has_resumed() {
                self.timer.bytes_received(now);
            }
            if self.is_flushed_to(self.ping_end) {
                self.timer.ping_written(now);
            }
        }
        if self.timer.state() != State::Open {
            self.timer.set_close_queued(self.close_frame_is_queued(), now);
        }
    }

    /// Whether our Close frame waits to be written. After a violation of the protocol, or the loss
    /// of the stream, nothing is waited for.
    fn close_frame_is_queued(&self) -> bool {
        let is_clean = |closed: &Closed| matches!(closed.outcome(), CloseOutcome::Clean);
        self.has_unwritten()
            && !self.stream.write_failed
            && self.connection.closed().is_none_or(is_clean)
    }
}
