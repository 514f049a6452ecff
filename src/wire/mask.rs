//! Masking, which is its own inverse: RFC 6455 §5.3.

/// XORs `data` with the masking key, in place, as if `data` began `offset` bytes into the payload.
///
/// A payload may be masked in pieces, each at its own offset, with the same result.
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

    // Small payloads are common, and a call would cost as much as the masking.
    match data.len() {
        8..=16 => ends::<8>(key, data),
        17..=32 => ends::<16>(key, data),
        _ => call_blocks(key, data),
    }
}

const WORD: usize = 8;

/// From this length on, in bytes, aligned writes are worth their preparation.
const LONG: usize = 1024;

/// The alignment in bytes at which no register of 32 bytes is written across two cache lines.
const ALIGNMENT: usize = 32;

/// The key, rotated to an offset in bytes.
#[inline(always)]
const fn key_at(key: u64, offset: u64) -> u64 {
    key.rotate_right(8 * (offset % 4) as u32)
}

/// Masks N bytes at either end. The ends may overlap, so no single bytes remain between them; each
/// byte is changed once.
#[inline(always)]
fn ends<const N: usize>(key: u64, data: &mut [u8]) {
    let tail_key = key_at(key, (data.len() - N) as u64);
    let Some(&(mut tail)) = data.last_chunk::<N>() else { return };
    words(tail_key, &mut tail);
    if let Some(head) = data.first_chunk_mut::<N>() {
        words(key, head);
    }
    if let Some(last) = data.last_chunk_mut() {
        *last = tail;
    }
}

#[inline(never)]
fn call_blocks(key: u64, data: &mut [u8]) {
    if data.len() < LONG { blocks(key, data) } else { aligned(key, data) }
}

#[inline(never)]
fn aligned(key: u64, data: &mut [u8]) {
    let (start, rest) = data.split_at_mut(data.as_ptr().addr().wrapping_neg() % ALIGNMENT);
    blocks(key, start);
    let key = key_at(key, start.len() as u64);
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if std::arch::is_x86_feature_detected!("avx2") {
        // Twice as fast as the instructions that every x86-64 has: `cargo bench -p
        // sansocket-benches --bench mask`.
        //
        // SAFETY: the function requires AVX2 alone, and the processor has it.
        #[allow(unsafe_code)]
        return unsafe { blocks_by_avx2(key, rest) };
    }
    blocks(key, rest);
}

/// [`blocks`], which is safe code, compiled for registers of 32 bytes: unsafe to call if the
/// processor has no AVX2.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[target_feature(enable = "avx2")]
#[allow(unsafe_code)]
unsafe fn blocks_by_avx2(key: u64, data: &mut [u8]) {
    blocks(key, data);
}

#[inline(always)]
fn blocks(key: u64, data: &mut [u8]) {
    let Some(&(mut tail)) = data.last_chunk::<WORD>() else {
        for (byte, key) in data.iter_mut().zip(key.to_le_bytes()) {
            *byte ^= key;
        }
        return;
    };
    // The last word may overlap the one before it.
    words(key_at(key, (data.len() - WORD) as u64), &mut tail);
    // For blocks of four words the compiler emits SIMD, and unrolls the loop. For larger blocks its
    // code for AVX-512 is slower.
    let mut blocks = data.chunks_exact_mut(4 * WORD);
    for block in &mut blocks {
        words(key, block);
    }
    words(key, blocks.into_remainder());
    if let Some(last) = data.last_chunk_mut() {
        *last = tail;
    }
}

/// Masks the complete words. The compiler emits SIMD for this loop, but not for one over bytes.
#[inline(always)]
fn words(key: u64, data: &mut [u8]) {
    for word in data.chunks_exact_mut(WORD) {
        if let Some(word) = word.first_chunk_mut() {
            *word = (u64::from_le_bytes(*word) ^ key).to_le_bytes();
        }
    }
}
