//! The methods that connections and halves have in common: signatures and documentation stand here
//! once, for the asynchronous and for the blocking adapter.
//!
//! After `async` they define async functions with a section on cancel safety, after `blocking`
//! ordinary ones without.

/// The section on cancel safety in the docs of an async function; empty for a blocking one.
macro_rules! cancel_safety {
    ([async] $text:literal) => {
        concat!("\n# Cancel safety\n\n", $text, "\n\n")
    };
    ([] $text:literal) => {
        ""
    };
    ($mode:tt) => {
        $crate::adapter::methods::cancel_safety!($mode "Dropping the future drops the stream.")
    };
}

/// The methods that send, of a type whose `handle()` is a `Handle`, and that has `send_or_feed`.
macro_rules! sending {
    (async ($self:ident $($mut:tt)?) -> $Writer:ty) => {
        $crate::adapter::methods::sending!(
            @ ($self $($mut)?) [async] [.await]
            impl Future<Output = Result<(), Error>>, $Writer
        );
    };
    (blocking ($self:ident $($mut:tt)?) -> $Writer:ty) => {
        $crate::adapter::methods::sending!(
            @ ($self $($mut)?) [] [] Result<(), Error>, $Writer
        );
    };
    (
        @ ($self:ident $($mut:tt)?) [$($async:tt)?] [$($await:tt)*]
        $Sent:ty, $Writer:ty
    ) => {
        /// Queues a message and writes it to the stream. Returns when the stream has accepted all
        /// of it, whatever other senders queue behind it.
        ///
        /// While another message is sent in fragments ([`writer`](Self::writer)), it waits for the
        /// end of that message.
        ///
        /// Does not read while it waits. If both peers only send, and the socket buffers of both
        /// are full, they deadlock until [`Timeouts::write`](crate::Timeouts::write). The halves of
        /// a connection send and receive concurrently.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?]
            "Dropped while it waits for room or for its turn: the message is not sent. Dropped \
             later: the message is queued, and the next call writes the rest of it; it must not be \
             sent again."
        )]
        /// # Errors
        ///
        /// [`Error::Send`] once either side has begun to close. [`Error::ConnectionLost`] if the
        /// stream is lost; messages that arrived before can still be received. If the peer does not
        /// read, [`Error::TimedOut`]: with [`TimedOut::Room`](crate::TimedOut::Room) the message
        /// was not sent, with [`TimedOut::Write`](crate::TimedOut::Write) it is queued, and must
        /// not be sent again.
        pub fn send(&$($mut)? $self, message: impl Into<Outgoing>) -> $Sent {
            $self.send_or_feed(message.into(), true)
        }

        /// Queues a message, to be written together with others: by the next [`flush`](Self::flush)
        /// or [`send`](Self::send) of any sender, when `recv` has to wait, or before the next
        /// message above the [`high_water_mark`](crate::Backpressure::high_water_mark). Queued
        /// messages are lost if the connection is dropped.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?]
            "If the future is dropped while it waits for room or for its turn, the message is not \
             sent."
        )]
        /// # Errors
        ///
        /// As [`send`](Self::send).
        pub fn feed(&$($mut)? $self, message: impl Into<Outgoing>) -> $Sent {
            $self.send_or_feed(message.into(), false)
        }

        /// Starts a message that is sent in fragments, once no other sender holds a writer or a
        /// permit. Other senders wait until the writer is finished or dropped: sending with another
        /// clone while holding a writer deadlocks.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?] "Nothing is lost."
        )]
        /// # Errors
        ///
        /// [`Error::Send`] once either side has begun to close.
        pub $($async)? fn writer(&mut $self, kind: Kind) -> Result<$Writer, Error> {
            MessageWriter::new($self.handle(), kind)$($await)*
        }

        /// Writes everything that is queued now, by any sender.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?] "Unwritten bytes stay queued."
        )]
        /// # Errors
        ///
        /// [`Error::ConnectionLost`] if the stream is lost, [`Error::TimedOut`] if the peer does
        /// not read.
        pub $($async)? fn flush(&$($mut)? $self) -> Result<(), Error> {
            $self.handle().flush()$($await)*
        }

        /// Sends a ping without waiting for the pong. [`round_trip`](Self::round_trip) has the
        /// result, once the pong was received.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?] "The ping is queued at the first poll, and sent whole."
        )]
        /// # Errors
        ///
        /// As [`send`](Self::send).
        pub $($async)? fn start_ping(&$($mut)? $self) -> Result<(), Error> {
            let now = $self.handle().now();
            $self.handle().queue_and_flush(|session| session.ping(now))$($await)*.map(drop)
        }

        /// Sends a pong of at most 125 bytes: the answer to a ping, if the application answers
        /// pings itself, or an unsolicited one (RFC 6455 §5.5.3).
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?] "The pong is queued at the first poll, and sent whole."
        )]
        /// # Errors
        ///
        /// As [`send`](Self::send), also for a payload that is too long.
        pub $($async)? fn pong(&$($mut)? $self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
            $self.handle().queue_and_flush(|session| session.pong(payload))$($await)*
        }

        /// Starts the closing handshake: sends a Close frame and returns. Messages that the peer
        /// sent before its own Close can still be received.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?] "The Close frame is queued at the first poll, and sent whole."
        )]
        /// # Errors
        ///
        /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. Else as
        /// [`flush`](Self::flush).
        pub $($async)? fn start_close(
            &$($mut)? $self,
            code: CloseCode,
            reason: &str,
        ) -> Result<(), Error> {
            let frame = CloseFrame::new(code, reason.to_string())?;
            $self.start_close_with(frame)$($await)*
        }

        /// As [`start_close`](Self::start_close), with a [`CloseFrame`] or a [`CloseCode`], or
        /// `None` for a Close frame without a code: a relay passes on what it has received.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?] "The Close frame is queued at the first poll, and sent whole."
        )]
        /// # Errors
        ///
        /// As [`flush`](Self::flush).
        pub $($async)? fn start_close_with(
            &$($mut)? $self,
            frame: impl Into<Option<CloseFrame>>,
        ) -> Result<(), Error> {
            let frame = frame.into();
            $self
                .handle()
                .queue_and_flush(|session| Ok(session.connection.close(frame)))$($await)*
        }

        $crate::adapter::controls::controls!(($self $($mut)?));
    };
}

