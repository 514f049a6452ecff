//! Masking equals the simple loop over bytes, at every offset, length and alignment; it is its own
//! inverse; it may be done in pieces; and it changes no other bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sansocket::wire::apply_mask;
use sansocket_fuzz::Input;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let key = [input.byte(), input.byte(), input.byte(), input.byte()];
    let offset = input.take(8).iter().fold(0_u64, |offset, byte| offset << 8 | u64::from(*byte));
    let (before, after, cut) =
        (usize::from(input.byte() % 64), usize::from(input.byte() % 64), usize::from(input.word()));
    let plain = [&[0x5a; 64][..before], input.0, &[0xa5; 64][..after]].concat();
    let inside = before..before + input.0.len();

    let mut buffer = plain.clone();
    apply_mask(key, offset, &mut buffer[inside.clone()]);
    for (i, (masked, plain)) in buffer.iter().zip(&plain).enumerate() {
        let octet = if inside.contains(&i) {
            key[(u128::from(offset) + (i - before) as u128) as usize % 4]
        } else {
            0
        };
        assert_eq!(*masked, plain ^ octet, "byte {i}");
    }
    let (head, tail) = buffer[inside].split_at_mut(cut.min(input.0.len()));
    apply_mask(key, offset, head);
    apply_mask(key, offset.wrapping_add(head.len() as u64), tail);
    assert_eq!(buffer, plain);
});
