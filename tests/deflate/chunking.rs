//! How reads split the stream never matters, with compression: the same bytes give the same
//! messages, close and output, for every window and context takeover. Chunks may differ; what they
//! join to does not, but for a message that turns out to be invalid.
#![cfg(feature = "deflate")]

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::deflate::{Compressor, Deflate};
use sansocket::{Chunk, Config, Event, Role};
use support::deflate::{agreed, compressing};
use support::{Chunking, drain, feed, masked, unmasked};

/// Small enough that random conversations meet every limit.
fn config() -> Config {
    Config::new().max_message_size(600).max_frame_size(400).max_fragments(5)
}

/// Every window and takeover.
fn deflate() -> impl Strategy<Value = Deflate> {
    (8..16_u8, any::<bool>(), 1..10_u8).prop_map(|(bits, anew, level)| {
        Deflate::new()
            .level(level)
            .max_window_bits(bits)
            .no_context_takeover(anew)
            .peer_no_context_takeover(anew)
    })
}

/// A message, its damage, how it is cut into frames, and what stands between them.
#[derive(Clone, Debug)]
struct Sent {
    text: bool,
    compressed: bool,
    content: Vec<u8>,
    /// A byte of what is on the wire that is changed.
    damage: Option<(proptest::sample::Index, u8)>,
    cuts: Vec<proptest::sample::Index>,
    ping: bool,
}

fn sent() -> impl Strategy<Value = Sent> {
    let content = prop_oneof![
        4 => "[ -~]{0,40}".prop_map(String::into_bytes),
        3 => "\\PC{0,60}".prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 0..300),
        2 => ("[a-c]{1,9}", 0..120_usize).prop_map(|(word, times)| word.repeat(times).into_bytes()),
        1 => ("[a-c]{0,9}", vec(any::<u8>(), 1..3), 590..620_usize).prop_map(|(head, bad, len)| {
            let mut content = [head.as_bytes(), &bad].concat();
            content.resize(len, b'x');
            content
        }),
    ];
    let damage = proptest::option::weighted(0.15, (any::<proptest::sample::Index>(), 1..=255_u8));
    let cuts = prop_oneof![2 => Just(vec![]), 1 => vec(any::<proptest::sample::Index>(), 0..6)];
    (any::<bool>(), proptest::bool::weighted(0.8), content, damage, cuts, any::<bool>()).prop_map(
        |(text, compressed, content, damage, cuts, ping)| Sent {
            text,
            compressed,
            content,
            damage,
            cuts,
            ping,
        },
    )
}

/// The frames on the wire. There is no other sender that compresses here, so it is ours
/// that does.
fn encode(role: Role, deflate: &Deflate, messages: &[Sent]) -> Vec<u8> {
    let mut compressor = Compressor::new(deflate, &agreed(deflate));
    let mut wire = Vec::new();
    let mut frame = |first: u8, payload: &[u8]| {
        wire.extend(if role == Role::Server {
            masked(first, payload)
        } else {
            unmasked(first, payload)
        });
    };
    for message in messages {
        let mut payload = message.content.clone();
        if message.compressed {
            let mut out = BytesMut::new();
            compressor.compress(&payload, true, &mut out);
            payload = out.to_vec();
        }
        if let (Some((at, flip)), false) = (&message.damage, payload.is_empty()) {
            let at = at.index(payload.len());
            payload[at] ^= flip;
        }
        let mut cuts: Vec<_> =
            message.cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.push(payload.len());
        let (mut start, last) = (0, cuts.len() - 1);
        for (at, end) in cuts.into_iter().enumerate() {
            let opcode = match at {
                0 => u8::from(!message.text) + 1 + u8::from(message.compressed) * 0x40,
                _ => 0,
            };
            frame(opcode | if at == last { 0x80 } else { 0 }, &payload[start..end]);
            if message.ping {
                frame(0x89, b"?");
            }
            start = end;
        }
    }
    wire
}

