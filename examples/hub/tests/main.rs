//! The tests of the hub, on loopback, with the library's own client.

mod access;
mod chat;
mod crowd;
mod document;
mod ends;
mod limits;
mod prices;
mod program;
mod run;
mod store;
