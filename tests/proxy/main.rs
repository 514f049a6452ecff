//! Tunnels through proxies: their addresses, and both protocols.

mod addresses;
mod answers;
mod connect;
mod deadline;
mod socks5;
