//! WebSocket as a part of HTTP servers: of the crate `http` without I/O, of hyper, and of axum.

mod axum_routes;
#[path = "../adapters/collector.rs"]
mod collector;
mod connect;
mod doors;
mod groups;
mod h2_handshake;
mod h2_server;
mod h2_stream;
mod one_source;
mod resets;
mod serve;
mod traces;
mod transcripts;
mod upgrades;
mod without_a_port;
