//! What adapters and a connection lend each other: blocks for the output, output that is written
//! while the connection is in use, bytes and events that came while something else was waited for.

use alloc::vec::Vec;

use super::{Connection, Event, Output};

impl Connection {
    /// Parts from its adapter: keeps bytes that were received, behind those that are kept already,
    /// and the block that was in_flight.
    pub(crate) fn detach(&mut self, received: &[u8]) {
        self.inbox.keep(received);
        self.output.keep_block();
    }

    /// Whether the next event is a message that is here, so that its answer will not wait for the
    /// peer. `received` is what will be given to [`receive_from`](Self::receive_from).
    pub(crate) fn has_message(&self, received: &[u8]) -> bool {
        let next = if self.inbox.is_empty() { received } else { &self.inbox };
        match self.pushed_back.as_ref().and_then(|pushed_back| pushed_back.front()) {
            Some(event) => matches!(event, Event::Message(_)),
            None => self.reader.has_whole_message(next, self.role(), &self.config),
        }
    }

    /// Bytes of payload that are still to come of the frame under way.
    #[cfg(any(feature = "tokio", feature = "futures-io"))]
    pub(crate) fn remaining_payload(&self) -> u64 {
        self.reader.remaining_payload()
    }

    /// Keeps an event for the application that came while something else was waited for. Not the
    /// last one.
    pub(crate) fn push_back(&mut self, event: Event) {
        self.pushed_back.get_or_insert_default().push_back(event);
    }

    /// Lends a block for the output, if it has none: empty, and with as much room as is usual.
    pub(crate) fn set_output_buffer(&mut self, block: impl FnOnce() -> Vec<u8>) {
        self.output.lend(block);
    }

    /// Gives the block back, once almost all output is written.
    #[inline]
    pub(crate) fn take_output_buffer(&mut self) -> Option<Vec<u8>> {
        self.output.give_back()
    }

    /// Takes the output out, to be written while the connection is in use: what then could not be
    /// written is to be [`restore_output`](Self::restore_output)d.
    pub(crate) fn take_output(&mut self) -> Output {
        self.output();
        self.in_flight = self.output.len();
        core::mem::take(&mut self.output)
    }

    /// Puts what was not written before everything that was queued meanwhile. Returns a borrowed
    /// block that is not needed any more.
    pub(crate) fn restore_output(&mut self, mut unwritten: Output) -> Option<Vec<u8>> {
        self.in_flight = 0;
        let block = unwritten.give_back();
        block.or(self.output.prepend(unwritten))
    }
}
