//! What the senders of a shared connection wait for, and the facts that end their waits.
//!
//! | need          | served                    | until                                                |
//! |---------------|---------------------------|------------------------------------------------------|
//! | message, sink | in the order of arrival   | the lock is free, and there is room if it waits for room |
//! | permit        | in that order, and not while a writer waits | the lock is free, and there is room |
//! | writer        | in that order             | the lock is free, and no permit is held              |
//! | fragment      | before the others         | there is room                                        |
//! | flushed       | in the order of positions | the position is flushed                              |
//! | pong          | in the order of pings     | the ping is answered, or the connection is closed    |
//! | end           | –                         | both Close frames are exchanged, or the end is due   |
//!
//! Once the connection is closing, nobody waits for the lock or for room; once the stream is shut
//! down, nobody waits at all.

use core::time::Duration;

use super::live::Session;
use super::writes::WriteDeadline;
use crate::connection::State;
use crate::timing::TimedOut;

/// What a sender waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Need {
    /// Its turn to queue a message: the lock is free, and, if it waits for room, there is room.
    #[default]
    Message,
    /// Room for a message, and the lock free.
    Permit,
    /// As [`Message`](Self::Message), to be kept for a sink: a permit too.
    Sink,
    /// The lock, and no permit granted.
    Writer,
    /// Room for a fragment, while it has the lock.
    Fragment,
    /// Everything before this position is flushed.
    Flushed(u64),
    /// The ping with this number is answered.
    Pong(u64),
    /// The end of the connection.
    End,
}

/// Where a waiter stands: waiters of one class are woken in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) class: Class,
    /// The position or ping that is waited for.
    pub(crate) order: u64,
    /// When the waiter came.
    pub(crate) ticket: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Fragment,
    Flushed,
    Queue,
    Pong,
    End,
}

impl Need {
    pub(crate) const fn class(self) -> (Class, u64) {
        match self {
            Self::Fragment => (Class::Fragment, 0),
            Self::Flushed(position) => (Class::Flushed, position),
            Self::Message | Self::Permit | Self::Sink | Self::Writer => (Class::Queue, 0),
            Self::Pong(number) => (Class::Pong, number),
            Self::End => (Class::End, 0),
        }
    }

    pub(crate) fn is_met(self, facts: &Facts) -> bool {
        match self {
            _ if facts.is_done => true,
            Self::Fragment => facts.has_room || facts.writable || !facts.is_open,
            Self::Message | Self::Sink => facts.message || !facts.is_open,
            Self::Permit => (!facts.locked && (facts.has_room || facts.writable)) || !facts.is_open,
            Self::Writer => (!facts.locked && !facts.has_permits) || !facts.is_open,
            Self::Flushed(position) => facts.flushed >= position,
            Self::Pong(number) => facts.answered >= number || facts.is_closed,
            Self::End => facts.has_ended,
        }
    }
}

/// What waiters are woken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) is_open: bool,
    pub(crate) is_closed: bool,
    pub(crate) has_ended: bool,
    pub(crate) is_done: bool,
    pub(crate) locked: bool,
    pub(crate) has_permits: bool,
    pub(crate) has_room: bool,
    /// Bytes are queued that the stream was not offered: a sender that waits for room can write
    /// them.
    pub(crate) writable: bool,
    pub(crate) message: bool,
    pub(crate) flushed: u64,
    pub(crate) answered: u64,
}

impl Facts {
    /// Whether a writer can't have the lock because permits are granted.
    pub(crate) const fn waits_for_permits(&self) -> bool {
        self.is_open && self.has_permits && !self.locked
    }

    pub(crate) fn of(session: &Session) -> Self {
        let (locked, has_room) = (session.is_locked(), !session.is_above_high_water_mark());
        let writable = session.has_unwritten() && !session.is_write_stalled();
        Self {
            is_open: session.state() == State::Open,
            is_closed: session.closed().is_some(),
            has_ended: session.has_ended(),
            is_done: session.is_done(),
            locked,
            has_permits: session.has_permits(),
            has_room,
            writable,
            message: !locked && (has_room || writable || !session.send_waits()),
            flushed: session.flushed_position(),
            answered: session.timer().last_answered(),
        }
    }
}

impl Session {
    /// The deadline of a caller that does not read: of its write, and once the connection is
    /// closing, of the closing handshake.
    #[inline]
    pub(crate) fn check_wait(
        &mut self,
        need: Need,
        now: Duration,
        write_deadline: &mut WriteDeadline,
    ) -> Result<Option<Duration>, TimedOut> {
        match need {
            _ if self.state() != State::Open => self.check_close_deadline(now),
            Need::End => Ok(None),
            Need::Pong(_) => {
                let checked = self.check_pong(now, write_deadline);
                self.traced(checked)
            }
            _ => self.traced(write_deadline.check(self.stalled_write(), now)),
        }
    }

    /// The deadline of the pong to the last ping. While the ping is queued, the deadline moves.
    pub(crate) fn pong_deadline(&self, now: Duration) -> Option<Duration> {
        let since = if self.timer.ping_is_queued() { now } else { self.timer.last_ping_sent() };
        Some(since.saturating_add(self.timer.timeouts().pong?))
    }

    /// The deadline of a ping that waits for its pong, from the moment when it was written.
    fn check_pong(
        &mut self,
        now: Duration,
        wait: &mut WriteDeadline,
    ) -> Result<Option<Duration>, TimedOut> {
        self.report(now);
        if self.timer.ping_is_queued() {
            // The wait for the pong has not begun.
            let Some((since, timeout)) = self.stalled_write() else { return Ok(None) };
            let deadline = since.saturating_add(timeout);
            return if now < deadline { Ok(Some(deadline)) } else { Err(TimedOut::Write) };
        }
        let timeout = self.timer.timeouts().pong;
        wait.check(timeout.map(|timeout| (Duration::ZERO, timeout)), now)
            .map_err(|_| TimedOut::Pong)
    }

    /// Checks the deadlines of the closing handshake alone, and returns the next one.
    fn check_close_deadline(&mut self, now: Duration) -> Result<Option<Duration>, TimedOut> {
        self.update_state(now);
        self.report(now);
        self.timer.check_handshake(now).or_else(|error| self.expire(error))?;
        Ok(self.deadline_of_closing(now))
    }
}
