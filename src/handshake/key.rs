//! `Sec-WebSocket-Key` and `Sec-WebSocket-Accept`: RFC 6455 §4.1 no. 7, §4.2.2 no. 5.4.
//!
//! SHA-1 secures nothing here (§10.8): it only proves that the server read the key.

use alloc::string::String;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::block_api::compress;

use super::classes;

/// The length of a key, in bytes: 16 bytes in base64.
const LEN: usize = 24;

const GUID: &[u8; 36] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The blocks that are hashed, without the key: its place, the [`GUID`], and the padding of that
/// length (FIPS 180-4 §5.1.1).
const BLOCKS: [[u8; 64]; 2] = {
    let mut blocks = [[0; 64]; 2];
    let mut at = 0;
    while at < GUID.len() {
        blocks[0][LEN + at] = GUID[at];
        at += 1;
    }
    blocks[0][LEN + GUID.len()] = 0x80;
    [blocks[1][62], blocks[1][63]] = (8 * (LEN + GUID.len()) as u16).to_be_bytes();
    blocks
};

/// The first hash value (FIPS 180-4 §5.3.1).
const STATE: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

/// Encodes a nonce as `Sec-WebSocket-Key`.
pub(super) fn encode(nonce: [u8; 16]) -> [u8; 24] {
    let mut key = [0; 24];
    let written = STANDARD.encode_slice(nonce, &mut key);
    debug_assert_eq!(written, Ok(24), "16 bytes are 24 characters");
    key
}

/// Returns the value if it is a `Sec-WebSocket-Key`: 16 bytes in base64. The unused bits at its end
/// may be set, as in the RFC's own example (§4.1).
pub(super) fn check(key: &[u8]) -> Option<&[u8; LEN]> {
    let key: &[u8; LEN] = key.try_into().ok()?;
    let [digits @ .., b'=', b'='] = key else { return None };
    classes::are(digits, classes::BASE64).then_some(key)
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
    check(key.as_bytes()).map(|key| accept(key).into_iter().map(char::from).collect())
}

/// The `Sec-WebSocket-Accept` for a key, which is hashed without decoding.
pub(crate) fn accept(key: &[u8; LEN]) -> [u8; 28] {
    let (mut blocks, mut state) = (BLOCKS, STATE);
    blocks[0][..LEN].copy_from_slice(key);
    // Not by `Sha1`, whose buffer and padding are for any length.
    compress(&mut state, &blocks);
    let mut hash = [[0; 4]; 5];
    (0..hash.len()).for_each(|at| hash[at] = state[at].to_be_bytes());
    let mut accept = [0; 28];
    let written = STANDARD.encode_slice(hash.as_flattened(), &mut accept);
    debug_assert_eq!(written, Ok(28), "20 bytes are 28 characters");
    accept
}
