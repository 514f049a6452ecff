//! The connection's side of an adapter's buffers: borrowed blocks for the output, output that is
//! written while the connection is in use, pushed-back bytes and events.

use alloc::vec::Vec;

use super::endpoint::Connection;
use super::event::Event;
use super::output::Output;
use crate::message::Prepared;

impl Connection {
    /// Returns an event that was just received: `receive` returns it again.
    pub(crate) fn unreceive(&mut self, event: Event) {
        self.pushed_back.get_or_insert_default().push_front(event);
    }

    /// Returns an event to the end of the pushed-back events, which `receive` returns first. Never
    /// [`Event::Closed`].
    pub(crate) fn push_back(&mut self, event: Event) {
        self.pushed_back.get_or_insert_default().push_back(event);
    }

    /// Detaches the connection from its adapter: keeps the adapter's unread bytes, behind those of
    /// the inbox, and the borrowed output buffer.
    pub(crate) fn detach(&mut self, received: &[u8]) {
        self.inbox.keep(received);
        self.output.keep_block();
    }

    /// Returns the bytes that were received and not parsed: the beginning of a frame, or frames
    /// that were not taken. A program needs them if it continues on the stream without this
    /// connection.
    #[must_use]
    pub fn unparsed_input(&self) -> &[u8] {
        &self.inbox
    }

    /// Whether the next event is a complete message, so that a reply to it can be written together
    /// with this one. `received` is what [`receive_from`](Self::receive_from) will get.
    pub(crate) fn has_message(&self, received: &[u8]) -> bool {
        let next = if self.inbox.is_empty() { received } else { &self.inbox };
        match self.pushed_back.as_ref().and_then(|pushed_back| pushed_back.front()) {
            Some(event) => matches!(event, Event::Message(_)),
            None => self.reader.has_whole_message(next, self.role(), &self.config),
        }
    }

    /// Whether the next event is the peer's Close, or will be. `received` is what
    /// [`receive_from`](Self::receive_from) will get.
    #[cfg(feature = "std")]
    pub(crate) fn next_is_close(&self, received: &[u8]) -> bool {
        let next = if self.inbox.is_empty() { received } else { &self.inbox };
        self.pushed_back.as_ref().is_none_or(|pushed_back| pushed_back.is_empty())
            && self.closed().is_none()
            && self.reader.next_is_close(next)
    }

    /// The bytes of payload of the current frame that are still to be received.
    #[cfg(any(feature = "tokio", feature = "futures-io"))]
    #[inline]
    pub(crate) fn remaining_payload(&self) -> u64 {
        self.reader.remaining_payload()
    }

    /// Sets an empty buffer for the output, if it has none.
    #[inline]
    pub(crate) fn set_output_buffer(&mut self, block: impl FnOnce() -> Vec<u8>) {
        self.output.set_buffer(block);
    }

    /// As [`set_output_buffer`](Self::set_output_buffer), before a prepared message is queued,
    /// which may not need it.
    #[inline]
    pub(crate) fn set_output_buffer_for(
        &mut self,
        prepared: Option<&Prepared>,
        block: impl FnOnce() -> Vec<u8>,
    ) {
        let is_shared = || prepared.is_some_and(|it| self.shared_frame(it).is_some());
        if self.output.len() > 0 || !is_shared() {
            self.output.set_buffer(block);
        }
    }

    /// Returns the buffer of [`set_output_buffer`](Self::set_output_buffer), once almost all output
    /// is written.
    #[inline]
    pub(crate) fn take_output_buffer(&mut self) -> Option<Vec<u8>> {
        self.output.take_buffer()
    }

    /// Takes the output, to write it while the connection is in use. The caller must
    /// [`restore_output`](Self::restore_output) what it could not write.
    pub(crate) fn take_output(&mut self) -> Output {
        self.output();
        self.in_flight = self.output.len();
        self.messages_in_flight = self.output.unwritten.messages();
        core::mem::take(&mut self.output)
    }

    /// Puts unwritten output before the output that was queued since. Returns a borrowed block that
    /// is not needed any more.
    pub(crate) fn restore_output(&mut self, mut unwritten: Output) -> Option<Vec<u8>> {
        (self.in_flight, self.messages_in_flight) = (0, 0);
        let block = unwritten.take_buffer();
        block.or(self.output.prepend(unwritten))
    }
}