/// What comes of bytes that are cut at these places; parts are joined.
fn outcome(
    role: Role,
    deflate: &Deflate,
    config: Config,
    bytes: &[u8],
    cuts: &[usize],
) -> (Vec<Event>, Vec<u8>) {
    let mut us = compressing(role, config, deflate.clone());
    let (mut events, mut start): (Vec<Event>, usize) = (Vec::new(), 0);
    for &end in cuts.iter().chain([&bytes.len()]) {
        for event in feed(&mut us, &bytes[start..end], Chunking::Whole) {
            // Pings come between parts wherever the wire was cut; that they come is seen in the
            // output.
            match (events.last_mut(), event) {
                (_, Event::Ping(_)) => {}
                (Some(Event::Chunk(before)), Event::Chunk(Chunk { bytes, last, .. }))
                    if !before.last =>
                {
                    before.bytes = [&before.bytes[..], &bytes].concat().into();
                    before.last = last;
                }
                (Some(Event::Chunk(before)), event @ Event::Closed(_)) if !before.last => {
                    events.pop();
                    events.push(event);
                }
                (_, event) => events.push(event),
            }
        }
        start = end;
    }
    (events, drain(&mut us))
}

fn sorted(cuts: &[proptest::sample::Index], len: usize) -> Vec<usize> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(len + 1)).collect();
    cuts.sort_unstable();
    cuts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same_compressed_conversation(
        server in any::<bool>(),
        receive_in_chunks in any::<bool>(),
        deflate in deflate(),
        messages in vec(sent(), 1..6),
        cuts in vec(any::<proptest::sample::Index>(), 0..12),
    ) {
        let role = if server { Role::Server } else { Role::Client };
        let bytes = encode(role, &deflate, &messages);
        let config = config().receive_in_chunks(receive_in_chunks);
        let whole = outcome(role, &deflate, config.clone(), &bytes, &[]);
        let cut = outcome(role, &deflate, config.clone(), &bytes, &sorted(&cuts, bytes.len()));
        prop_assert_eq!(&cut, &whole);
        let bytewise: Vec<_> = (0..bytes.len()).collect();
        prop_assert_eq!(&outcome(role, &deflate, config, &bytes, &bytewise), &whole);
    }

    /// In parts or whole, it is the same message, or the same error.
    #[test]
    fn chunks_join_to_the_inflated_message(deflate in deflate(), messages in vec(sent(), 1..4)) {
        let bytes = encode(Role::Server, &deflate, &messages);
        let (whole, output) = outcome(Role::Server, &deflate, config(), &bytes, &[]);
        let (parts, output_of_parts) = outcome(Role::Server, &deflate, config().receive_in_chunks(true), &bytes, &[]);
        prop_assert_eq!(output_of_parts, output);
        let complete: Vec<_> = parts.iter().filter_map(|event| match event {
            Event::Chunk(part) if part.last => Some(part.bytes.to_vec()),
            _ => None,
        }).collect();
        let messages: Vec<_> = whole.iter().filter_map(|event| match event {
            Event::Message(message) => Some(message.as_bytes().to_vec()),
            _ => None,
        }).collect();
        prop_assert_eq!(complete, messages);
        let end = |events: &[Event]| events.last().filter(|event| matches!(event, Event::Closed(_))).cloned();
        prop_assert_eq!(end(&parts), end(&whole));
    }

    #[test]
    fn random_compressed_bytes_never_panic(server in any::<bool>(), deflate in deflate(), mut bytes in vec(any::<u8>(), 0..200)) {
        let role = if server { Role::Server } else { Role::Client };
        // Marked as compressed, so that most of it is looked at as DEFLATE.
        let frame = if server { masked(0xc2, &bytes) } else { unmasked(0xc2, &bytes) };
        bytes = frame;
        let bytewise: Vec<_> = (0..bytes.len()).collect();
        prop_assert_eq!(
            outcome(role, &deflate, config(), &bytes, &bytewise),
            outcome(role, &deflate, config(), &bytes, &[])
        );
    }
}
