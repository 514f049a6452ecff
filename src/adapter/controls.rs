//! Control frames that are queued without waiting: RFC 6455 §5.5. The methods are the same in every
//! adapter.

/// Defines them for a type that has `act`.
macro_rules! controls {
    (($self:ident $($mut:tt)?)) => {
        /// Starts the closing handshake without waiting, for code that holds a lock or can't wait:
        /// queues a Close frame, and writes what the stream accepts at once. The rest is written by
        /// the next call, or by a task that receives.
        ///
        /// # Errors
        ///
        /// [`Error::Reason`] above 123 bytes of reason: nothing was queued, and
        /// [`CloseFrame::truncated`] with [`try_close_with`](Self::try_close_with) cuts it.
        pub fn try_close(&$($mut)? $self, code: CloseCode, reason: &str) -> Result<(), Error> {
            $self.try_close_with(CloseFrame::new(code, reason.to_string())?);
            Ok(())
        }

        /// As [`try_close`](Self::try_close), with a [`CloseFrame`] or a [`CloseCode`], or `None`
        /// for a Close frame without a code: a relay passes on what it has received. Does nothing
        /// once either side has begun to close.
        pub fn try_close_with(&$($mut)? $self, frame: impl Into<Option<CloseFrame>>) {
            let frame = frame.into();
            $self.act(|session| session.connection.close(frame));
        }

        /// Queues a ping with a payload of at most 125 bytes without waiting, and writes what the
        /// stream accepts at once: for a framework or a relay, whose application chooses the
        /// payload. `recv_event` returns the pong. This ping has no deadline and no round-trip
        /// time; keep-alive pings and [`start_ping`](Self::start_ping) have both.
        ///
        /// # Errors
        ///
        /// [`Error::Send`] once either side has begun to close, and for a payload that is too long.
        pub fn try_ping(&$($mut)? $self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
            Ok($self.act(|session| session.connection.ping(payload))?)
        }

        /// Queues a pong without waiting: see [`pong`](Self::pong) and
        /// [`try_ping`](Self::try_ping).
        ///
        /// # Errors
        ///
        /// As [`try_ping`](Self::try_ping).
        pub fn try_pong(&$($mut)? $self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
            Ok($self.act(|session| session.connection.pong(payload))?)
        }
    };
}

pub(super) use controls;
