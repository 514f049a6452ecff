//! `sansocket::testing`: its streams shut down as sockets do, and their `Debug` output shows no
//! content.
#![cfg(feature = "testing")]

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;

use sansocket::blocking::Stream;
use sansocket::testing::{Chunking, pair};

#[test]
fn bytes_written_before_shutdown_are_read() {
    let (mut one, mut other) = pair(Chunking::Whole);
    one.write_all(b"last message").unwrap();
    one.shutdown(Shutdown::Write).unwrap();
    assert_eq!(other.read(&mut []).unwrap(), 0);
    let mut received = Vec::new();
    other.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"last message");
    assert_eq!(one.write(b"more").unwrap_err().kind(), ErrorKind::BrokenPipe);
    other.write_all(b"answer").unwrap();
    one.read_exact(&mut [0; 6]).unwrap();
}

#[test]
fn shutdown_of_reads_is_eof_and_breaks_the_pipe_of_the_peer() {
    let (mut one, mut other) = pair(Chunking::Whole);
    one.write_all(b"never read").unwrap();
    other.shutdown(Shutdown::Read).unwrap();
    assert_eq!(other.read(&mut [0; 10]).unwrap(), 0);
    assert_eq!(one.write(b"more").unwrap_err().kind(), ErrorKind::BrokenPipe);
    other.write_all(b"answer").unwrap();
    one.read_exact(&mut [0; 6]).unwrap();
}

#[test]
fn debug_of_a_stream_shows_no_bytes() {
    let (mut one, _other) = pair(Chunking::Bytewise);
    let before = format!("{one:?}");
    one.write_all(b"SECRET").unwrap();
    assert_eq!(format!("{one:?}"), before);
    assert!(before.contains("State { chunking: Bytewise, blackholed: false, .. }"), "{before}");
}
