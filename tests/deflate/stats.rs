//! Compressed messages in `Stats`: the bytes before and after compression, in both directions.

use sansocket::deflate::Deflate;
use sansocket::{Compress, Config, Connection, Kind, Message, Traffic};
use support::Chunking;
use support::deflate::{frames, json, opened};

/// Payload of messages in frames, that of compressed ones alone, and of all as it was.
fn send_all(connection: &mut Connection) -> u64 {
    let mut plain = 0;
    for compress in [Compress::Always, Compress::Automatic, Compress::Never] {
        let message = Message::from(json(3000));
        plain += message.len();
        connection.send(message.compress(compress)).unwrap();
    }
    let beginning = json(700);
    plain += 2 * beginning.len();
    connection.send_fragment(Kind::Text, beginning.clone(), false).unwrap();
    connection.send_fragment(Kind::Text, beginning, true).unwrap();
    connection.send(Message::from("").compress(Compress::Always)).unwrap();
    plain as u64
}

fn without_bytes(traffic: Traffic) -> Traffic {
    assert_eq!(traffic.bytes, 0, "a connection has no stream");
    traffic
}

#[test]
fn payload_is_counted_before_and_after_compression() {
    for chunking in [Chunking::Whole, Chunking::Bytewise, Chunking::Random(1)] {
        for in_chunks in [false, true] {
            let config = Config::new().deflate(Deflate::balance());
            let (mut pair, _) = opened(
                config.clone().receive_in_chunks(in_chunks),
                config.receive_in_chunks(in_chunks),
                chunking,
            );
            let plain = send_all(&mut pair.client);
            assert_eq!(send_all(&mut pair.server), plain);
            pair.settle();
            let (client, server) = (pair.client.stats(), pair.server.stats());
            assert_eq!(without_bytes(client.sent), without_bytes(server.received));
            assert_eq!(without_bytes(server.sent), without_bytes(client.received));
            assert_eq!((client.sent.messages, client.sent.frames), (5, 6));
            assert_eq!(client.sent.payload, plain);
            // One of them was not compressed.
            assert!((3000..plain / 2).contains(&client.sent.frame_payload), "{client:?}");
        }
    }
}

#[test]
fn frame_payload_is_that_of_the_wire() {
    let config = Config::new().deflate(Deflate::balance());
    let (mut pair, _) = opened(config.clone(), config, Chunking::Whole);
    frames(&mut pair.server);
    send_all(&mut pair.server);
    let sent = pair.server.stats().sent;
    let on_wire = frames(&mut pair.server);
    assert_eq!(sent.frames, on_wire.len() as u64);
    assert_eq!(sent.frame_payload, on_wire.iter().map(|(_, payload)| payload.len() as u64).sum());
}

#[test]
fn counts_and_parameters_stay_after_the_end_without_the_windows() {
    let config = Config::new().deflate(Deflate::balance());
    let (mut pair, _) = opened(config.clone(), config, Chunking::Whole);
    let plain = send_all(&mut pair.client);
    send_all(&mut pair.server);
    pair.settle();
    let before = pair.client.stats();
    pair.client.close(None);
    pair.settle();
    for connection in [&pair.client, &pair.server] {
        let (stats, agreed) = (connection.stats(), connection.deflate());
        assert_eq!((stats.sent.payload, stats.received.payload), (plain, plain));
        assert!(stats.sent.frame_payload < plain && stats.received.frame_payload < plain);
        assert_eq!(connection.bytes_held(), 0);
        assert!(agreed.is_some());
    }
    let after = pair.client.stats();
    assert_eq!(after.sent.frames, before.sent.frames + 1);
    assert_eq!(after.received.frames, before.received.frames + 1);
}
