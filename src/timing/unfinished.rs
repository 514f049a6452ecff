//! How long a message of which a part has arrived makes no progress: RFC 6455 §5.4.
//!
//! Between two fragments a peer can answer pings, so keep-alive does not end such a message, and
//! what was received of it is held: for a compressed one, the state to decompress with as well.

use core::time::Duration;

/// The progress of the message that is not complete, and when it was made; `None` between messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unfinished(Option<(u32, Duration)>);

impl Unfinished {
    pub(super) const NONE: Self = Self(None);

    #[inline]
    pub(super) const fn is_none(self) -> bool {
        self.0.is_none()
    }

    /// Notes the progress. Only a change of it is news.
    #[cold]
    pub(super) fn report(&mut self, progress: Option<u32>, now: Duration) {
        if self.0.map(|(progress, _)| progress) != progress {
            self.0 = progress.map(|progress| (progress, now));
        }
    }

    pub(super) fn deadline(self, timeout: Option<Duration>) -> Option<Duration> {
        Some(self.0?.1.saturating_add(timeout?))
    }
}
