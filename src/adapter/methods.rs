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
        /// While another message is sent in fragments ([`writer`](Self::writer)), it waits for it.
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
        /// As [`send`](Self::send); the message was not queued. A clone of a message shares its
        /// bytes, for a caller that has to send it again.
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

pub(crate) use cancel_safety;
pub(super) use {sending, writing};
