//! The kit for tests is true to what it stands for: its streams end as sockets do, and show nothing
//! of what they carry.
#![cfg(feature = "testing")]

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;

use sansocket::blocking::Stream;
use sansocket::testing::{Chunking, pair};

#[test]
fn what_was_written_before_the_end_is_read() {
    let (mut one, mut other) = pair(Chunking::Whole);
    one.write_all(b"last message").unwrap();
    one.shutdown(Shutdown::Write).unwrap();
    assert_eq!(other.read(&mut []).unwrap(), 0);
    let mut heard = Vec::new();
    other.read_to_end(&mut heard).unwrap();
    assert_eq!(heard, b"last message");
    assert_eq!(one.write(b"more").unwrap_err().kind(), ErrorKind::BrokenPipe);
    other.write_all(b"answer").unwrap();
    one.read_exact(&mut [0; 6]).unwrap();
}

#[test]
fn whoever_reads_no_more_finds_the_end() {
    let (mut one, mut other) = pair(Chunking::Whole);
    one.write_all(b"never read").unwrap();
    other.shutdown(Shutdown::Read).unwrap();
    assert_eq!(other.read(&mut [0; 10]).unwrap(), 0);
    assert_eq!(one.write(b"more").unwrap_err().kind(), ErrorKind::BrokenPipe);
    other.write_all(b"answer").unwrap();
    one.read_exact(&mut [0; 6]).unwrap();
}

#[test]
fn what_is_on_the_wire_is_not_shown() {
    let (mut one, _other) = pair(Chunking::Bytewise);
    let before = format!("{one:?}");
    one.write_all(b"SECRET").unwrap();
    assert_eq!(format!("{one:?}"), before);
    assert!(before.contains("State { chunking: Bytewise, stopped: false, .. }"), "{before}");
}
