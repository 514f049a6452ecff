//! Masking, which is its own inverse: RFC 6455 §5.3.

/// XORs `data` with the masking key, in place, as if `data` began `offset` bytes into the payload.
///
/// Masking any split of a payload piece by piece, each at its own offset, is the same as masking it whole.
///
/// ```
/// use sansocket::wire::apply_mask;
///
/// // RFC 6455 §5.7: the masked "Hello"
/// let mut payload = *b"\x7f\x9f\x4d\x51\x58";
/// apply_mask([0x37, 0xfa, 0x21, 0x3d], 0, &mut payload);
/// assert_eq!(&payload, b"Hello");
/// ```
pub fn apply_mask(key: [u8; 4], offset: u64, data: &mut [u8]) {
    // RFC 6455 §5.3: "j = i MOD 4; transformed-octet-i = original-octet-i XOR masking-key-octet-j"
    let [a, b, c, d] = u32::from_le_bytes(key).rotate_right(8 * (offset % 4) as u32).to_le_bytes();
    let wide = [a, b, c, d, a, b, c, d];

    // Eight bytes at a time: the compiler makes SIMD of this loop, which it does not of a loop over bytes.
    let mut chunks = data.chunks_exact_mut(wide.len());
    let word = u64::from_ne_bytes(wide);
    for chunk in &mut chunks {
        let mut bytes = wide;
        bytes.copy_from_slice(chunk);
        chunk.copy_from_slice(&(u64::from_ne_bytes(bytes) ^ word).to_ne_bytes());
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(wide) {
        *byte ^= key;
    }
}
