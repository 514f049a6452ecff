//! A client and a server as event loops drive them: every message arrives in order, both sides come
//! to their end, and [`Session::next`] is not called more often than things happen.
//!
//! [`Session::next`]: sansocket::session::Session::next

use proptest::prelude::*;
use sansocket::timing::{TimedOut, Timeouts};
use sansocket::{CloseOutcome, Message, Side};
use support::Chunking;

use super::sessions::{OFF, s};
use super::wire::{End, Pair};

const SIZES: [usize; 8] = [0, 1, 125, 126, 4096, 65535, 65536, 300_000];

/// How the wire splits what it carries, and how many of the sizes are tried: small chunks take long.
const CHUNKINGS: [(Chunking, usize); 5] = [
    (Chunking::Whole, 8),
    (Chunking::At(3), 8),
    (Chunking::Random(1), 7),
    (Chunking::Random(2), 7),
    (Chunking::Bytewise, 5),
];

fn messages(sizes: &[usize]) -> Vec<Message> {
    let message = |(number, &size): (usize, &usize)| match number % 2 {
        0 => Message::from("t".repeat(size)),
        _ => Message::from(vec![number as u8; size]),
    };
    sizes.iter().enumerate().map(message).collect()
}

fn assert_clean(end: &End, initiator: Side) {
    let [closed] = &end.closed[..] else { panic!("{:?}", end.closed) };
    assert_eq!((closed.outcome(), closed.initiator()), (CloseOutcome::Clean, initiator));
    assert_eq!(end.errors, []);
}

/// Who begins to close, and which side each one says it was.
const CLOSERS: [([bool; 2], [Side; 2]); 3] = [
    ([true, false], [Side::Local, Side::Remote]),
    ([false, true], [Side::Remote, Side::Local]),
    ([true, true], [Side::Local, Side::Local]),
];

#[test]
fn messages_arrive_in_order_and_either_side_may_close() {
    for (chunking, count) in CHUNKINGS {
        let sizes = &SIZES[..count];
        for (closers, initiators) in CLOSERS {
            let mut pair = Pair::new(chunking, Timeouts::default()).with_capacity(10_000);
            for (end, closes) in pair.ends().into_iter().zip(closers) {
                end.to_send = messages(sizes).into();
                end.closes_after = closes.then_some(count);
            }
            pair.run_to_done();
            for (end, initiator) in pair.ends().into_iter().zip(initiators) {
                assert_eq!(end.received, messages(sizes), "{chunking:?}");
                // Of two that close at once, one may be answered before it begins.
                if closers != [true, true] {
                    assert_clean(end, initiator);
                }
                assert_eq!((end.closed.len(), &end.errors[..]), (1, &[][..]));
            }
            assert_eq!(pair.now, s(0), "no deadline was waited for");
        }
    }
}

#[test]
fn both_sides_close_at_once() {
    for (chunking, _) in CHUNKINGS {
        let mut pair = Pair::new(chunking, Timeouts::default());
        for end in pair.ends() {
            end.closes_after = Some(0);
        }
        pair.run_to_done();
        for end in pair.ends() {
            assert_clean(end, Side::Local);
        }
        assert_eq!(pair.now, s(0));
    }
}

/// Messages that were sent before the peer's Close arrived are received.
#[test]
fn closing_side_receives_until_the_peer_closes() {
    let mut pair = Pair::new(Chunking::Random(3), Timeouts::default()).with_capacity(100);
    pair.client.closes_after = Some(0);
    pair.server.session.send("one").unwrap();
    pair.server.session.send("two").unwrap();
    pair.run_to_done();
    assert_eq!(pair.client.received, ["one".into(), "two".into()]);
    assert_clean(&pair.client, Side::Local);
}

#[test]
fn cut_wire_ends_both_sides_at_once() {
    // A frame of 1000 bytes has 8 more on its way to the server, and 4 to the client.
    for at in [0, 1, 2, 7, 8, 500, 1003, 1004, 1007, 1008, 1500] {
        for chunking in [Chunking::Whole, Chunking::Bytewise, Chunking::At(at)] {
            let mut pair = Pair::new(chunking, Timeouts::default()).cut_after(at, at);
            for end in pair.ends() {
                end.to_send = messages(&[1000, 1000]).into();
            }
            pair.run_to_done();
            for (end, header) in pair.ends().into_iter().zip([4, 8]) {
                let [closed] = &end.closed[..] else { panic!("{:?}", end.closed) };
                assert_eq!(closed.outcome(), CloseOutcome::ConnectionLost);
                let whole = &messages(&[1000, 1000])[..end.received.len()];
                assert_eq!(end.received, whole);
                // Chunks of the wire may be carried whole although it is cut within.
                assert!(end.received.len() >= at / (1000 + header), "{at} {chunking:?}");
                assert_eq!(end.errors, []);
            }
            assert_eq!(pair.now, s(0), "{at} {chunking:?}: no deadline was waited for");
        }
    }
}

/// One direction is cut: that side fails to write, the other one reads its end.
#[test]
fn wire_that_is_cut_in_one_direction_ends_both_sides() {
    for (to_server, to_client) in [(0, usize::MAX), (usize::MAX, 0), (3, usize::MAX)] {
        let mut pair =
            Pair::new(Chunking::Whole, Timeouts::default()).cut_after(to_server, to_client);
        for end in pair.ends() {
            end.to_send = messages(&[10]).into();
        }
        pair.run_to_done();
        for end in pair.ends() {
            assert_eq!((end.closed.len(), &end.errors[..]), (1, &[][..]));
        }
        assert_eq!(pair.now, s(0));
    }
}

