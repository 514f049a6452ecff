//! Tunnels through proxies: their addresses, both protocols, and which proxy the environment names.

mod addresses;
mod answers;
mod connect;
mod deadline;
mod environment;
mod no_proxy;
mod socks5;
