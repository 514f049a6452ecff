//! The tests of the hub, on loopback, with the library's own client.

mod access;
mod authors;
#[cfg(any(feature = "redis", feature = "nats"))]
mod broker;
mod chain;
mod chat;
mod crowd;
mod cursors;
mod document;
mod editor;
mod ends;
mod limits;
#[cfg(unix)]
mod operator;
mod pieces;
mod prices;
mod program;
mod readme;
mod run;
#[cfg(any(feature = "redis", feature = "nats"))]
mod several;
mod store;
mod tls;
