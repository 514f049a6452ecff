//! A connection that sends prepared messages writes and counts the same as one that sends the
//! messages themselves, whatever is queued before and behind them, and wherever a write ends. It
//! keeps no frame longer than that is queued.
#![cfg(feature = "std")]

use std::io::IoSlice;

use bytes::Buf;
use proptest::prelude::*;
use sansocket::{CloseCode, Config, Connection, Kind, Message, Prepared, Role, Stats};
use support::{connection, feed, masked, unmasked};

#[derive(Clone, Debug)]
enum Step {
    /// A message of so many bytes, which is prepared on one of the connections.
    Send {
        is_text: bool,
        size: usize,
    },
    /// A message of so many bytes, prepared on neither.
    SendPlain {
        size: usize,
    },
    Fragment {
        size: usize,
        last: bool,
    },
    Ping,
    /// The peer's ping, whose pong is pending until something is sent or written.
    ReceivePing,
    Close,
    /// So many of 256 parts of the output are written.
    Advance {
        part: usize,
    },
    /// The same, taken as [`Bytes`](bytes::Bytes).
    Take {
        part: usize,
    },
}

/// On either side of the limits of what is copied, and of a frame in [`config`].
fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![Just(0), Just(5), Just(100), Just(101), Just(126), Just(4096), Just(4097)]
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (any::<bool>(), sizes()).prop_map(|(is_text, size)| Step::Send { is_text, size }),
        3 => sizes().prop_map(|size| Step::SendPlain { size }),
        1 => (sizes(), any::<bool>()).prop_map(|(size, last)| Step::Fragment { size, last }),
        1 => Just(Step::Ping),
        2 => Just(Step::ReceivePing),
        1 => Just(Step::Close),
        6 => (0..=256_usize).prop_map(|part| Step::Advance { part }),
        3 => Just(Step::Advance { part: 256 }),
        1 => (0..=256_usize).prop_map(|part| Step::Take { part }),
    ]
}

/// All of the output, as one write gets it.
fn queued(connection: &mut Connection) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[]); 64];
    let output = connection.output();
    let count = output.chunks_vectored(&mut slices);
    assert!(slices[..count].iter().all(|slice| !slice.is_empty()));
    assert_eq!(slices.first().map_or(&[][..], |slice| slice), output.chunk());
    slices[..count].iter().flat_map(|slice| slice.to_vec()).collect()
}

/// Does a step; returns whether it was refused, what was taken as bytes, and what is counted.
fn step(connection: &mut Connection, step: &Step, is_prepared: bool) -> (bool, Vec<u8>, Stats) {
    let mut taken = Vec::new();
    let sent = match *step {
        Step::Send { is_text, size } => {
            let text = "x".repeat(size);
            let message = if is_text { Message::from(text) } else { text.into_bytes().into() };
            match is_prepared {
                true => connection.send(Prepared::new(message)),
                false => connection.send(message),
            }
        }
        Step::SendPlain { size } => connection.send(vec![2; size]),
        Step::Fragment { size, last } => {
            connection.send_fragment(Kind::Binary, vec![3; size], last)
        }
        Step::Ping => connection.ping("ping"),
        Step::ReceivePing => {
            let frame = if connection.role() == Role::Server { masked } else { unmasked };
            feed(connection, &frame(0x89, b"pong"), support::Chunking::Whole);
            Ok(())
        }
        Step::Close => {
            connection.close(CloseCode::NORMAL);
            Ok(())
        }
        Step::Advance { part } => {
            let output = connection.output();
            output.advance(output.remaining() * part / 256);
            Ok(())
        }
        Step::Take { part } => {
            let output = connection.output();
            taken = output.copy_to_bytes(output.remaining() * part / 256).to_vec();
            Ok(())
        }
    };
    (sent.is_err(), taken, connection.stats())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn prepared_messages_are_written_and_counted_as_the_messages_themselves(
        is_client: bool,
        is_limited: bool,
        steps in prop::collection::vec(steps(), 1..20),
    ) {
        let role = if is_client { Role::Client } else { Role::Server };
        let config = || match is_limited {
            true => Config::new().max_sent_frame_size(100),
            false => Config::new(),
        };
        let mut ours = connection(role, config());
        let mut plain = connection(role, config());
        for what in &steps {
            let did = step(&mut ours, what, true);
            prop_assert_eq!(did, step(&mut plain, what, false), "{:?}", what);
            // A look at the output queues a pending pong, which the next step is to find pending.
            if !matches!(what, Step::ReceivePing) {
                prop_assert!(queued(&mut ours) == queued(&mut plain), "{:?}", what);
            }
        }
    }
}

#[test]
fn small_prepared_message_is_freed_as_soon_as_it_is_written_or_copied() {
    for is_copied in [false, true] {
        let mut server = connection(Role::Server, Config::new());
        let prepared = Prepared::new(vec![1; 100]);
        server.send(&prepared).unwrap();
        let payload = prepared.message().clone().into_bytes();
        drop(prepared);
        server.output().advance(50);
        assert!(!payload.is_unique(), "it is queued where it is");
        if is_copied {
            server.ping("behind it").unwrap();
        } else {
            server.output().advance(52);
        }
        assert!(payload.is_unique());
    }
}
