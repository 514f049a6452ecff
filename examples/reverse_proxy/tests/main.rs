//! The tests of the reverse proxy, on loopback.

mod compression;
mod constant_memory;
mod ends;
mod frames;
mod http2;
mod requests;
mod run;
mod transcripts;
