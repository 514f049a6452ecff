//! Tunnels through proxies, without I/O: HTTP CONNECT (RFC 9110 §9.3.6) and SOCKS5 (RFC 1928).
//!
//! ```text
//!   environment ──► Proxies ──► Proxy ──► Tunnel ──► output: the request to the proxy
//!                   which one            received ──► receive ──► the tunnel's first bytes, or an error
//! ```
//!
//! A [`Tunnel`] asks the proxy for a stream to the server. Once it is open, the same stream carries
//! the server's bytes: TLS for `wss:`, then the opening handshake.
//!
//! | address of the proxy | protocol | default port | names are resolved by |
//! |---|---|--:|---|
//! | `http://…`, or no scheme | HTTP CONNECT | 80 | the proxy |
//! | `https://…` | TLS to the proxy, then HTTP CONNECT | 443 | the proxy |
//! | `socks5h://…`, `socks://…` | SOCKS5 | 1080 | the proxy |
//! | `socks5://…` | SOCKS5 | 1080 | the client, as curl does |
//!
//! curl's default port of a proxy without TLS is 1080 for `http://` too; here it is that of the
//! scheme, as in most other libraries.

mod address;
mod connect;
mod credentials;
mod environment;
mod error;
mod no_proxy;
mod socks5;
mod target;
mod tunnel;

pub use self::address::{InvalidProxy, Proxy};
pub use self::environment::{InvalidVariable, Proxies};
pub use self::error::{ProxyError, SocksError};
pub use self::tunnel::Tunnel;
