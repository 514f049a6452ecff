//! WebSocket as a part of an HTTP server, which receives the requests and sends the responses.
//!
//! ```text
//!   axum      extractor, messages of axum's shape
//!    │
//!   hyper     takes the stream over after the response
//!    │
//!   http      checks a request, makes the response; no I/O          RFC 6455 §4.2, RFC 8441
//!
//!   group     the open connections of a server, with or without HTTP
//!   topic     broadcasts to them
//! ```

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "tokio")]
pub mod group;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "hyper")]
pub mod hyper;
#[cfg(feature = "http")]
mod rejection;
#[cfg(feature = "tokio")]
pub mod topic;
