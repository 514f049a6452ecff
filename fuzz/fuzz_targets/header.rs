//! An accepted header encodes to the bytes that it was parsed from; more bytes never change a
//! result; every encoded header is parsed back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sansocket::wire::{Header, Opcode};
use sansocket_fuzz::Input;

fuzz_target!(|bytes: &[u8]| {
    let whole = Header::parse(bytes);
    if let Ok(Some((header, size))) = whole {
        assert_eq!(header.encode(&mut [0; Header::MAX_LEN]), &bytes[..size]);
    }
    for end in 0..bytes.len().min(Header::MAX_LEN) {
        match Header::parse(&bytes[..end]) {
            Ok(None) => {}
            verdict => assert_eq!(verdict, whole),
        }
    }

    let mut input = Input(bytes);
    let (first, key) = (input.byte(), input.word());
    let Some(opcode) = Opcode::from_bits(first & 15) else { return };
    let length =
        input.take(8).iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte)) >> 1;
    let header = Header {
        fin: opcode.is_control() || first > 127,
        rsv1: first & 64 != 0,
        opcode,
        mask: (key > 0).then_some([0, 1, key as u8, (key >> 8) as u8]),
        payload_len: if opcode.is_control() { length % 126 } else { length },
    };
    let mut space = [0; Header::MAX_LEN];
    let written = header.encode(&mut space);
    assert_eq!(Header::parse(written), Ok(Some((header, written.len()))));
});
