//! Waiting for the pong to a ping of the application, while other events arrive.

use core::time::Duration;

use super::live::Session;
use crate::connection::Event;

/// Bytes of events that are pushed back at most, to be received later, while a pong is waited for.
const MAX_PUSHED_BACK: usize = 64 * 1024;

/// What the events that have arrived say about a pong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PongProgress {
    Answered,
    NeedsInput,
    /// So many bytes of messages arrived before the pong that they must be received first.
    PushbackFull,
    Closed,
}

impl Session {
    /// The position in the output behind the last ping.
    #[inline]
    pub(crate) const fn ping_end(&self) -> u64 {
        self.ping_end
    }

    /// Whether no pong can be waited for, before messages are received.
    pub(crate) fn pushback_full(&self) -> bool {
        self.connection.pushed_back_bytes() >= MAX_PUSHED_BACK
    }

    /// Takes events until the ping with this number is answered. Other events are pushed back.
    pub(crate) fn receive_until_pong(
        &mut self,
        number: u64,
        received: &mut &mut [u8],
        now: impl Fn() -> Duration,
    ) -> PongProgress {
        let mut pushed_back = self.connection.pushed_back_bytes();
        loop {
            if self.timer.last_answered() >= number {
                return PongProgress::Answered;
            }
            if pushed_back >= MAX_PUSHED_BACK {
                return PongProgress::PushbackFull;
            }
            match self.connection.next_event(received).map(Event::from) {
                Some(Event::Closed(_)) => {}
                Some(event) => {
                    self.other_received(&event, &now);
                    pushed_back += event.bytes_held();
                    self.connection.push_back(event);
                }
                None if self.closed().is_some() => return PongProgress::Closed,
                None => return PongProgress::NeedsInput,
            }
        }
    }

    /// Whether the ping with this number is answered.
    pub(crate) const fn is_answered(&self, number: u64) -> bool {
        self.timer.last_answered() >= number
    }
}
