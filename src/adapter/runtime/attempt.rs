//! What a future that sends brings to each poll of the driver.

use super::driver::Wakers;
use crate::adapter::waiters::Need;
use crate::message::Outgoing;

/// One poll of a future that sends.
pub struct Attempt<'a> {
    pub(super) wakers: Wakers<'a>,
    /// No other sender waits for a turn before this one.
    pub(super) is_first: bool,
    /// What the future needs if it is pending.
    pub(super) need: &'a mut Need,
}

/// A message on its way: taken when it is queued, and not before.
pub(super) struct Sending {
    pub(super) message: Option<Outgoing>,
    /// Whether the message is written too (`send`), or only queued (`feed`).
    pub(super) write: bool,
}

impl Sending {
    pub(super) const fn new(message: Outgoing, write: bool) -> Self {
        Self { message: Some(message), write }
    }

    /// Whether the message was not queued yet.
    pub(super) const fn is_unsent(&self) -> bool {
        self.message.is_some()
    }
}
