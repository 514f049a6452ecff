//! The servers by name, one file for each library.

mod axum;
mod fastwebsockets;
mod raw_epoll;
mod raw_epoll_broadcast;
mod raw_tokio;
mod sansocket_blocking;
mod sansocket_epoll;
mod sansocket_http;
mod sansocket_tokio;
mod sansocket_topic;
#[cfg(feature = "others")]
mod sockudo;
#[cfg(feature = "others")]
mod soketto;
mod tokio_websockets;
#[cfg(feature = "others")]
mod tungstenite;
#[cfg(feature = "others")]
mod web_socket;
#[cfg(feature = "others")]
mod wtx;
#[cfg(feature = "others")]
mod yawc;

use crate::Serve;
use crate::tls;
use crate::topic::Flush;

/// The baselines, the library, and its peers.
pub const ALL: &[(&str, Serve)] = &[
    ("raw-epoll", raw_epoll::serve),
    ("raw-tokio", raw_tokio::serve),
    ("sansocket-tokio", sansocket_tokio::serve),
    ("sansocket-tokio-cork", sansocket_tokio::serve_corked),
    ("sansocket-tokio-feed", sansocket_tokio::serve_feeding),
    ("sansocket-tokio-with", sansocket_tokio::serve_borrowing),
    ("sansocket-hyper", sansocket_http::serve),
    ("sansocket-hyper-with", sansocket_http::serve_borrowing),
    ("sansocket-axum", sansocket_http::serve_axum),
    ("sansocket-epoll", sansocket_epoll::serve),
    ("sansocket-blocking", sansocket_blocking::serve),
    #[cfg(feature = "others")]
    ("tokio-tungstenite", tungstenite::serve),
    #[cfg(feature = "others")]
    ("tokio-tungstenite-feed", tungstenite::serve_feeding),
    ("fastwebsockets", fastwebsockets::serve),
    ("axum", axum::serve),
    ("tokio-websockets", tokio_websockets::serve),
    ("tokio-websockets-feed", tokio_websockets::serve_feeding),
    #[cfg(feature = "others")]
    ("yawc", yawc::serve),
    #[cfg(feature = "others")]
    ("yawc-feed", yawc::serve_feeding),
    #[cfg(feature = "others")]
    ("sockudo-ws", sockudo::serve),
    #[cfg(feature = "others")]
    ("sockudo-ws-feed", sockudo::serve_feeding),
    #[cfg(feature = "others")]
    ("soketto", soketto::serve),
    #[cfg(feature = "others")]
    ("wtx", wtx::serve),
    #[cfg(feature = "others")]
    ("web-socket", web_socket::serve),
    #[cfg(feature = "others")]
    ("web-socket-buf", web_socket::serve_buffered),
];

/// The servers over TLS.
pub const TLS: &[(&str, tls::Serve)] = &[
    ("raw-tokio", raw_tokio::serve_tls),
    ("sansocket-tokio-feed", sansocket_tokio::serve_feeding_tls),
    ("sansocket-tokio-with", sansocket_tokio::serve_borrowing_tls),
    #[cfg(feature = "others")]
    ("tokio-tungstenite", tungstenite::serve_tls),
    #[cfg(feature = "others")]
    ("tokio-tungstenite-feed", tungstenite::serve_feeding_tls),
    ("fastwebsockets", fastwebsockets::serve_tls),
];

/// The broadcasting servers.
pub const BROADCASTING: &[(&str, Serve)] = &[
    ("raw-epoll", raw_epoll_broadcast::serve),
    ("raw-tokio", raw_tokio::serve_broadcasting),
    ("sansocket-tokio", |listener| sansocket_tokio::serve_broadcasting(listener, Flush::Each)),
    ("sansocket-tokio-feed", |listener| sansocket_tokio::serve_broadcasting(listener, Flush::Last)),
    ("sansocket-topic", sansocket_topic::serve_broadcasting),
    #[cfg(feature = "others")]
    ("tokio-tungstenite", |listener| tungstenite::serve_broadcasting(listener, Flush::Each)),
    #[cfg(feature = "others")]
    ("tokio-tungstenite-feed", |listener| tungstenite::serve_broadcasting(listener, Flush::Last)),
    ("tokio-websockets", |listener| tokio_websockets::serve_broadcasting(listener, Flush::Each)),
    ("tokio-websockets-feed", |listener| {
        tokio_websockets::serve_broadcasting(listener, Flush::Last)
    }),
    #[cfg(feature = "others")]
    ("sockudo-ws", |listener| sockudo::serve_broadcasting(listener, Flush::Each)),
    #[cfg(feature = "others")]
    ("sockudo-ws-feed", |listener| sockudo::serve_broadcasting(listener, Flush::Last)),
];
