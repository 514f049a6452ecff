//! How reads split the stream never matters: the same bytes give the same events and output.

use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{Config, Connection, Event, Role};
use support::{Chunking, connection, drain, feed, feed_from, feed_kept, masked, unmasked};

/// Small enough that random conversations meet every limit.
fn config() -> Config {
    Config::new().max_message_size(600).max_frame_size(400).max_fragments(5)
}

/// A frame, mostly legal: (first byte, payload, whether the mask is as it must be).
fn frame() -> impl Strategy<Value = (u8, Vec<u8>, bool)> {
    let first = prop_oneof![
        8 => prop_oneof![Just(0x81), Just(0x82), Just(0x01), Just(0x02), Just(0x00), Just(0x80)],
        3 => prop_oneof![Just(0x89), Just(0x8a)],
        1 => Just(0x88),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        4 => "[ -~]{0,40}".prop_map(String::into_bytes),
        3 => "\\PC{0,40}".prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 0..300),
        1 => vec(Just(b'x'), 300..500),
        1 => Just(b"\x03\xe8bye".to_vec()),
    ];
    (first, payload, proptest::bool::weighted(0.98))
}

fn encode(role: Role, frames: &[(u8, Vec<u8>, bool)]) -> Vec<u8> {
    let encode = |(first, payload, right): &(u8, Vec<u8>, bool)| match (role, right) {
        (Role::Server, true) | (Role::Client, false) => masked(*first, payload),
        _ => unmasked(*first, payload),
    };
    frames.iter().flat_map(encode).collect()
}

/// How a chunk is fed.
type Feed = fn(&mut Connection, &[u8]) -> Vec<Event>;

/// From where the chunk is; and now so, now by way of the connection's input.
const WAYS: [Feed; 2] = [feed_from, |connection, chunk| feed(connection, chunk, Chunking::Whole)];

/// Feeds bytes in chunks that end at these places.
fn feed_cut(role: Role, bytes: &[u8], mut cuts: Vec<usize>, feed: Feed) -> (Vec<Event>, Vec<u8>) {
    let mut connection = connection(role, config());
    cuts.sort_unstable();
    let mut events = Vec::new();
    let mut start = 0;
    for end in cuts.into_iter().chain([bytes.len()]) {
        events.extend(feed(&mut connection, &bytes[start..end]));
        start = end;
    }
    (events, drain(&mut connection))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same_events_and_output(
        server in any::<bool>(),
        frames in vec(frame(), 1..8),
        cuts in vec(any::<proptest::sample::Index>(), 0..12),
    ) {
        let role = if server { Role::Server } else { Role::Client };
        let bytes = encode(role, &frames);
        let cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        let whole = feed_cut(role, &bytes, vec![], feed_kept);
        for way in WAYS {
            prop_assert_eq!(&feed_cut(role, &bytes, cuts.clone(), way), &whole);
        }
    }

    #[test]
    fn byte_by_byte_gives_the_same_events_and_output(server in any::<bool>(), frames in vec(frame(), 1..4)) {
        let role = if server { Role::Server } else { Role::Client };
        let bytes = encode(role, &frames);
        let whole = feed_cut(role, &bytes, vec![], feed_kept);
        for way in WAYS {
            prop_assert_eq!(&feed_cut(role, &bytes, (0..bytes.len()).collect(), way), &whole);
        }
    }

    #[test]
    fn random_bytes_never_panic(server in any::<bool>(), bytes in vec(any::<u8>(), 0..200)) {
        let role = if server { Role::Server } else { Role::Client };
        let whole = feed_cut(role, &bytes, vec![], feed_kept);
        for way in WAYS {
            prop_assert_eq!(&feed_cut(role, &bytes, (0..bytes.len()).collect(), way), &whole);
        }
    }
}
