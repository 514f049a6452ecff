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
    let key = u32::from_le_bytes(key).rotate_right(8 * (offset % 4) as u32);
    let wide = u64::from(key) << 32 | u64::from(key);

    let Some(last) = data.len().checked_sub(WORD) else {
        for (byte, key) in data.iter_mut().zip(wide.to_le_bytes()) {
            *byte ^= key;
        }
        return;
    };
    // The last word overlaps the one before it: so there are no single bytes left, and each is only changed once.
    let tail = xor(&data[last..], wide.rotate_right(8 * (last % 4) as u32));
    // The compiler makes SIMD of this loop, which it does not of a loop over bytes.
    for word in data.chunks_exact_mut(WORD) {
        word.copy_from_slice(&xor(word, wide));
    }
    data[last..].copy_from_slice(&tail);
}

const WORD: usize = 8;

fn xor(word: &[u8], key: u64) -> [u8; WORD] {
    let mut bytes = [0; WORD];
    bytes.copy_from_slice(word);
    (u64::from_le_bytes(bytes) ^ key).to_le_bytes()
}