/// The methods that receive. Their bodies follow the names.
macro_rules! receiving {
    (async $($bodies:tt)*) => {
        $crate::adapter::methods::receiving!(@ [async] [.await] $($bodies)*);
    };
    (blocking $($bodies:tt)*) => {
        $crate::adapter::methods::receiving!(@ [] [] $($bodies)*);
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
        /// else no later than [`Timeouts::write`](crate::Timeouts::write) after the peer last read
        /// something; [`closed`](Self::closed) has the peer's code before. It does not wait for the
        /// end of the stream: [`until_closed`](Self::until_closed) does. If the connection is
        /// dropped while the peer still sends, after a violation of the protocol for example, the
        /// stream is reset, and the peer may not see our Close frame.
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
        /// Pings and pongs are skipped, as by [`recv`](Self::recv). The senders of a
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
            mut $each: impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
        ) -> Result<bool, Error> {
            $recv_with
        }

        /// Receives until the connection is closed, by either side, and discards messages. Then
        /// shuts the stream down: waits for its end, no longer than
        /// [`Timeouts::close`](crate::Timeouts::close). Returns how the connection was closed.
        ///
        /// A connection that only sends needs a task or thread for this. After the last `recv`, it
        /// can run in the background.
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

/// The methods of a `MessageWriter` that has a `message`. The bodies of the last two follow the
/// names.
macro_rules! writing {
    (async $($bodies:tt)*) => {
        $crate::adapter::methods::writing!(@ [async] $($bodies)*);
    };
    (blocking $($bodies:tt)*) => {
        $crate::adapter::methods::writing!(@ [] $($bodies)*);
    };
    (
        @ [$($async:tt)?] $self:ident
        write_chunk: $write_chunk:expr,
        finish: $finish:expr $(,)?
    ) => {
        /// Whether to compress the message. Must be called before anything is written. By default
        /// the message is compressed, unless its beginning looks incompressible.
        #[must_use]
        pub fn compress(mut $self, compress: Compress) -> Self {
            $self.message.set_compress(compress);
            $self
        }

        /// Writes a chunk of the message to the stream. A text may be cut anywhere, also inside a
        /// character.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?]
            "The chunk is taken at the first poll. What was not sent of it is sent before the next \
             chunk."
        )]
        /// # Errors
        ///
        /// As [`WebSocket::send`](super::WebSocket::send). What was not sent then is sent before
        /// the next chunk. [`Error::Send`] also for a text that is not UTF-8, after which the
        /// message can't be finished.
        pub $($async)? fn write_chunk(&mut $self, chunk: impl Into<Bytes>) -> Result<(), Error> {
            $self.check_unfinished()?;
            $self.message.push(chunk.into());
            $write_chunk
        }

        /// Sends the rest of the message, as its last fragment.
        #[doc = $crate::adapter::methods::cancel_safety!(
            [$($async)?]
            "If the future is dropped while it waits for room, the message is not finished, and \
             the connection is closed."
        )]
        /// # Errors
        ///
        /// As [`write_chunk`](Self::write_chunk); [`Error::Send`] also for a text that ends inside
        /// a character.
        pub $($async)? fn finish(mut $self) -> Result<(), Error> {
            $finish
        }

        /// A message that is finished takes no more bytes.
        fn check_unfinished(&$self) -> io::Result<()> {
            match $self.message.is_finished() {
                true => Err(io::ErrorKind::BrokenPipe.into()),
                false => Ok(()),
            }
        }
    };
}

pub(super) use {cancel_safety, receiving, sending, writing};
