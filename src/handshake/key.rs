//! `Sec-WebSocket-Key` and `Sec-WebSocket-Accept`: RFC 6455 §4.1 no. 7, §4.2.2 no. 5.4.
//!
//! SHA-1 secures nothing here (§10.8): it only proves that the server read the key.

use alloc::string::String;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use super::classes;

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Encodes a nonce as `Sec-WebSocket-Key`.
pub(super) fn encode(nonce: [u8; 16]) -> [u8; 24] {
    let mut key = [0; 24];
    let written = STANDARD.encode_slice(nonce, &mut key);
    debug_assert_eq!(written, Ok(24), "16 bytes are 24 characters");
    key
}

/// Whether this is a `Sec-WebSocket-Key`: 16 bytes in base64. The unused bits at its end may be
/// set, as in the RFC's own example (§4.1).
pub(super) fn is_valid(key: &[u8]) -> bool {
    key.len() == 24
        && key.strip_suffix(b"==").is_some_and(|digits| classes::are(digits, classes::BASE64))
}

/// Returns the `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (§4.2.2 no. 5.4); `None`
/// if that is not 16 bytes in base64.
///
/// ```
/// let accept = sansocket::accept_key("dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(accept.as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
/// ```
#[must_use]
pub fn accept_key(key: &str) -> Option<String> {
    let key = key.as_bytes();
    is_valid(key).then(|| accept(key).into_iter().map(char::from).collect())
}

/// The `Sec-WebSocket-Accept` for a key, which is hashed without decoding.
pub(super) fn accept(key: &[u8]) -> [u8; 28] {
    let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    let mut accept = [0; 28];
    let written = STANDARD.encode_slice(hash, &mut accept);
    debug_assert_eq!(written, Ok(28), "20 bytes are 28 characters");
    accept
}