#[test]
fn failed_write_ends_an_application_that_waits_for_room() {
    let mut pair = Pair::new(Chunking::Whole, OFF).with_capacity(1000).cut_after(usize::MAX, 1000);
    pair.server.to_send = messages(&[300_000; 3]).into();
    pair.client.closes_after = Some(0);
    pair.run_to_done();
    for end in pair.ends() {
        assert_eq!((end.closed.len(), &end.errors[..]), (1, &[][..]));
    }
}

#[test]
fn stopped_peer_is_lost_after_a_ping() {
    for stops_client in [false, true] {
        let mut pair = Pair::new(Chunking::Whole, Timeouts::default());
        let [client, server] = pair.ends();
        let (stopped, alive) = if stops_client { (client, server) } else { (server, client) };
        stopped.stopped = true;
        alive.to_send = messages(&[10]).into();
        pair.run_to_done();
        let alive = if stops_client { pair.server } else { pair.client };
        assert_eq!(alive.errors, [(s(140), TimedOut::KeepAlive)]);
        assert_eq!(alive.closed.len(), 1);
    }
}

/// The ping is queued behind the message: the peer never got it, and is not judged by it.
#[test]
fn peer_that_does_not_read_stalls_the_write_and_is_not_lost() {
    let mut pair = Pair::new(Chunking::Whole, Timeouts::default()).with_capacity(1000);
    pair.client.stopped = true;
    pair.server.to_send = messages(&[300_000; 3]).into();
    for seconds in [0, 20, 120, 139, 240] {
        pair.now = s(seconds);
        pair.settle();
    }
    assert_eq!(pair.server.errors, [(s(120), TimedOut::Write), (s(240), TimedOut::Write)]);
    assert_eq!(pair.server.to_send.len(), 2, "and no more is queued");
    assert_eq!(pair.server.closed.len(), 0, "the application may wait for longer");
    pair.client.stopped = false;
    pair.settle();
    assert_eq!((pair.client.received.len(), pair.server.errors.len()), (3, 2));
    assert!(pair.server.session.round_trip().is_some(), "the ping is written, and answered");
}

#[test]
fn close_to_a_stopped_peer_ends_at_the_close_deadline() {
    // The Close frame is never written, or is.
    for (capacity, deadline) in [(0, 120), (1000, 5)] {
        let mut pair = Pair::new(Chunking::Whole, Timeouts::default()).with_capacity(capacity);
        pair.client.stopped = true;
        pair.server.closes_after = Some(0);
        pair.run_to_done();
        assert_eq!(pair.server.errors, [(s(deadline), TimedOut::Close)]);
        assert_eq!(pair.server.closed.len(), 1);
    }
}

/// It has closed, but does not read our Close, nor end the stream.
#[test]
fn peer_that_stops_after_its_close_ends_at_the_close_deadline() {
    let mut pair = Pair::new(Chunking::Whole, Timeouts::default());
    pair.client.session.close(None, s(0));
    pair.server.stopped = true;
    pair.settle();
    (pair.client.stopped, pair.server.stopped) = (true, false);
    pair.run_to_done();
    assert_clean(&pair.server, Side::Remote);
    assert_eq!(pair.now, s(5));
}

/// A live pair that has nothing to say pings for ever, and nothing else happens.
#[test]
fn idle_pair_stays_open() {
    let mut pair = Pair::new(Chunking::Whole, Timeouts::default());
    for minute in 0..10 {
        pair.now = s(20) * minute;
        pair.settle();
    }
    for end in pair.ends() {
        assert_eq!((end.closed.len(), &end.errors[..]), (0, &[][..]));
    }
    // The client's pings are signs of life to the server.
    assert_eq!(pair.client.session.round_trip(), Some(s(0)));
    assert_eq!(pair.server.session.round_trip(), None);
}

fn chunking() -> impl Strategy<Value = Chunking> {
    prop_oneof![
        Just(Chunking::Whole),
        Just(Chunking::Bytewise),
        (0..200usize).prop_map(Chunking::At),
        any::<u64>().prop_map(Chunking::Random),
    ]
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..2000usize, 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_message_arrives_whatever_the_wire_does(
        chunking in chunking(), capacity in 1..3000usize,
        from_client in sizes(), from_server in sizes(), closers in 0..3usize,
    ) {
        let mut pair = Pair::new(chunking, Timeouts::default()).with_capacity(capacity);
        let (closers, _) = CLOSERS[closers];
        let [client, server] = pair.ends();
        client.to_send = messages(&from_client).into();
        server.to_send = messages(&from_server).into();
        client.closes_after = closers[0].then_some(from_server.len());
        server.closes_after = closers[1].then_some(from_client.len());
        pair.run_to_done();
        prop_assert_eq!(&pair.client.received, &messages(&from_server));
        prop_assert_eq!(&pair.server.received, &messages(&from_client));
        for end in pair.ends() {
            prop_assert_eq!(end.closed.len(), 1);
            prop_assert!(end.closed[0].was_clean());
            prop_assert_eq!(&end.errors, &[]);
        }
        prop_assert_eq!(pair.now, s(0));
    }

    #[test]
    fn cut_wire_ends_both_sides_wherever_it_is_cut(
        chunking in chunking(), capacity in 1..3000usize, sizes in sizes(),
        to_server in 0..4000usize, to_client in 0..4000usize, closes: bool,
    ) {
        let mut pair = Pair::new(chunking, Timeouts::default())
            .with_capacity(capacity)
            .cut_after(to_server, to_client);
        for end in pair.ends() {
            end.to_send = messages(&sizes).into();
            end.closes_after = closes.then_some(sizes.len());
        }
        pair.run_to_done();
        for end in pair.ends() {
            prop_assert_eq!(end.closed.len(), 1);
            prop_assert_eq!(&end.received[..], &messages(&sizes)[..end.received.len()]);
        }
    }
}
