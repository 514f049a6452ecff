//! Receiving through a [`Session`], which notes pongs, pings and the time of messages.

use core::time::Duration;

use super::live::Session;
use crate::connection::{Event, EventRef};

impl Session {
    /// Returns the next event: see [`Connection::receive`](crate::Connection::receive).
    pub fn receive(&mut self, now: Duration) -> Option<Event> {
        let event = self.connection.receive();
        self.unread = event.as_ref().is_some_and(|event| !matches!(event, Event::Closed(_)));
        if let Some(event) = &event {
            self.other_received(event, || now);
        }
        event
    }

    /// Returns the next event out of bytes in a buffer of the caller's: see
    /// [`Connection::receive_from`](crate::Connection::receive_from).
    #[inline]
    pub fn receive_from<'a>(
        &mut self,
        received: &mut &'a mut [u8],
        now: Duration,
    ) -> Option<EventRef<'a>> {
        let event = self.receive_from_at(received, || now);
        self.unread =
            event.as_ref().is_some_and(|event| !matches!(event, EventRef::Other(Event::Closed(_))));
        event
    }

    /// As [`receive_from`](Self::receive_from), with a clock that is read only where it matters.
    #[inline(always)]
    pub(crate) fn receive_from_at<'a>(
        &mut self,
        received: &mut &'a mut [u8],
        now: impl FnOnce() -> Duration,
    ) -> Option<EventRef<'a>> {
        let event = self.connection.receive_from(received)?;
        match &event {
            EventRef::Message(_) => self.message_received(now),
            EventRef::Other(event) => self.other_received(event, now),
        }
        Some(event)
    }

    #[inline(always)]
    pub(crate) fn message_received(&mut self, now: impl FnOnce() -> Duration) {
        if self.timer.timeouts().idle.is_some() {
            self.timer.message_received(now());
        }
    }

    pub(crate) fn other_received(&mut self, event: &Event, now: impl FnOnce() -> Duration) {
        match event {
            Event::Message(_) | Event::Chunk(_) => self.message_received(now),
            Event::Pong(payload) => self.pong_received(payload, now()),
            Event::Ping(_) => self.reply_pending = true,
            Event::Closed(_) => {}
        }
    }

    fn pong_received(&mut self, payload: &[u8], now: Duration) {
        let before = self.timer.last_answered();
        self.timer.pong_received(payload, now);
        let number = self.timer.last_answered();
        if number > before {
            self.trace.pong_received(number, self.timer.round_trip());
        }
    }
}
