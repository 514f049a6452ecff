//! Prepared messages in the output of a server: the frame of a small one is sent from where it is
//! if nothing is queued, and is one of the bytes like any other as soon as there are others.
#![cfg(all(feature = "futures-io", feature = "testing"))]

use std::iter;

use bytes::Buf;
use sansocket::{Config, Connection, Outgoing, Prepared, Stats};
use support::allocator::LIVE;
use support::gate::{Receiver, Task, halves};

/// What is queued: messages on either side of 4 KiB, prepared or not.
#[derive(Clone, Copy, Debug)]
enum Queued {
    Small,
    Large,
    PreparedSmall,
    PreparedLarge,
}

const ALL: [Queued; 4] =
    [Queued::Small, Queued::Large, Queued::PreparedSmall, Queued::PreparedLarge];

impl Queued {
    /// The message; prepared only if that is asked for.
    fn message(self, is_prepared: bool) -> Outgoing {
        match self {
            Self::Small => "small".into(),
            Self::Large => vec![2; 5000].into(),
            Self::PreparedSmall if is_prepared => Prepared::new("prepared").into(),
            Self::PreparedSmall => "prepared".into(),
            Self::PreparedLarge if is_prepared => Prepared::new(vec![4; 5000]).into(),
            Self::PreparedLarge => vec![4; 5000].into(),
        }
    }
}

/// All sequences of so many.
fn sequences(len: usize) -> impl Iterator<Item = Vec<Queued>> {
    (0..ALL.len().pow(len as u32)).map(move |number| {
        let digit = |place| number / ALL.len().pow(place as u32) % ALL.len();
        (0..len).map(|place| ALL[digit(place)]).collect()
    })
}

/// Queues messages on a connection whose peer reads so many bytes after each of them, and then
/// step by step. Returns what the peer has got, and the counters after each step.
fn send(messages: &[Outgoing], step: usize) -> (Vec<u8>, Vec<Stats>) {
    let (gate, sender, mut receiver): (_, _, Receiver) = halves(1 << 20);
    let mut receives = Task::pending(receiver.recv());
    let mut stats = vec![];
    for message in messages {
        sender.try_send(message.clone()).unwrap();
        gate.read(step);
        assert!(receives.run().is_none());
        stats.push(sender.stats());
    }
    while sender.stats().queued_bytes > 0 {
        gate.read(step);
        assert!(receives.run().is_none());
        stats.push(sender.stats());
    }
    (std::mem::take(&mut gate.lock().written), stats)
}

#[test]
fn prepared_messages_are_written_and_counted_as_others_wherever_a_write_ends() {
    for queued in (1..=3).flat_map(sequences) {
        // Behind a header, in a small frame, in a large one, and behind several.
        for step in [4, 7, 1003, 5009, 20_000] {
            let [ours, plain] = [true, false].map(|is_prepared| {
                let messages: Vec<_> = queued.iter().map(|it| it.message(is_prepared)).collect();
                send(&messages, step)
            });
            assert!(ours == plain, "{queued:?}, {step} bytes at once");
        }
    }
}

#[test]
fn small_prepared_message_is_at_one_address_for_all_servers() {
    let prepared = Prepared::new("to everybody");
    let mut servers = [(); 3].map(|()| Connection::server(Config::new()));
    let addresses = servers.each_mut().map(|server| {
        server.send(&prepared).unwrap();
        server.output().chunk().as_ptr()
    });
    assert!(addresses.iter().all(|address| *address == addresses[0]));
    let [first, ..] = &mut servers;
    // A part is written, and another message comes: it is copied, and the rest is what it was.
    first.output().advance(3);
    first.send("more").unwrap();
    assert_ne!(first.output().chunk().as_ptr(), addresses[0].wrapping_add(3));
    assert_eq!(first.output().chunk(), b"o everybody\x81\x04more");
}

#[test]
fn small_prepared_message_takes_no_memory_of_connections_that_do_not_read() {
    let prepared = Prepared::new("x".repeat(4096));
    let connections: Vec<_> = iter::repeat_with(|| halves(1 << 20)).take(100).collect();
    let before = LIVE.get();
    for (_, sender, _) in &connections {
        sender.try_send(&prepared).unwrap();
    }
    let taken = LIVE.get() - before;
    // What waits has to be woken: some entries of a list.
    assert!(taken < 100 * 512, "{taken} bytes");
    for (gate, sender, _) in &connections {
        gate.read(10_000);
        sender.try_send("behind it").unwrap();
        assert_eq!(gate.received().0, [prepared.message().as_bytes(), b"behind it"]);
    }
}

#[test]
fn small_prepared_message_is_sent_behind_a_large_one_without_a_block_of_the_thread() {
    let ((gate, sender, receiver), (_gate, other, _receiver)) = (halves(1 << 20), halves(1 << 20));
    let mut receiver = receiver;
    let mut receives = Task::pending(receiver.recv());
    gate.read(1000);
    let large = vec![2; 5000];
    sender.try_send(large.clone()).unwrap();
    // It keeps the block in which it is queued.
    other.try_send(vec![3; 4000]).unwrap();
    sender.try_send(Prepared::new("prepared")).unwrap();
    gate.read(10_000);
    assert!(receives.run().is_none());
    assert_eq!(gate.received().0, [&large[..], b"prepared"]);
}
