//! Exhaustive tests: all first two bytes, close codes, mask offsets, short texts and limits.
//!
//! Each is compared with a slow and obvious version, which is written from the text of RFC 6455 and
//! shares nothing with `src/`.

use std::ops::Range;
use std::thread;

use sansocket::wire::{Utf8Validator, apply_mask};
use sansocket::{
    CloseCode, CloseFrame, CloseOutcome, Config, Connection, Event, Message, ProtocolError, Role,
};
use support::{Chunking, Pair, connection, feed, masked, unmasked};

/// What a frame comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// More bytes are needed.
    More,
    Violation,
    Ping,
    Pong,
    Close,
    Message,
    /// A fragment of a message that continues.
    Fragment,
}

/// The frame that begins with these bytes, as RFC 6455 would have it judged, with the size of its
/// header.
fn judge(bytes: &[u8], server: bool, inside_message: bool) -> (Verdict, usize) {
    let [first, second, rest @ ..] = bytes else { return (Verdict::More, 2) };
    let (fin, reserved, opcode) = (first >> 7 == 1, first >> 4 & 7, first & 15);
    let (mask, short) = (second >> 7 == 1, second & 127);
    // §5.2: 0–125 is the length, 126 announces two bytes of it, 127 eight.
    let length_bytes = [0, 2, 8][usize::from(short.saturating_sub(125))];
    let header = 2 + length_bytes + if mask { 4 } else { 0 };
    if bytes.len() < header {
        return (Verdict::More, header);
    }
    let long = rest[..length_bytes].iter().fold(0, |length, byte| length << 8 | u128::from(*byte));
    let length = if length_bytes == 0 { u128::from(short) } else { long };
    // §5.2: the fewest bytes that hold the length, and not the highest bit of eight.
    let fitting = match length_bytes {
        0 => 0..126,
        2 => 126..1 << 16,
        _ => 1 << 16..1 << 63,
    };
    let allowed = match opcode {
        0 => inside_message,            // §5.4: there is something to continue
        1 | 2 => !inside_message,       // §5.4: and nothing to interrupt
        8..=10 => fin && length <= 125, // §5.5
        _ => false,                     // §5.2
    };
    if reserved != 0 || mask != server || !fitting.contains(&length) || !allowed {
        return (Verdict::Violation, header);
    }
    let payload = (bytes.len() - header) as u128;
    let verdict = match (opcode, fin) {
        _ if payload < length => Verdict::More,
        (8, _) if length == 1 => Verdict::Violation, // §5.5.1: a code has two bytes
        (8, _) => Verdict::Close,
        (9, _) => Verdict::Ping,
        (10, _) => Verdict::Pong,
        (_, true) => Verdict::Message,
        (_, false) => Verdict::Fragment,
    };
    (verdict, header)
}

/// Frames that begin with these two bytes: each kind of length behind them, and their payload as
/// far as it is short.
fn frames(first: u8, second: u8) -> impl Iterator<Item = Vec<u8>> {
    let lengths: Vec<Vec<u8>> = match second & 127 {
        126 => [0_u16, 125, 126, 65_535].map(|length| length.to_be_bytes().to_vec()).into(),
        127 => [0, 65_535, 65_536, isize::MAX as u64, 1 << 63, u64::MAX]
            .map(|length| length.to_be_bytes().to_vec())
            .into(),
        _ => vec![vec![]],
    };
    lengths.into_iter().map(move |length| {
        let key: &[u8] = if second & 128 == 0 { &[] } else { &[0x11, 0x22, 0x44, 0x88] };
        // A Close holds 1000 and a reason; with anything else, so much text.
        let start: &[u8] = if first & 15 == 8 { b"\x03\xe8" } else { b"xx" };
        let payload = start.iter().chain([b'x'; 123].iter()).take(if length.is_empty() {
            usize::from(second & 127)
        } else {
            0
        });
        let payload = payload.enumerate().map(|(i, byte)| byte ^ key.get(i % 4).unwrap_or(&0));
        [&[first, second], &length[..], key].concat().into_iter().chain(payload).collect()
    })
}

