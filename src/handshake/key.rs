//! The proof that both sides mean WebSocket: RFC 6455 §4.1 no. 7, §4.2.2 no. 5.4.
//!
//! SHA-1 secures nothing here (§10.8): it only shows that the server read the key.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use sha1::{Digest, Sha1};

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The RFC's own example of a key (§4.1) ends with bits that say nothing, so a key may.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// A `Sec-WebSocket-Key`, as text.
pub(super) fn encode(nonce: [u8; 16]) -> [u8; 24] {
    let mut key = [0; 24];
    let written = STANDARD.encode_slice(nonce, &mut key);
    debug_assert_eq!(written, Ok(24), "16 bytes are 24 characters");
    key
}

/// Whether this is the text of a `Sec-WebSocket-Key`: 16 bytes in base64.
pub(super) fn is_valid(key: &[u8]) -> bool {
    // One more byte than needed, so that a longer key is not mistaken for a good one.
    key.len() == 24 && LENIENT.decode_slice(key, &mut [0; 18]) == Ok(16)
}

/// The `Sec-WebSocket-Accept` that answers a key. The key is hashed as it was written.
pub(super) fn accept(key: &[u8]) -> [u8; 28] {
    let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    let mut accept = [0; 28];
    let written = STANDARD.encode_slice(hash, &mut accept);
    debug_assert_eq!(written, Ok(28), "20 bytes are 28 characters");
    accept
}
