//! The counters of a connection: messages, frames and bytes, received and sent.
//!
//! Each number is counted where the bytes pass anyway: once for a message, a frame, a read or a
//! write. There is no atomic, and no clock is read for it.

use core::time::Duration;

/// The counters of a connection: [`Connection::stats`](crate::Connection::stats),
/// [`Session::stats`](crate::Session::stats), and `stats` of every adapter's connections and
/// halves.
///
/// Counting is always on. It costs 64 bytes for each connection, two instructions for each message
/// received, three for each one sent, and two for each write.
///
/// A [`Connection`](crate::Connection) has neither a stream nor a clock: there, the fields from
/// [`dropped`](Self::dropped) on and [`Traffic::bytes`] are 0 or `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Messages, frames and bytes from the peer.
    pub received: Traffic,
    /// Messages, frames and bytes to the peer. Messages and frames count when they are queued.
    pub sent: Traffic,
    /// Number of messages that are queued, and not written completely. After the end of the
    /// connection these were not sent, and will not be.
    pub queued_messages: u64,
    /// Number of bytes that are queued and not written, headers and control frames included:
    /// WHATWG's `bufferedAmount`.
    pub queued_bytes: u64,
    /// Number of messages that [`Overflow::DropNewest`](crate::Overflow::DropNewest) has dropped.
    pub dropped: u64,
    /// Number of times that a message was refused, and returned or reported to its sender as
    /// [`Full`](crate::Full): by [`Overflow::Fail`](crate::Overflow::Fail),
    /// [`Overflow::Close`](crate::Overflow::Close) or `try_send`.
    pub refused: u64,
    /// Time since the last byte arrived, or since the peer last read after it had read nothing;
    /// before that, since the session began. On tokio it may be too short by up to an eighth of
    /// [`Timeouts::ping`](crate::Timeouts::ping), because the clock is not read for each message.
    pub since_read: Duration,
    /// Time since the last byte was written, with the same tolerance.
    pub since_write: Duration,
    /// Time from the latest answered ping to its pong.
    pub round_trip: Option<Duration>,
}

/// One direction of a connection, in [`Stats`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Number of complete messages.
    pub messages: u64,
    /// Number of complete frames, control frames included (RFC 6455 §5.4, §5.5).
    pub frames: u64,
    /// Bytes of the messages as the application has them. The beginning of a message counts too.
    pub payload: u64,
    /// Bytes of the messages in their frames: less than [`payload`](Self::payload) if messages are
    /// compressed (RFC 7692), else the same.
    pub frame_payload: u64,
    /// Bytes that were read from the stream, or that the stream has accepted, since the opening
    /// handshake. Where another adapter or session continues the connection, since then. TLS is
    /// below the stream, and not counted.
    pub bytes: u64,
}

/// The counters of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    messages: u64,
    /// Frames that do not end a message: control frames, and fragments but the last.
    other_frames: u64,
    /// In frames.
    payload: u64,
}

impl Counts {
    /// A message in one frame.
    #[inline(always)]
    pub(super) const fn message(&mut self, payload: usize) {
        self.messages += 1;
        self.payload += payload as u64;
    }

    /// Payload of a message, and whether a frame, and the message, end with it.
    #[inline]
    pub(super) const fn piece(&mut self, payload: usize, ends_frame: bool, last: bool) {
        self.messages += last as u64;
        self.other_frames += (ends_frame && !last) as u64;
        self.payload += payload as u64;
    }

    /// A frame that does not end a message.
    #[inline]
    pub(super) const fn other_frame(&mut self) {
        self.other_frames += 1;
    }

    /// `ratio` is that of the compressed messages among these.
    pub(super) const fn traffic(&self, ratio: Ratio) -> Traffic {
        let Self { messages, other_frames, payload } = *self;
        Traffic {
            messages,
            frames: messages + other_frames,
            payload: payload - ratio.deflated + ratio.plain,
            frame_payload: payload,
            bytes: 0,
        }
    }
}

/// Bytes of compressed messages.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ratio {
    pub(super) plain: u64,
    pub(super) deflated: u64,
}

impl Ratio {
    #[cfg(feature = "deflate")]
    pub(super) const fn count(&mut self, plain: usize, deflated: usize) {
        self.plain += plain as u64;
        self.deflated += deflated as u64;
    }
}
