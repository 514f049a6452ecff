//! Opening handshakes that an HTTP server of the crate [`http`](::http) 1.x receives and answers:
//! RFC 6455 §4.2 over HTTP/1.1, RFC 8441 over HTTP/2.
//!
//! The rules are those of [`ServerHandshake`](crate::ServerHandshake), and nothing is serialised
//! or parsed again.
//!
//! | | HTTP/1.1 | HTTP/2 and HTTP/3 |
//! |---|---|---|
//! | method | GET | CONNECT, with `:protocol` = `websocket` |
//! | server's name | the target if it is a URL, else `Host` | `:authority`, else `Host` |
//! | `Connection`, `Upgrade` | required | refused |
//! | `Sec-WebSocket-Key` | required | not read |
//! | response | 101 with `Sec-WebSocket-Accept` | 200 |
//! | version, subprotocols, extensions, origin | the same | the same |
//!
//! # HTTP/3
//!
//! RFC 9220 is extended CONNECT over HTTP/3, and a stack that has it can pass `:protocol` to
//! [`UpgradeRequest::extended_connect`]: the handshake is that of HTTP/2. This crate has no stack
//! and no client for it yet: hyper has no HTTP/3; the crates h3 and quinn are 0.x, and their
//! streams are not tokio's traits; and of the peers that this crate is tested with, none would
//! prove it.

mod accept;
mod request;

pub use self::accept::CheckedRequest;
pub use self::request::UpgradeRequest;
pub use super::rejection::Rejection;
