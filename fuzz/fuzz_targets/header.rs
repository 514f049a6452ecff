//! An accepted header encodes to the very bytes that it was read from; more bytes never change a verdict.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sansocket::wire::Header;

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
});
