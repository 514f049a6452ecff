//! The opening handshake of both roles, and the addresses of servers.

mod client;
mod fields;
mod server;
mod targets;
mod uri;
