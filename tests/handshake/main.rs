//! The opening handshake of both roles, and the addresses of servers.

mod client;
mod fields;
mod guard;
mod refusals;
mod server;
mod targets;
mod uri;
