//! permessage-deflate (RFC 7692) without I/O: parameters, handshake, compression in both directions.

mod chunking;
mod codec;
mod handshake;
mod params;
mod prepared;
mod receiving;
mod sending;
mod stats;
