//! Unmasking: RFC 6455 §5.3.

use soketto::base::{Codec, Header, OpCode};

use crate::turns::{Kernel, MEMCPY, Work};

const SIZES: [(&str, usize); 5] =
    [("16B", 16), ("125B", 125), ("1K", 1024), ("16K", 16 * 1024), ("1M", 1024 * 1024)];

pub fn works() -> impl Iterator<Item = Work> {
    SIZES.into_iter().map(|(size, len)| {
        let header = if len < 126 {
            6
        } else if len < 1 << 16 {
            8
        } else {
            14
        };
        let payload: Vec<u8> = (1..=251).cycle().take(len).collect();
        let result = payload
            .iter()
            .zip(key(&payload).iter().cycle())
            .map(|(octet, key)| octet ^ key)
            .collect();
        Work { kind: "unmask", size, header, payload, result, kernels: KERNELS }
    })
}

const KERNELS: &[Kernel] = &[
    ("sansocket", |bytes, source| sansocket::wire::apply_mask(key(source), 0, bytes)),
    MEMCPY,
    ("fastwebsockets", |bytes, source| fastwebsockets::unmask(bytes, key(source))),
    ("sockudo-ws", |bytes, source| sockudo_ws::simd::apply_mask(bytes, key(source))),
    ("yawc", |bytes, source| yawc::mask::apply_mask(bytes, key(source))),
    ("soketto", |bytes, source| {
        let mut header = Header::new(OpCode::Binary);
        header.set_masked(true).set_mask(u32::from_be_bytes(key(source)));
        Codec::apply_mask(&header, bytes);
    }),
];

/// Also the payload's first bytes: a key that is not a constant.
fn key(source: &[u8]) -> [u8; 4] {
    source.first_chunk().copied().unwrap_or_default()
}
