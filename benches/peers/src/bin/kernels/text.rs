//! Validation of UTF-8: RFC 6455 §8.1. Most libraries use `simdutf8`, some with a wrapper.

use std::iter::repeat_n;

use crate::turns::{Kernel, MEMCPY, Work};

const TEXTS: [(&str, &str); 3] = [
    ("ASCII text", "The quick brown fox jumps over the lazy dog. "),
    ("Cyrillic text", "Съешь же ещё этих мягких французских булок, да выпей чаю. "),
    ("CJK text", "天地玄黃宇宙洪荒日月盈昃辰宿列張寒來暑往秋收冬藏"),
];

const SIZES: [(&str, usize); 3] = [("16B", 16), ("1K", 1024), ("64K", 64 * 1024)];

pub fn works() -> impl Iterator<Item = Work> {
    TEXTS.into_iter().flat_map(|(kind, text)| {
        SIZES.into_iter().map(move |(size, len)| {
            let mut payload = text.repeat(len / text.len() + 1);
            payload.truncate((0..=len).rev().find(|&at| payload.is_char_boundary(at)).unwrap_or(0));
            payload.extend(repeat_n('.', len - payload.len()));
            let payload = payload.into_bytes();
            Work {
                kind,
                size,
                header: if len < 126 { 6 } else { 8 },
                result: payload.clone(),
                payload,
                kernels: KERNELS,
            }
        })
    })
}

const KERNELS: &[Kernel] = &[
    ("sansocket", |bytes, _| {
        let mut validator = sansocket::wire::Utf8Validator::new();
        assert!(validator.push(bytes).and_then(|()| validator.finish()).is_ok());
    }),
    MEMCPY,
    ("std", |bytes, _| assert!(std::str::from_utf8(bytes).is_ok())),
    ("simdutf8", |bytes, _| assert!(simdutf8::basic::from_utf8(bytes).is_ok())),
    ("sockudo-ws", |bytes, _| {
        let mut stream = sockudo_ws::utf8::Utf8Stream::new();
        assert!(stream.push(bytes) && stream.finish());
    }),
];
