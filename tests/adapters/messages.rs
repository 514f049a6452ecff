//! The iterator over the messages of a blocking connection.

use std::io::{Read, Write};

use sansocket::blocking::WebSocket;
use sansocket::testing::TestStream;
use sansocket::{Config, Connection, Error, ProtocolError, Timeouts};
use support::{Chunking, masked, stream_pair as pair};

fn socket(frames: &[u8]) -> (TestStream, WebSocket<TestStream>) {
    let (mut peer, end) = pair(Chunking::Whole);
    peer.write_all(frames).unwrap();
    let connection = Connection::server(Config::new());
    (peer, WebSocket::from_parts(end, connection, Timeouts::default()).unwrap())
}

#[test]
fn messages_end_after_the_peers_close() {
    let frames = [masked(0x81, b"a"), masked(0x89, b""), masked(0x82, b"b"), masked(0x88, b"")];
    let (mut peer, socket) = socket(&frames.concat());
    let (_sender, mut receiver) = socket.split().unwrap();
    let mut messages = receiver.messages();
    assert_eq!(messages.next().unwrap().unwrap(), "a".into());
    assert_eq!(messages.next().unwrap().unwrap(), vec![b'b'].into());
    assert!(messages.next().is_none() && messages.next().is_none());
    drop(messages);
    assert!(receiver.closed().unwrap().was_clean());
    peer.read_exact(&mut [0; 4]).unwrap();
}

#[test]
fn messages_end_after_an_error() {
    let (_peer, mut socket) = socket(&[masked(0x81, b"a"), masked(0x83, b"bad")].concat());
    let mut messages = socket.messages();
    assert!(messages.next().unwrap().is_ok());
    let error = messages.next().unwrap();
    assert!(matches!(error, Err(Error::Protocol(ProtocolError::Header(_)))), "{error:?}");
    assert!(messages.next().is_none());
}
