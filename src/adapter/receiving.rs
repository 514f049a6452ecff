//! The methods that receive, of connections and of halves: signatures and documentation stand here
//! once, as in [`methods`](super::methods).

/// The methods that receive. Their bodies follow the names.
macro_rules! receiving {
    (async $($bodies:tt)*) => {
        $crate::adapter::receiving::receiving!(@ [async] [.await] $($bodies)*);
    };
    (blocking $($bodies:tt)*) => {
        $crate::adapter::receiving::receiving!(@ [] [] $($bodies)*);
    };
    (
        @ [$($async:tt)?] [$($await:tt)*] $self:ident
        recv: $recv:expr,
        recv_event: $recv_event:expr,
        recv_with($each:ident): $recv_with:expr,
        until_closed: $until_closed:expr,
        close($frame:ident): $close:expr $(,)?
    ) => {
        /// Receives the next message, or `None` after a clean closing handshake;
        /// [`closed`](Self::closed) has the code, which may report an error. Answers pings, and
        /// flushes fed messages before it waits for the stream.
        ///
        /// At the end of the connection it writes our Close frame, behind messages that are still
        /// queued, and returns: after a violation of the protocol without waiting for the stream,
        /// else no later than [`Timeouts::close`](crate::Timeouts::close) after the peer's Close
        /// arrived. What a slow peer has not read then is lost if the connection is dropped:
        /// [`until_closed`](Self::until_closed) continues to write it, and waits for the end of the
        /// stream too. If the connection is dropped while the peer still sends, after a violation
        /// for example, the stream is reset, and the peer may not see our Close frame.
        ///
        /// Pings are answered only by calls that receive: see
        /// [`Timeouts::ping`](crate::Timeouts::ping) about an application that works for long.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?]
            "Cancel safe: a message leaves the connection only when the future returns it."
        )]
        /// # Errors
        ///
        /// [`Error::Protocol`] if the peer violated the protocol or a limit,
        /// [`Error::ConnectionLost`] if the stream ended without a Close frame; every later call
        /// returns the same. [`Error::TimedOut`] if the peer is silent for too long, does not read,
        /// or does not finish the closing handshake.
        pub $($async)? fn recv(&mut $self) -> Result<Option<Message>, Error> {
            $recv
        }

        /// As [`recv`](Self::recv), but returns every event: also pings and pongs, for an
        /// application that answers pings itself ([`Config::auto_pong`](crate::Config::auto_pong)),
        /// and chunks of messages
        /// ([`Config::receive_in_chunks`](crate::Config::receive_in_chunks)), for which `recv` is
        /// [`Error::Chunk`].
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?]
            "Cancel safe: an event leaves the connection only when the future returns it."
        )]
        /// # Errors
        ///
        /// As [`recv`](Self::recv).
        pub $($async)? fn recv_event(&mut $self) -> Result<Option<Event>, Error> {
            $recv_event
        }

        /// Waits for messages, and hands those that have arrived to `each`, one after the other, in
        /// the read buffer: nothing is copied but messages that have to be joined. This is the
        /// fastest way to answer every message, or to look at many and keep few: see [`Replies`].
        /// Returns `true` after at least one message, and `false` after a clean closing handshake.
        ///
        /// Pings and pongs are skipped, as by [`recv`](Self::recv);
        /// [`recv_event_with`](Self::recv_event_with) hands them over too. The senders of a
        /// connection in halves can be used in `each`.
        ///
        /// Answers are written as fed messages are. When
        /// [`high_water_mark`](crate::Backpressure::high_water_mark) bytes of them are buffered,
        /// the other messages are left to the next call, which waits for room first if the overflow
        /// policy is to wait.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?]
            "Cancel safe: all messages that have arrived are handed over in one poll, which \
             returns."
        )]
        /// # Errors
        ///
        /// The error of `each`; the next call continues with the next message. [`Error::TimedOut`]
        /// if the peer does not read; while this waits for room, it does not see a Close frame.
        /// Else as [`recv`](Self::recv): if the stream can't be written any more, it is still read
        /// to its end.
        pub $($async)? fn recv_with(
            &mut $self,
            each: impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
        ) -> Result<bool, Error> {
            let mut $each = $crate::adapter::hand_over::Messages(each);
            $recv_with
        }

        /// As [`recv_with`](Self::recv_with), but hands over every event: also pings and pongs, and
        /// chunks of messages
        /// ([`Config::receive_in_chunks`](crate::Config::receive_in_chunks)), for which `recv_with`
        /// is [`Error::Chunk`]. Messages are borrowed; other events have a copy of their bytes.
        ///
        /// Returns `true` after at least one event. An application that answers pings itself
        /// ([`Config::auto_pong`](crate::Config::auto_pong)) does it with [`Replies::pong`]. A
        /// Close frame is not an event here: after the end this returns `false`, and
        /// [`closed`](Self::closed) has the frame.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?]
            "Cancel safe: all events that have arrived are handed over in one poll, which returns."
        )]
        /// # Errors
        ///
        /// As [`recv_with`](Self::recv_with).
        pub $($async)? fn recv_event_with(
            &mut $self,
            each: impl FnMut(EventRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
        ) -> Result<bool, Error> {
            let mut $each = $crate::adapter::hand_over::Events(each);
            $recv_with
        }

        /// Receives until the connection is closed, by either side, and discards messages. Then
        /// shuts the stream down: waits for its end, no longer than
        /// [`Timeouts::close`](crate::Timeouts::close). Returns how the connection was closed.
        ///
        /// A connection that only sends needs a task or thread for this. After the last `recv`, it
        /// can run in the background.
        /// It writes what is queued first, without a limit while the peer reads some of it within
        /// each [`Timeouts::write`](crate::Timeouts::write): a limit would cut off messages. To end
        /// it earlier, drop the connection, or `Sender::abort` it.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?] "Cancel safe; messages that have arrived may be discarded."
        )]
        /// # Errors
        ///
        /// [`Error::TimedOut`] if the peer is silent for too long, or does not read
        /// ([`Timeouts::write`](crate::Timeouts::write)), after which another call continues, or
        /// does not finish the closing handshake ([`Timeouts::close`](crate::Timeouts::close)) in
        /// time.
        pub $($async)? fn until_closed(&mut $self) -> Result<Closed, Error> {
            $until_closed
        }

        /// Closes the connection: sends a Close frame, waits for the peer's Close, shuts the stream
        /// down, and returns how the connection was closed. Messages that still arrive are
        /// discarded; to receive them, call `start_close`, and [`recv`](Self::recv) until it
        /// returns `None`.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?]
            "The Close frame is queued at the first poll. Calling it again continues the same \
             closing handshake."
        )]
        /// # Errors
        ///
        /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. [`TimedOut::Close`] if
        /// the peer does not read what is queued before the Close frame
        /// ([`Timeouts::write`](crate::Timeouts::write)), or does not close
        /// ([`Timeouts::close`](crate::Timeouts::close)) in time: the connection is over.
        ///
        /// [`TimedOut::Close`]: crate::TimedOut::Close
        pub $($async)? fn close(
            &mut $self,
            code: CloseCode,
            reason: &str,
        ) -> Result<Closed, Error> {
            $self.close_with(CloseFrame::new(code, reason.to_string())?)$($await)*
        }

        /// As [`close`](Self::close), with a [`CloseFrame`] or a [`CloseCode`], or `None` for a
        /// Close frame without a code: a relay passes on what it has received.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?] "As of [`close`](Self::close)."
        )]
        /// # Errors
        ///
        /// As [`close`](Self::close).
        pub $($async)? fn close_with(
            &mut $self,
            $frame: impl Into<Option<CloseFrame>>,
        ) -> Result<Closed, Error> {
            let $frame = $frame.into();
            $close;
            $self.until_closed()$($await)*
        }
    };
}

pub(super) use receiving;
