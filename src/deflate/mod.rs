//! Compression of messages: the permessage-deflate extension, RFC 7692.
//!
//! [`Deflate`] has the options of one endpoint, [`Agreed`] the parameters that the opening
//! handshake negotiated (§7.1). [`Compressor`] and [`Decompressor`] are one direction each (§7.2).
//! Nothing here depends on frames: the connection sets and checks RSV1 (§6).
//!
//! ```
//! use bytes::BytesMut;
//! use sansocket::deflate::{Compressor, Decompressor, Deflate};
//!
//! let (client, server) = (Deflate::new(), Deflate::memory());
//! assert_eq!(client.offer(), "permessage-deflate; client_max_window_bits=12");
//!
//! let offered = [("client_max_window_bits", Some("12".into()))];
//! let (at_server, answer) = server.answer(offered).unwrap();
//! assert_eq!(
//!     answer,
//!     "permessage-deflate; client_no_context_takeover; client_max_window_bits=12"
//! );
//!
//! let mut wire = BytesMut::new();
//! Compressor::new(&server, &at_server).compress(b"Hello", true, &mut wire);
//! assert_eq!(wire[..], *b"\xf2\x48\xcd\xc9\xc9\x07\x00");
//!
//! let answered = [
//!     ("client_no_context_takeover", None),
//!     ("client_max_window_bits", Some("12".into())),
//! ];
//! let at_client = client.accept(answered).unwrap();
//! let (mut wire, mut room) = (&wire[..], [0; 512]);
//! let inflated = Decompressor::new(&at_client).inflate(&mut wire, true, 1024, &mut room).unwrap();
//! assert_eq!(inflated, Some(&b"Hello"[..]));
//! ```

mod codec;
mod compressor;
mod decompressor;
mod negotiation;
mod options;
mod params;
mod window;

pub use compressor::Compressor;
pub use decompressor::{Decompressor, InflateError};
pub use options::Deflate;
pub use params::{InvalidAnswer, NAME};
pub use window::{Agreed, Window};
