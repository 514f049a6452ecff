//! Messages of one direction that are compressed anew, without a network.

use bytes::{BufMut, BytesMut};
use sansocket::deflate::{Agreed, Compressor, Decompressor, Deflate, Window};
use sansocket::wire::{Header, HeaderError, Opcode, apply_mask};
use sansocket::{Config, Connection, Entropy, Event, ProtocolError};
use sansocket_reverse_proxy::frames::End;
use sansocket_reverse_proxy::source::Source;
use sansocket_reverse_proxy::transcoder::{Limits, Transcoder};

use crate::frames::frame;

const LIMITS: Limits = Limits { max_frame: u64::MAX, max_inflated: 1 << 20 };

/// Messages of which some are compressed with context takeover, and a small window.
fn agreed(bits: u8, takeover: bool) -> Agreed {
    let window = Window::new(bits, takeover).unwrap();
    Agreed::new(window, window)
}

/// A transcoder of a client's messages: what the client has agreed on, and the backend.
fn of_client(client: Option<&Agreed>, backend: Option<&Agreed>) -> Transcoder {
    let deflater = backend.map(|agreed| Compressor::new(&Deflate::memory(), agreed));
    Transcoder::new(Source::client([7; 32]), LIMITS, client.map(Decompressor::new), deflater)
}

/// Passes bytes in pieces of so many, and checks that what is made of one call is bounded.
fn pass(transcoder: &mut Transcoder, bytes: &[u8], piece: usize) -> Vec<u8> {
    let (mut made, mut waiting) = (vec![], vec![]);
    for piece in bytes.chunks(piece) {
        waiting.extend_from_slice(piece);
        loop {
            let mut out = vec![];
            let len = transcoder.pass(&mut waiting, &mut out);
            assert!(out.len() <= 81 * 1024, "{} bytes at once", out.len());
            waiting.drain(..len);
            made.extend(out);
            if !transcoder.is_full() || transcoder.end().is_some() {
                break;
            }
        }
        assert!(transcoder.end().is_some() || waiting.len() < 14 + 125);
    }
    made
}

/// The messages that a server receives.
fn events(agreed: Option<&Agreed>, bytes: &[u8]) -> Vec<Event> {
    let mut server = Connection::server(Config::new().max_message_size(1 << 22));
    if let Some(agreed) = agreed {
        server = server.with_deflate(agreed);
    }
    server.input().put_slice(bytes);
    std::iter::from_fn(|| server.receive()).collect()
}

/// A conversation of a client, with and without compression.
fn conversation(agreed: Option<&Agreed>) -> Vec<u8> {
    let config = Config::new().deflate(Deflate::speed());
    let mut client = Connection::client(config, Entropy::from_seed([3; 32]));
    if let Some(agreed) = agreed {
        client = client.with_deflate(agreed);
    }
    let mut bytes = vec![];
    let noise: Vec<u8> = (0..200_000u32).map(|at| (at.wrapping_mul(at) >> 7) as u8).collect();
    client.send("").unwrap();
    client
        .send("a text that repeats, a text that repeats, a text that repeats, and repeats")
        .unwrap();
    client.ping(&b"between"[..]).unwrap();
    client.send("a text that repeats, a text that repeats, a text that repeats, and ends").unwrap();
    client.send(noise).unwrap();
    client.send("\u{e4}".repeat(150_000)).unwrap();
    bytes.put(client.output());
    bytes.extend(frame(false, Opcode::Text, Some([9; 4]), "fr\u{e4}g".as_bytes()));
    bytes.extend(frame(true, Opcode::Ping, Some([8; 4]), b"inside"));
    bytes.extend(frame(false, Opcode::Continuation, Some([7; 4]), b""));
    bytes.extend(frame(true, Opcode::Continuation, Some([6; 4]), b"ments"));
    bytes.extend(frame(true, Opcode::Close, Some([5; 4]), b"\x03\xe8bye"));
    bytes
}

