//! The opening handshake of both roles, and the addresses of servers.

mod client;
mod credentials;
mod fields;
mod first_bytes;
mod guard;
mod limits;
mod other_stacks;
mod redirects;
mod refusals;
mod server;
mod subprotocols;
mod targets;
mod uri;
