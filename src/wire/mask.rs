//! Masking, which is its own inverse: RFC 6455 §5.3.

/// XORs `data` with the masking key, in place, as if `data` began `offset` bytes into the payload.
///
/// Masking any split of a payload piece by piece, each at its own offset, is the same as masking it
/// whole.
///
/// ```
/// use sansocket::wire::apply_mask;
///
/// // RFC 6455 §5.7: the masked "Hello"
/// let mut payload = *b"\x7f\x9f\x4d\x51\x58";
/// apply_mask([0x37, 0xfa, 0x21, 0x3d], 0, &mut payload);
/// assert_eq!(&payload, b"Hello");
/// ```
#[inline(always)]
pub fn apply_mask(key: [u8; 4], offset: u64, data: &mut [u8]) {
    // RFC 6455 §5.3: "j = i MOD 4; transformed-octet-i = original-octet-i XOR masking-key-octet-j"
    let key = u32::from_le_bytes(key);
    let key = key_at(u64::from(key) << 32 | u64::from(key), offset);

    // What is small is common, and not worth a call.
    match data.len() {
        8..=16 => ends::<8>(key, data),
        17..=32 => ends::<16>(key, data),
        _ => few_or_many(key, data),
    }
}

const WORD: usize = 8;

/// From so many bytes on, it pays to write where the processor writes best.
const LONG: usize = 1024;

/// No register of 32 bytes that begins here is written across the border of two lines of a cache.
const ALIGNMENT: usize = 32;

/// The key as it is so many bytes further on.
#[inline(always)]
const fn key_at(key: u64, offset: u64) -> u64 {
    key.rotate_right(8 * (offset % 4) as u32)
}

/// So many bytes from either end. They may overlap: so there are no single bytes left, and each is
/// only changed once.
#[inline(always)]
fn ends<const N: usize>(key: u64, data: &mut [u8]) {
    let last = data.len() - N;
    let (mut head, mut tail) = ([0; N], [0; N]);
    head.copy_from_slice(&data[..N]);
    tail.copy_from_slice(&data[last..]);
    words(key, &mut head);
    words(key_at(key, last as u64), &mut tail);
    data[..N].copy_from_slice(&head);
    data[last..].copy_from_slice(&tail);
}

#[inline(never)]
fn few_or_many(key: u64, data: &mut [u8]) {
    if data.len() < LONG { blocks(key, data) } else { many(key, data) }
}

#[inline(never)]
fn many(key: u64, data: &mut [u8]) {
    let (start, rest) = data.split_at_mut(data.as_ptr().addr().wrapping_neg() % ALIGNMENT);
    blocks(key, start);
    let key = key_at(key, start.len() as u64);
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if std::arch::is_x86_feature_detected!("avx2") {
        // Twice as fast as with what every x86-64 has: with and without this, `cargo bench -p
        // sansocket-benches --bench mask`.
        //
        // SAFETY: the function needs nothing but AVX2, and the processor has it.
        #[allow(unsafe_code)]
        return unsafe { blocks_by_avx2(key, rest) };
    }
    blocks(key, rest);
}

/// [`blocks`], which is safe code, compiled for registers of 32 bytes: unsafe to call where the
/// processor has no AVX2.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[target_feature(enable = "avx2")]
#[allow(unsafe_code)]
unsafe fn blocks_by_avx2(key: u64, data: &mut [u8]) {
    blocks(key, data);
}

#[inline(always)]
fn blocks(key: u64, data: &mut [u8]) {
    let Some(last) = data.len().checked_sub(WORD) else {
        for (byte, key) in data.iter_mut().zip(key.to_le_bytes()) {
            *byte ^= key;
        }
        return;
    };
    // The last word may overlap the one before it.
    let mut tail = [0; WORD];
    tail.copy_from_slice(&data[last..]);
    words(key_at(key, last as u64), &mut tail);
    // Of four words the compiler makes SIMD and unrolls the loop: more of a block, and it makes
    // worse of it for AVX-512.
    let mut blocks = data.chunks_exact_mut(4 * WORD);
    for block in &mut blocks {
        words(key, block);
    }
    words(key, blocks.into_remainder());
    data[last..].copy_from_slice(&tail);
}

/// The whole words of this. The compiler makes SIMD of this loop, which it does not of a loop over
/// bytes.
#[inline(always)]
fn words(key: u64, data: &mut [u8]) {
    for word in data.chunks_exact_mut(WORD) {
        let mut bytes = [0; WORD];
        bytes.copy_from_slice(word);
        word.copy_from_slice(&(u64::from_le_bytes(bytes) ^ key).to_le_bytes());
    }
}