#[test]
fn events_are_the_same_however_the_bytes_arrive() {
    let (small, none) = (agreed(9, true), agreed(15, false));
    for (client, backend) in [
        (Some(&small), None),
        (None, Some(&small)),
        (Some(&small), Some(&none)),
        (Some(&none), Some(&small)),
    ] {
        let sent = conversation(client);
        let expected = events(client, &sent);
        assert_eq!(expected.len(), 9, "{expected:?}");
        for piece in [1, 7, 1000, 60_000] {
            let mut transcoder = of_client(client, backend);
            let made = pass(&mut transcoder, &sent, piece);
            assert_eq!(transcoder.end(), Some(End::Close));
            assert!(events(backend, &made) == expected, "pieces of {piece} bytes");
            assert!(made.len() < sent.len() * 2 || client.is_some());
        }
    }
}

#[test]
fn fragments_of_the_sender_pass_when_they_are_complete() {
    let mut transcoder = of_client(None, Some(&agreed(15, true)));
    let fragment = frame(false, Opcode::Text, Some([1; 4]), b"first");
    assert_ne!(pass(&mut transcoder, &fragment, 3).len(), 0);
}

#[test]
fn bomb_ends_at_the_limit() {
    let agreed = agreed(15, true);
    let mut payload = BytesMut::new();
    Compressor::new(&Deflate::speed(), &agreed).compress(&vec![0; 16 << 20], true, &mut payload);
    let payload_len = payload.len() as u64;
    let (fin, rsv1, mask) = (true, true, Some([1, 2, 3, 4]));
    let header = Header { fin, rsv1, opcode: Opcode::Binary, mask, payload_len };
    apply_mask([1, 2, 3, 4], 0, &mut payload);
    let bytes = [header.encode(&mut [0; Header::MAX_LEN]), &payload].concat();
    for piece in [1, 1000, 60_000] {
        let mut transcoder = of_client(Some(&agreed), None);
        let made = pass(&mut transcoder, &bytes, piece);
        let error = ProtocolError::MessageTooBig { limit: 1 << 20 };
        assert_eq!(transcoder.end(), Some(End::Violation(error)));
        assert!((1 << 19..(1 << 20) + 2000).contains(&made.len()), "{} bytes", made.len());
    }
}

#[test]
fn violations_that_a_message_can_have_end_it() {
    let rsv1 = |mut frame: Vec<u8>| {
        frame[0] |= 0x40;
        frame
    };
    let text = |fin, payload: &[u8]| frame(fin, Opcode::Text, Some([1; 4]), payload);
    let more = |fin| frame(fin, Opcode::Continuation, Some([1; 4]), b"x");
    let reserved = ProtocolError::Header(HeaderError::ReservedBit);
    let rows = [
        (true, b"\x81\x01x".to_vec(), ProtocolError::Unmasked),
        (true, more(true), ProtocolError::UnexpectedContinuation),
        (true, [text(false, b"a"), text(true, b"b")].concat(), ProtocolError::ExpectedContinuation),
        (true, rsv1(frame(true, Opcode::Ping, Some([1; 4]), b"")), reserved),
        (true, [text(false, b"a"), rsv1(more(true))].concat(), reserved),
        (false, rsv1(text(true, b"a")), reserved),
        (true, rsv1(text(true, b"\xff\xff")), ProtocolError::InvalidDeflate),
        (true, b"\xa1\x80\0\0\0\0".to_vec(), reserved),
    ];
    for (at, (compresses, bytes, error)) in rows.into_iter().enumerate() {
        let all = agreed(15, true);
        let (client, backend) = if compresses { (Some(&all), None) } else { (None, Some(&all)) };
        let mut transcoder = of_client(client, backend);
        pass(&mut transcoder, &bytes, usize::MAX);
        assert_eq!(transcoder.end(), Some(End::Violation(error)), "row {at}");
    }
    let limits = Limits { max_frame: 5, ..LIMITS };
    let mut transcoder = Transcoder::new(Source::Server, limits, None, None);
    pass(&mut transcoder, b"\x82\x06", 1);
    let error = ProtocolError::FrameTooBig { limit: 5 };
    assert_eq!(transcoder.end(), Some(End::Violation(error)));
}
