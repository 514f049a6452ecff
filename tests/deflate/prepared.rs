//! Messages that are sent to many connections: the bytes are those of plain messages, compressed
//! once for each set of parameters without context takeover. RFC 7692 §7.1.1, §7.2.1.
#![cfg(feature = "deflate")]

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use bytes::Buf;
use sansocket::deflate::Deflate;
use sansocket::{Compress, Config, Connection, Message, Outgoing, Prepared, Role};
use support::deflate::{compressing, frames, json, noise};
use support::{connection, drain};

const ROLES: [Role; 2] = [Role::Client, Role::Server];

/// As many sets of parameters as are kept, every window among them, and two more.
fn sets() -> [Deflate; 9] {
    [(6, 9), (6, 10), (6, 11), (6, 12), (6, 13), (6, 14), (6, 15), (9, 9), (1, 15)]
        .map(|(level, bits)| Deflate::memory().level(level).max_window_bits(bits))
}

/// The addresses of the payloads in the outputs, which servers do not copy above 4 KiB. All are
/// still there, so no two share one by chance.
fn payload_addresses<'a>(servers: impl IntoIterator<Item = &'a mut Connection>) -> BTreeSet<usize> {
    let address_of = |server: &mut Connection| {
        let header = server.output().chunk().len();
        server.output().advance(header);
        assert!(server.output().chunk().len() > 4096);
        server.output().chunk().as_ptr() as usize
    };
    servers.into_iter().map(address_of).collect()
}

#[test]
fn frames_of_prepared_messages_equal_those_of_plain_ones() {
    let options = sets().into_iter().chain([Deflate::speed(), Deflate::balance()]);
    let options: Vec<_> = options.map(Some).chain([None]).collect();
    let messages: Vec<Message> = [0, 5, 126, 255, 256, 2000, 5000, 70_000, 300_000]
        .into_iter()
        .flat_map(|len| [Message::from(json(len)), noise(len).into()])
        .collect();
    for role in ROLES {
        for choice in [Compress::Automatic, Compress::Always, Compress::Never] {
            let mut pairs: Vec<_> = options
                .iter()
                .map(|deflate| {
                    let open = || match deflate {
                        Some(deflate) => compressing(role, Config::new(), deflate.clone()),
                        None => connection(role, Config::new()),
                    };
                    (open(), open())
                })
                .collect();
            for message in &messages {
                let plain = message.clone().compress(choice);
                let prepared = Prepared::new(plain.clone());
                for (us, them) in &mut pairs {
                    us.send(&prepared).unwrap();
                    them.send(plain.clone()).unwrap();
                    assert_eq!(us.stats(), them.stats());
                    assert!(drain(us) == drain(them), "{role:?}, {choice:?}, {message:?}");
                }
            }
        }
    }
}

/// One compression gives one result, at one address.
#[test]
fn each_set_of_parameters_compresses_once() {
    let message = Message::from(json(100_000));
    for (number, deflate) in sets().into_iter().enumerate() {
        let mut servers =
            [(); 5].map(|()| compressing(Role::Server, Config::new(), deflate.clone()));
        let prepared = Prepared::new(message.clone());
        for other in &sets()[..number] {
            compressing(Role::Server, Config::new(), other.clone()).send(&prepared).unwrap();
        }
        servers.iter_mut().for_each(|server| server.send(&prepared).unwrap());
        let addresses = payload_addresses(&mut servers);
        let is_kept = number < 7;
        assert_eq!(addresses.len(), if is_kept { 1 } else { 5 }, "{number} sets were kept before");
    }
}

/// Each thread gets the result of the one that came first.
#[test]
fn threads_that_send_at_once_compress_once() {
    let prepared = Prepared::new(json(1 << 20));
    let (count, barrier) = (4, Barrier::new(4));
    let mut servers: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|_| {
                scope.spawn(|| {
                    let mut server = compressing(Role::Server, Config::new(), Deflate::memory());
                    barrier.wait();
                    server.send(&prepared).unwrap();
                    server
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(payload_addresses(&mut servers).len(), 1);
}

/// RFC 7692 §7.2.1: with takeover, the result refers to this connection's last messages.
#[test]
fn connection_with_takeover_compresses_for_itself() {
    for role in ROLES {
        let mut keeps = compressing(role, Config::new(), Deflate::speed());
        let mut anew = compressing(role, Config::new(), Deflate::speed().no_context_takeover(true));
        let prepared = Prepared::new(json(1000));
        let sizes = |us: &mut Connection| {
            [(); 2].map(|()| {
                us.send(&prepared).unwrap();
                frames(us)[0].1.len()
            })
        };
        let (second, first) = (sizes(&mut anew), sizes(&mut keeps));
        assert_eq!(second[0], second[1], "an empty window each time");
        assert_eq!(first[0], second[0], "an empty window at first");
        assert!(first[1] < first[0] / 4, "the second refers to the first: {first:?}");
    }
}

/// A connection's own threshold decides, whoever has compressed the message before.
#[test]
fn threshold_is_that_of_each_connection() {
    let prepared = Prepared::new(json(500));
    let firsts = [0, 501, 0, 500].map(|threshold| {
        let deflate = Deflate::memory().threshold(threshold);
        let mut server = compressing(Role::Server, Config::new(), deflate);
        server.send(&prepared).unwrap();
        frames(&mut server)[0].0
    });
    assert_eq!(firsts, [0xc1, 0x81, 0xc1, 0xc1]);
}

/// What the application changed is what is sent.
#[test]
fn changed_message_is_not_the_prepared_one() {
    let prepared = Prepared::new(json(1000));
    let mut server = compressing(Role::Server, Config::new(), Deflate::memory());
    let mut first_of = |message: Outgoing| {
        server.send(message).unwrap();
        frames(&mut server).remove(0)
    };
    assert_eq!(first_of(Outgoing::from(&prepared)).0, 0xc1);
    assert_eq!(Outgoing::from(&prepared), Message::from(json(1000)).into());
    let mut never = Outgoing::from(&prepared);
    never.compress = Compress::Never;
    assert_eq!(first_of(never), (0x81, json(1000).into_bytes()));
    let mut other = Outgoing::from(&prepared);
    other.message = "other".into();
    assert_eq!(first_of(other), (0x81, b"other".to_vec()));
    let mut binary = Outgoing::from(&prepared);
    binary.message = Message::Binary(prepared.message().clone().into_bytes());
    assert_eq!(first_of(binary).0, 0xc2);
}

#[test]
fn large_payload_is_not_copied() {
    let payload = bytes::Bytes::from(noise(100_000));
    let prepared = Prepared::new(payload.clone());
    for deflate in [Deflate::memory(), Deflate::speed()] {
        let mut server = compressing(Role::Server, Config::new(), deflate);
        server.send(&prepared).unwrap();
        let address = payload.as_ptr() as usize;
        assert_eq!(payload_addresses([&mut server]), [address].into());
    }
}
