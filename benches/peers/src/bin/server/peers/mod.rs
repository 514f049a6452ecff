//! The servers by name, one file for each library.

mod fastwebsockets;
mod raw_epoll;
mod raw_tokio;
mod sansocket_blocking;
mod sansocket_epoll;
mod sansocket_tokio;
mod sockudo;
mod soketto;
mod tokio_websockets;
mod tungstenite;
mod web_socket;
mod wtx;
mod yawc;

use crate::Serve;
use crate::topic::Flush;

/// The baselines, the library, and its peers.
pub const ALL: &[(&str, Serve)] = &[
    ("raw-epoll", raw_epoll::serve),
    ("raw-tokio", raw_tokio::serve),
    ("sansocket-tokio", sansocket_tokio::serve),
    ("sansocket-tokio-cork", sansocket_tokio::serve_corked),
    ("sansocket-tokio-feed", sansocket_tokio::serve_feeding),
    ("sansocket-tokio-with", sansocket_tokio::serve_borrowing),
    ("sansocket-epoll", sansocket_epoll::serve),
    ("sansocket-blocking", sansocket_blocking::serve),
    ("tokio-tungstenite", tungstenite::serve),
    ("tokio-tungstenite-feed", tungstenite::serve_feeding),
    ("fastwebsockets", fastwebsockets::serve),
    ("tokio-websockets", tokio_websockets::serve),
    ("tokio-websockets-feed", tokio_websockets::serve_feeding),
    ("yawc", yawc::serve),
    ("yawc-feed", yawc::serve_feeding),
    ("sockudo-ws", sockudo::serve),
    ("sockudo-ws-feed", sockudo::serve_feeding),
    ("soketto", soketto::serve),
    ("wtx", wtx::serve),
    ("web-socket", web_socket::serve),
    ("web-socket-buf", web_socket::serve_buffered),
];

/// The broadcasting servers.
pub const BROADCASTING: &[(&str, Serve)] = &[
    ("raw-tokio", raw_tokio::serve_broadcasting),
    ("sansocket-tokio", |listener| sansocket_tokio::serve_broadcasting(listener, Flush::Each)),
    ("sansocket-tokio-feed", |listener| sansocket_tokio::serve_broadcasting(listener, Flush::Last)),
    ("tokio-tungstenite", |listener| tungstenite::serve_broadcasting(listener, Flush::Each)),
    ("tokio-tungstenite-feed", |listener| tungstenite::serve_broadcasting(listener, Flush::Last)),
    ("tokio-websockets", |listener| tokio_websockets::serve_broadcasting(listener, Flush::Each)),
    ("tokio-websockets-feed", |listener| {
        tokio_websockets::serve_broadcasting(listener, Flush::Last)
    }),
    ("sockudo-ws", |listener| sockudo::serve_broadcasting(listener, Flush::Each)),
    ("sockudo-ws-feed", |listener| sockudo::serve_broadcasting(listener, Flush::Last)),
];
