//! The frames of one direction, without a network.

use sansocket::wire::{Header, HeaderError, Opcode, apply_mask};
use sansocket::{CloseCode, CloseFrame, ProtocolError};
use sansocket_reverse_proxy::frames::{End, Frames};

const SEED: [u8; 32] = [7; 32];

pub(crate) fn frame(fin: bool, opcode: Opcode, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let payload_len = payload.len() as u64;
    let header = Header { fin, rsv1: false, opcode, mask, payload_len };
    let mut payload = payload.to_vec();
    if let Some(key) = mask {
        apply_mask(key, 0, &mut payload);
    }
    [header.encode(&mut [0; Header::MAX_LEN]), &payload].concat()
}

/// A header without its key, and the payload without its mask.
type Frame = (Header, Vec<u8>);

/// The frames of a stream, and their keys.
fn parse(mut bytes: &[u8]) -> (Vec<Frame>, Vec<[u8; 4]>) {
    let (mut frames, mut keys) = (vec![], vec![]);
    while let Some((mut header, size)) = Header::parse(bytes).unwrap() {
        let end = size + header.payload_len as usize;
        let mut payload = bytes[size..end].to_vec();
        if let Some(key) = header.mask.take() {
            apply_mask(key, 0, &mut payload);
            keys.push(key);
        }
        frames.push((header, payload));
        bytes = &bytes[end..];
    }
    assert!(bytes.is_empty());
    (frames, keys)
}

/// Passes bytes in pieces of so many.
fn pass(frames: &mut Frames, bytes: &[u8], piece: usize) -> Vec<u8> {
    let (mut passed, mut waiting) = (vec![], vec![]);
    for piece in bytes.chunks(piece) {
        waiting.extend_from_slice(piece);
        let len = frames.pass(&mut waiting);
        passed.extend(waiting.drain(..len));
    }
    passed
}

const LENGTHS: [usize; 8] = [0, 1, 5, 125, 126, 300, 65_535, 65_536];

#[test]
fn frames_of_a_client_get_new_masking_keys_and_are_otherwise_unchanged() {
    for piece in [1, 2, 3, 7, 1000, usize::MAX] {
        let frames =
            LENGTHS.map(|len| frame(true, Opcode::Binary, Some([1, 2, 3, 4]), &vec![9; len]));
        let sent = frames.concat();
        let passed = pass(&mut Frames::of_client(u64::MAX, SEED), &sent, piece);
        let ((before, _), (after, keys)) = (parse(&sent), parse(&passed));
        assert!(before == after, "pieces of {piece} bytes");
        for (at, key) in keys.iter().enumerate() {
            assert_ne!(*key, [1, 2, 3, 4]);
            assert!(!keys[..at].contains(key), "a key is used twice");
        }
    }
}

#[test]
fn frames_of_a_server_pass_unchanged() {
    for piece in [1, 3, 1000, usize::MAX] {
        let frames = LENGTHS.map(|len| frame(len == 1, Opcode::Text, None, &vec![b'x'; len]));
        let sent = frames.concat();
        assert!(pass(&mut Frames::of_server(u64::MAX), &sent, piece) == sent);
    }
}

#[test]
fn nothing_passes_after_a_close_frame() {
    let close = frame(true, Opcode::Close, None, b"\x03\xe8");
    let mut frames = Frames::of_server(u64::MAX);
    let sent = [&close[..], b"\x81\x01x"].concat();
    assert_eq!(pass(&mut frames, &sent, usize::MAX), close);
    assert_eq!(frames.end(), Some(End::Close));
}

#[test]
fn violation_of_framing_ends_the_frames_before_its_header_passes() {
    let masked = frame(true, Opcode::Text, Some([1; 4]), b"x");
    let rows: [(Frames, &[u8], ProtocolError); 5] = [
        (Frames::of_client(9, SEED), b"\x81\x01x", ProtocolError::Unmasked),
        (Frames::of_server(9), &masked, ProtocolError::Masked),
        (Frames::of_server(9), b"\x82\x0a", ProtocolError::FrameTooBig { limit: 9 }),
        (Frames::of_server(9), b"\xa2\x00", ProtocolError::Header(HeaderError::ReservedBit)),
        (Frames::of_server(9), b"\x83\x00", ProtocolError::Header(HeaderError::ReservedOpcode)),
    ];
    for (mut frames, bytes, error) in rows {
        assert_eq!(pass(&mut frames, bytes, 1), b"");
        assert_eq!(frames.end(), Some(End::Violation(error)));
    }
}

#[test]
fn close_frame_of_the_proxy_is_masked_for_the_backend() {
    let close = CloseFrame::truncated(CloseCode::GOING_AWAY, "idle");
    let for_client = Frames::of_server(u64::MAX).close_frame(&close);
    assert_eq!(for_client, b"\x88\x06\x03\xe9idle");
    let for_backend = Frames::of_client(u64::MAX, SEED).close_frame(&close);
    let ((frames, keys), (expected, _)) = (parse(&for_backend), parse(&for_client));
    assert_eq!((frames, keys.len()), (expected, 1));
}
