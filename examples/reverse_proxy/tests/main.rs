//! The tests of the reverse proxy, on loopback.

mod backend_http2;
mod compression;
mod constant_memory;
mod deadlines;
mod echo;
mod ends;
mod frames;
mod http2;
mod pairings;
mod pool;
mod program;
mod raw_http2;
mod requests;
mod run;
mod terminated;
mod tls;
mod transcoder;
mod transcripts;
