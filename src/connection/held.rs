//! The counters of a connection, and the bytes that it holds.

use super::endpoint::Connection;
use super::event::Event;
use super::stats::Stats;

impl Connection {
    /// Returns what was received and sent, in numbers.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let ratios = self.compression.as_ref().map(|compression| compression.ratios());
        let (received, sent) = ratios.unwrap_or_default();
        Stats {
            received: self.received.traffic(received),
            sent: self.sent.traffic(sent),
            queued_messages: (self.output.unwritten.messages() + self.messages_in_flight).into(),
            queued_bytes: self.buffered_amount() as u64,
            ..Stats::default()
        }
    }

    /// Returns the number of bytes that were received and not parsed.
    pub(crate) fn unparsed_bytes(&self) -> usize {
        self.inbox.len()
    }

    /// Returns the number of heap bytes that hold received bytes, incomplete messages, queued
    /// output, and the windows of compression. An idle connection without compression holds 0; a
    /// window stays between messages if it has context takeover.
    #[must_use]
    pub fn bytes_held(&self) -> usize {
        let pending_pong = self.pending_pong.as_ref().map_or(0, |payload| payload.len());
        let buffers = self.inbox.bytes_held()
            + self.assembler.bytes_held()
            + self.output.bytes_held()
            + pending_pong
            + self.pushed_back_bytes();
        let chunk = self.pending_chunk.as_ref().map_or(0, |chunk| chunk.bytes_held());
        buffers
            + chunk
            + self.compression.as_ref().map_or(0, |compression| compression.bytes_held())
    }

    /// Returns the number of bytes that the pushed-back events hold.
    pub(crate) fn pushed_back_bytes(&self) -> usize {
        self.pushed_back
            .iter()
            .flat_map(|pushed_back| pushed_back.iter())
            .map(Event::bytes_held)
            .sum()
    }
}
