//! The accessors of a connection and of its halves, which are the same in every adapter.

/// Defines them for a connection that has a session, or for a half whose `shared()` gives access to
/// the shared one.
macro_rules! accessors {
    (socket $self:ident, $session:expr) => {
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

        /// Sets the bounds of the output, for all senders, also those that wait.
        pub fn set_backpressure(&self, backpressure: $crate::session::Backpressure) {
            self.shared().change(|shared| shared.session.set_backpressure(backpressure));
        }
    };
}

pub(super) use accessors;
