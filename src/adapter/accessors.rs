//! The accessors of a connection and of its halves, which are the same in every adapter.

/// Defines them for a connection that has a session, or for a half whose `shared()` gives access to
/// the shared one.
macro_rules! accessors {
    (socket $self:ident, $session:expr, now: $now:expr) => {
        /// The state of the connection.
        #[must_use]
        pub const fn state(&$self) -> $crate::connection::State {
            $session.state()
        }

        /// How the connection was closed, once it is.
        #[must_use]
        pub const fn closed(&$self) -> Option<&$crate::connection::Closed> {
            $session.closed()
        }

        /// What was received, sent, queued and dropped, in numbers.
        #[must_use]
        pub fn stats(&$self) -> $crate::connection::Stats {
            $session.stats($now)
        }

        /// Round-trip time of the latest ping that was answered: a keep-alive ping, or one that was
        /// asked for.
        #[must_use]
        pub const fn round_trip(&$self) -> Option<core::time::Duration> {
            $session.round_trip()
        }

        /// The subprotocol that the handshake has agreed on.
        #[must_use]
        pub fn subprotocol(&$self) -> Option<&str> {
            $session.connection.subprotocol()
        }

        /// Number of bytes that are queued and not written, headers included.
        #[must_use]
        pub const fn buffered_amount(&$self) -> usize {
            $session.buffered_amount()
        }

        /// Number of messages that [`Overflow::DropNewest`](crate::Overflow::DropNewest) has
        /// dropped.
        #[must_use]
        pub const fn dropped(&$self) -> u64 {
            $session.dropped()
        }

        /// Sets the bounds of the output from now on. [`Options`](crate::Options::backpressure)
        /// sets them from the beginning.
        pub fn set_backpressure(&mut $self, backpressure: $crate::session::Backpressure) {
            $session.set_backpressure(backpressure);
        }

        /// From now on, keeps a clone of each message that is queued, until the stream has
        /// accepted all of it: see [`unsent`](Self::unsent). Default: off.
        ///
        /// A clone shares the bytes of a message, so a client masks a copy of them. At most the
        /// messages that are queued are kept.
        pub fn keep_unsent(&mut $self) {
            $session.keep_unsent();
        }

        /// The messages that were accepted since [`keep_unsent`](Self::keep_unsent) and are not
        /// written completely, in the order of sending: to be sent again on another connection.
        /// After the end of this one, the list is final.
        ///
        /// Accepted are also messages whose `send` was dropped after it had queued them, or failed
        /// with [`Error::ConnectionLost`] or [`TimedOut::Write`](crate::TimedOut::Write). Those of
        /// a [`writer`](Self::writer) are not kept.
        ///
        /// None of them has arrived. A message is written when the stream has accepted its last
        /// byte, though it may be in a buffer of TLS or of the kernel: whether it has arrived, only
        /// the peer's application can tell.
        #[must_use]
        pub fn unsent(&$self) -> std::vec::Vec<$crate::message::Outgoing> {
            $session.unsent()
        }

        /// The agreed parameters of compression, if it was agreed on.
        #[cfg(feature = "deflate")]
        #[must_use]
        pub fn deflate(&$self) -> Option<&$crate::deflate::Agreed> {
            $session.connection.deflate()
        }

        /// Frees memory that an idle connection does not need; see
        /// [`Connection::release_memory`](crate::Connection::release_memory).
        pub fn release_memory(&mut $self) {
            $session.connection.release_memory();
        }
    };
    (half) => {
        /// The state of the connection.
        #[must_use]
        pub fn state(&self) -> $crate::connection::State {
            self.shared().lock().session.state()
        }

        /// How the connection was closed, once it is.
        #[must_use]
        pub fn closed(&self) -> Option<$crate::connection::Closed> {
            self.shared().lock().session.closed().cloned()
        }

        /// What was received, sent, queued and dropped, in numbers, by all halves.
        #[must_use]
        pub fn stats(&self) -> $crate::connection::Stats {
            self.shared().stats()
        }

        /// Round-trip time of the latest ping that was answered: a keep-alive ping, or one that a
        /// sender asked for.
        #[must_use]
        pub fn round_trip(&self) -> Option<core::time::Duration> {
            self.shared().lock().session.round_trip()
        }
    };
    (sender) => {
        $crate::adapter::accessors::accessors!(half);

        /// Number of bytes that are queued and not written, of all senders, headers included.
        #[must_use]
        pub fn buffered_amount(&self) -> usize {
            self.shared().lock().session.buffered_amount()
        }

        /// Number of messages of all senders that
        /// [`Overflow::DropNewest`](crate::Overflow::DropNewest) has dropped.
        #[must_use]
        pub fn dropped(&self) -> u64 {
            self.shared().lock().session.dropped()
        }

        /// The subprotocol that the handshake has agreed on.
        #[must_use]
        pub fn subprotocol(&self) -> Option<std::string::String> {
            self.shared().lock().session.connection.subprotocol().map(Into::into)
        }

        /// Frees memory that an idle connection does not need; see
        /// [`Connection::release_memory`](crate::Connection::release_memory).
        pub fn release_memory(&self) {
            self.shared().lock().session.connection.release_memory();
        }

        /// From now on, keeps a clone of each message that is queued, by any sender, until the
        /// stream has accepted all of it: see
        /// [`WebSocket::keep_unsent`](super::WebSocket::keep_unsent).
        pub fn keep_unsent(&self) {
            self.shared().lock().session.keep_unsent();
        }

        /// The messages of all senders that were accepted and are not written completely, in the
        /// order of sending: see [`WebSocket::unsent`](super::WebSocket::unsent).
        #[must_use]
        pub fn unsent(&self) -> std::vec::Vec<$crate::message::Outgoing> {
            self.shared().lock().session.unsent()
        }

        /// Sets the bounds of the output, for all senders, also those that wait.
        pub fn set_backpressure(&self, backpressure: $crate::session::Backpressure) {
            self.shared().change(|shared| shared.session.set_backpressure(backpressure));
        }
    };
}

pub(super) use accessors;
