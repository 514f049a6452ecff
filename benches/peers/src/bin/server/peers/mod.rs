//! The servers by name, one file a library.

mod raw_epoll;
mod raw_tokio;
mod sansocket_blocking;
mod sansocket_epoll;
mod sansocket_tokio;
mod tungstenite;

use crate::Serve;

/// First the floors, then the library, then its peers.
pub const ALL: &[(&str, Serve)] = &[
    ("raw-epoll", raw_epoll::serve),
    ("raw-tokio", raw_tokio::serve),
    ("sansocket-tokio", sansocket_tokio::serve),
    ("sansocket-tokio-feed", sansocket_tokio::serve_feeding),
    ("sansocket-epoll", sansocket_epoll::serve),
    ("sansocket-blocking", sansocket_blocking::serve),
    ("tokio-tungstenite", tungstenite::serve),
    ("tokio-tungstenite-feed", tungstenite::serve_feeding),
];
