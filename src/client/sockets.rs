//! The options of a client's TCP sockets.

/// The options of a TCP socket.
#[derive(Clone, Debug)]
pub(super) struct SocketOptions {
    pub(super) nodelay: bool,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self { nodelay: true }
    }
}
