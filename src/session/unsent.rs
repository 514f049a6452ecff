//! The messages that were accepted and are not written completely, for a client that sends them
//! again on another connection.
//!
//! ```text
//!                       written                     queued
//!                          │                          │
//!   output ──────────┬─────┼────┬──────────────┬──────┤
//!                    │ message  │   message    │ message
//!                    └──────────┴──────────────┴──────┘
//!                      all three are unsent: the end of each is behind the written position
//! ```
//!
//! Each entry is a clone, which shares the bytes, and its end in the output. An unsent message has
//! not arrived, so it can be sent again. Of a written one that is not known: TCP acknowledges bytes
//! to the kernel only.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::message::Outgoing;

/// The entries in the order of the output.
#[derive(Debug, Default)]
pub(super) struct Unsent(VecDeque<(u64, Outgoing)>);

impl Unsent {
    /// Everything before this position was accepted by the stream.
    pub(super) fn written(&mut self, position: u64) {
        while self.0.front().is_some_and(|(end, _)| *end <= position) {
            self.0.pop_front();
        }
        if self.0.is_empty() {
            // An idle connection holds no buffer.
            self.0 = VecDeque::new();
        }
    }

    /// A message was queued, which ends at this position.
    pub(super) fn push(&mut self, end: u64, message: Outgoing) {
        self.0.push_back((end, message));
    }

    /// The messages that end behind this position.
    pub(super) fn behind(&self, written: u64) -> Vec<Outgoing> {
        let is_unsent = |(end, _): &&(u64, Outgoing)| *end > written;
        self.0.iter().filter(is_unsent).map(|(_, message)| message.clone()).collect()
    }
}