/// What the events say, in the words of the judgement.
fn seen(events: &[Event]) -> Verdict {
    match events {
        [] => Verdict::More,
        [Event::Ping(_)] => Verdict::Ping,
        [Event::Pong(_)] => Verdict::Pong,
        [Event::Message(_)] => Verdict::Message,
        [Event::Closed(closed)] => match closed.outcome() {
            CloseOutcome::Clean => Verdict::Close,
            CloseOutcome::ProtocolError(error)
                if error.close_code() == CloseCode::PROTOCOL_ERROR =>
            {
                Verdict::Violation
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// A connection, perhaps with a message under way.
fn at(role: Role, inside_message: bool) -> Connection {
    let mut us = connection(role, Config::new().max_message_size(Config::UNLIMITED));
    if inside_message {
        let frame = if role == Role::Server { masked(0x01, b"") } else { unmasked(0x01, b"") };
        assert_eq!(feed(&mut us, &frame, Chunking::Whole), []);
    }
    us
}

/// Every frame that begins with these bytes, inside and outside of a message, cut at every byte of
/// the header and, if that is good, at both ends of the payload.
fn every_frame(role: Role, firsts: Range<u16>) {
    for (first, second) in
        firsts.flat_map(|first| (0..=255).map(move |second| (first as u8, second)))
    {
        for (bytes, inside) in
            frames(first, second).flat_map(|bytes| [(bytes.clone(), false), (bytes, true)])
        {
            let judge = |bytes| judge(bytes, role == Role::Server, inside);
            let (verdict, header) = judge(&bytes);
            let bad_header = judge(&bytes[..header]).0 == Verdict::Violation;
            let expected = if verdict == Verdict::Fragment { Verdict::More } else { verdict };
            let payload_cuts = [header + 1, bytes.len() - 1]
                .into_iter()
                .filter(|&cut| !bad_header && header < cut && cut < bytes.len());
            // A refusal takes a client a masking key, which is the most expensive thing here: it is
            // asked for once.
            let first_cut = if bad_header && role == Role::Client { header } else { 0 };
            for cut in (first_cut..=header).chain(payload_cuts) {
                let mut us = at(role, inside);
                let early = feed(&mut us, &bytes[..cut], Chunking::Whole);
                let events =
                    [early.clone(), feed(&mut us, &bytes[cut..], Chunking::Whole)].concat();
                let case =
                    || format!("{role:?}, inside a message: {inside}, {bytes:02x?} cut at {cut}");
                assert_eq!(seen(&events), expected, "{}", case());
                // A partial frame gives no event but an error, which needs no payload.
                let refused = expected == Verdict::Violation && seen(&early) == expected;
                assert!(early.is_empty() || refused || cut == bytes.len(), "{}", case());
                assert!(refused || !bad_header || cut < header, "{}", case());
            }
        }
    }
}

fn every_frame_on_two_threads(role: Role) {
    thread::scope(|scope| {
        [0..128, 128..256]
            .map(|firsts| scope.spawn(move || every_frame(role, firsts)))
            .map(|half| half.join().unwrap())
    });
}

/// §5.2–§5.5: all 65,536 first two bytes, with every kind of length behind them.
#[test]
fn every_first_two_bytes_for_a_server() {
    every_frame_on_two_threads(Role::Server);
}

#[test]
fn every_first_two_bytes_for_a_client() {
    every_frame_on_two_threads(Role::Client);
}

/// §7.4: those that are registered, or left to libraries and applications; of the others none is
/// sent, and none let in.
fn may_travel(code: u16) -> bool {
    const REGISTERED: [u16; 12] =
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    REGISTERED.contains(&code) || (3000..5000).contains(&code)
}

/// All 65,536 codes, from either side: what can be built arrives and comes back, and what is forged
/// is refused.
#[test]
fn every_close_code_both_ways() {
    for code in 0..=u16::MAX {
        let built = CloseCode::new(code);
        assert_eq!(built.map(CloseCode::get), may_travel(code).then_some(code));
        let Some(built) = built else {
            for (role, frame) in [
                (Role::Server, masked(0x88, &code.to_be_bytes())),
                (Role::Client, unmasked(0x88, &code.to_be_bytes())),
            ] {
                let events = feed(&mut connection(role, Config::new()), &frame, Chunking::Whole);
                let [Event::Closed(closed)] = &events[..] else { panic!("{code}: {events:?}") };
                assert_eq!(
                    closed.outcome(),
                    CloseOutcome::ProtocolError(ProtocolError::InvalidCloseCode(code))
                );
                let sent = CloseFrame::new(CloseCode::PROTOCOL_ERROR, "close code may not be sent");
                assert_eq!((closed.code(), closed.sent()), (1006, Some(&sent.unwrap())));
            }
            continue;
        };
        for client_begins in [true, false] {
            let mut pair = Pair::new(Chunking::Whole);
            if client_begins { &mut pair.client } else { &mut pair.server }.close(built);
            let (at_client, at_server) = pair.settle();
            for events in [at_client, at_server] {
                let [Event::Closed(closed)] = &events[..] else { panic!("{code}: {events:?}") };
                assert!(closed.was_clean());
                assert_eq!(
                    (closed.code(), closed.sent(), closed.received()),
                    (code, Some(&built.into()), Some(&built.into()))
                );
            }
        }
    }
}

/// Masks by §5.3's own words, at one place of a buffer whose other bytes must stay as they are.
fn masks(offset: u64, starts: Range<usize>, lengths: Range<usize>) {
    let key = [0x11, 0x22, 0x44, 0x88];
    let plain: Vec<u8> = (0..=255).cycle().take(starts.end + lengths.end + 8).collect();
    for start in starts {
        // What masks all bytes from `start` on, of which each length takes the first.
        let octet = |i: usize| key[((u128::from(offset) + i as u128) % 4) as usize];
        let all: Vec<u8> =
            plain[start..].iter().enumerate().map(|(i, byte)| byte ^ octet(i)).collect();
        for length in lengths.clone() {
            let mut buffer = plain.clone();
            apply_mask(key, offset, &mut buffer[start..start + length]);
            let (inside, after) = buffer[start..].split_at(length);
            let same = buffer[..start] == plain[..start]
                && inside == &all[..length]
                && *after == plain[start + length..];
            assert!(same, "offset {offset}, start {start}, length {length}");
            apply_mask(key, offset, &mut buffer[start..start + length]);
            assert_eq!(buffer, plain, "masking is its own inverse");
        }
    }
}

/// §5.3: every rotation at every alignment and length up to 300, and where the long ones begin,
/// which are aligned first and masked with what the processor has; and every offset at which an
/// arithmetic might turn over.
#[test]
fn every_mask_offset() {
    (0..4).for_each(|offset| masks(offset, 0..65, 0..301));
    (0..4).for_each(|offset| masks(offset, 0..65, 990..1190));
    let borders = [0, 1 << 8, 1 << 16, 1 << 31, 1 << 32, 1 << 63];
    let near = borders.into_iter().flat_map(|border: u64| border.saturating_sub(66)..=border + 66);
    near.chain(u64::MAX - 66..=u64::MAX).for_each(|offset| masks(offset, 0..9, 0..20));
}

/// Every text of this length that begins with `text`, as std would have it: whole, and in two
/// pieces at each split where the first is still good. `splits` holds the validators that have seen
/// the first piece, from none of it on.
fn every_text(text: &mut [u8; 4], begun: usize, splits: &mut Vec<Utf8Validator>, length: usize) {
    // After an error there are no more splits to try; those before it are tried.
    let known = splits.len();
    if known == begun {
        let mut utf8 = Utf8Validator::new();
        splits.extend(utf8.push(&text[..begun]).is_ok().then_some(utf8));
    }
    for byte in 0..=255 {
        text[begun] = byte;
        if begun + 1 < length {
            every_text(text, begun + 1, splits, length);
            continue;
        }
        // `Ok(whole)`: whether the text may end here. `Err`: no later byte can repair it.
        let expected = match std::str::from_utf8(&text[..length]) {
            Ok(_) => Ok(true),
            Err(error) if error.error_len().is_none() => Ok(false),
            Err(_) => Err(()),
        };
        for (split, utf8) in splits.iter().enumerate() {
            let mut utf8 = *utf8;
            let seen = if utf8.push(&text[split..length]).is_ok() {
                Ok(utf8.finish().is_ok())
            } else {
                Err(())
            };
            assert!(seen == expected, "{:02x?} split at {split}", &text[..length]);
        }
    }
    splits.truncate(known);
}

/// §8.1: every sequence of up to three bytes; those of four whose first byte could begin one, below
/// on two threads.
#[test]
fn every_text_of_up_to_three_bytes() {
    (1..4).for_each(|length| every_text(&mut [0; 4], 0, &mut Vec::new(), length));
}

#[test]
fn every_text_of_four_bytes() {
    thread::scope(|scope| {
        for leads in [0xf0..=0xf1, 0xf2..=0xf4] {
            scope.spawn(move || {
                leads.for_each(|lead| {
                    every_text(&mut [lead, 0, 0, 0], 1, &mut vec![Utf8Validator::new()], 4)
                })
            });
        }
    });
}

/// 0, 1, all powers of two and their neighbours, and the largest there is.
fn borders() -> Vec<u64> {
    let around = |k: u32| [(1 << k) - 1, 1_u64 << k, (1 << k) + 1];
    let mut values: Vec<u64> = (0..64).flat_map(around).chain([u64::MAX]).collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// A header in the shortest form for this length, with a mask of zeros.
fn header(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..126 => bytes.push(0x80 | length as u8),
        126..0x1_0000 => bytes.extend([&[0xfe], &(length as u16).to_be_bytes()[..]].concat()),
        _ => bytes.extend([&[0xff], &length.to_be_bytes()[..]].concat()),
    }
    bytes.extend([0; 4]);
    bytes
}

/// How a server with this configuration refuses these bytes.
fn refusal(config: Config, bytes: &[u8]) -> Option<ProtocolError> {
    let events = feed(&mut connection(Role::Server, config), bytes, Chunking::Whole);
    match &events[..] {
        [] | [Event::Message(Message::Binary(_))] => None,
        [Event::Closed(closed)] => match closed.outcome() {
            CloseOutcome::ProtocolError(error) => Some(error),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// §10.4: every limit with every announced length, alone and after a first fragment; and every
/// limit on a frame.
#[test]
fn every_limit_with_every_length_is_ok_or_1009() {
    let borders = borders();
    for (&limit, &length) in
        borders.iter().flat_map(|limit| borders.iter().map(move |length| (limit, length)))
    {
        // §5.2: more than 63 bits are no length, whatever the limit.
        let no_length = length >> 63 != 0;
        let at_most = u128::from(limit).min(isize::MAX as u128);
        for before in [0, 1, 125] {
            let first = [header(0x02, before), vec![0; before as usize]].concat();
            let bytes = [&first[..], &header(0x80, length)].concat();
            let expected = if u128::from(before) > at_most
                || (!no_length && u128::from(before) + u128::from(length) > at_most)
            {
                Some(ProtocolError::MessageTooBig { limit: limit.min(isize::MAX as u64) })
            } else {
                no_length
                    .then_some(ProtocolError::Header(sansocket::wire::HeaderError::LengthOverflow))
            };
            let config = Config::new().max_message_size(limit);
            assert_eq!(
                refusal(config, &bytes),
                expected,
                "limit {limit}, {before} bytes, then {length}"
            );
        }
        let config = Config::new().max_message_size(Config::UNLIMITED).max_frame_size(limit);
        let expected = match length {
            _ if no_length => {
                Some(ProtocolError::Header(sansocket::wire::HeaderError::LengthOverflow))
            }
            _ if u128::from(length) > isize::MAX as u128 => {
                Some(ProtocolError::MessageTooBig { limit: isize::MAX as u64 })
            }
            _ => (length > limit).then_some(ProtocolError::FrameTooBig { limit }),
        };
        assert_eq!(
            refusal(config, &header(0x82, length)),
            expected,
            "frames up to {limit}, one of {length}"
        );
    }
}
