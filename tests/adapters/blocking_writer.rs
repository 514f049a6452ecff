//! Messages that are written piece by piece over blocking streams: whole at the other end, and
//! never mixed with others.
#![cfg(feature = "testing")]

use std::io::Write;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sansocket::{
    Backpressure, Config, Connection, Error, Kind, SendError, State, Timeouts, TrySendError,
    blocking,
};
use support::peer::{read_events, read_to_close, text_event};

/// What a writer that blocks does, of a connection in one piece or a sender.
macro_rules! blocking_story {
    ($out:ident, $peer:ident) => {
        let text = "é".repeat(100_000);
        let mut writer = $out.writer(Kind::Text).unwrap();
        writer.flush().unwrap();
        writer.write_chunk("").unwrap();
        write!(writer, "{text}").unwrap();
        writer.flush().unwrap();
        writer.write_chunk(text.clone().into_bytes()).unwrap();
        writer.write_chunk(&b"\xce"[..]).unwrap();
        writer.write_all(b"\xb1").unwrap();
        writer.finish().unwrap();
        drop($out.writer(Kind::Text).unwrap());
        let mut writer = $out.writer(Kind::Text).unwrap();
        for _ in 0..2 {
            assert!(matches!(
                writer.write_chunk(&b"\xff"[..]),
                Err(Error::Send(SendError::InvalidUtf8))
            ));
        }
        assert!(matches!(writer.finish(), Err(Error::Send(SendError::InvalidUtf8))));
        $out.send("between").unwrap();
        let (sizes, events) = read_events(&mut $peer);
        assert!(sizes.iter().all(|size| *size <= 64 * 1024), "{sizes:?}");
        assert!(events == [text_event(&format!("{text}{text}α")), text_event("between")]);

        let mut writer = $out.writer(Kind::Text).unwrap();
        writer.write_chunk("half").unwrap();
        assert!(matches!(
            writer.write_chunk(&b"\xff"[..]),
            Err(Error::Send(SendError::InvalidUtf8))
        ));
        drop(writer);
        assert_eq!(($out.state(), read_to_close(&mut $peer)), (State::Closing, (vec![], 1011)));
        assert!(matches!($out.writer(Kind::Text).map(drop), Err(Error::Send(SendError::NotOpen))));
    };
}

fn blocking_server()
-> (blocking::WebSocket<support::duplex::DuplexStream>, support::duplex::DuplexStream) {
    let (stream, peer) = support::duplex::duplex();
    (
        blocking::WebSocket::from_parts(
            stream,
            Connection::server(Config::new()),
            Timeouts::default(),
        )
        .unwrap(),
        peer,
    )
}

#[test]
fn a_writer_that_blocks() {
    let (mut out, mut peer) = blocking_server();
    blocking_story!(out, peer);
    let (socket, mut peer) = blocking_server();
    let (mut out, _receiver) = socket.split().unwrap();
    blocking_story!(out, peer);
}

/// The same of a socket and of a sender.
macro_rules! writer_makes_room {
    ($out:ident, $peer:ident) => {
        $out.feed("fed").unwrap();
        $out.set_backpressure(Backpressure { high_water_mark: 1, ..Backpressure::default() });
        let mut writer = $out.writer(Kind::Text).unwrap();
        writer.write_chunk("written").unwrap();
        writer.finish().unwrap();
        assert_eq!(read_events(&mut $peer).1, [text_event("fed"), text_event("written")]);
    };
}

/// What waits already goes before what a writer adds to it.
#[test]
fn a_writer_makes_room_first() {
    let (mut out, mut peer) = blocking_server();
    writer_makes_room!(out, peer);

    let (socket, mut peer) = blocking_server();
    let (mut out, _receiver) = socket.split().unwrap();
    writer_makes_room!(out, peer);
}

#[test]
fn threads_wait_for_their_turn() {
    let (socket, mut peer) = blocking_server();
    let (mut sender, _receiver) = socket.split().unwrap();
    for used in [false, true] {
        let mut writer = sender.clone();
        let mut writer = writer.writer(Kind::Text).unwrap();
        let (done, outcomes) = mpsc::channel();
        for number in 0..3 {
            let (mut sender, done) = (sender.clone(), done.clone());
            thread::spawn(move || {
                let _ = done.send(match number {
                    0 => sender.send("sent"),
                    1 => sender.feed("sent"),
                    _ => sender.writer(Kind::Text).and_then(|mut writer| {
                        writer.write_chunk("se")?;
                        writer.write_chunk("nt")?;
                        writer.finish()
                    }),
                });
            });
        }
        assert!(outcomes.recv_timeout(Duration::from_millis(100)).is_err(), "they wait");
        assert!(matches!(sender.try_send("x"), Err(TrySendError::Full(_))));
        if used {
            for part in ["in ", "three ", "parts"] {
                writer.write_chunk(part).unwrap();
                thread::yield_now();
            }
            writer.finish().unwrap();
        } else {
            drop(writer);
        }
        for _ in 0..3 {
            outcomes.recv_timeout(Duration::from_secs(20)).expect("nobody woke it").unwrap();
        }
        sender.flush().unwrap();
        let (_, events) = read_events(&mut peer);
        let expected = [
            text_event("in three parts"),
            text_event("sent"),
            text_event("sent"),
            text_event("sent"),
        ];
        assert_eq!(events, expected[usize::from(!used)..]);
    }

    // And fail when there will be none.
    let mut writer = sender.clone();
    let mut writer = writer.writer(Kind::Text).unwrap();
    writer.write_chunk("half").unwrap();
    let waiting = thread::spawn(move || (sender.send("x"), sender.writer(Kind::Text).map(drop)));
    drop(writer);
    let (sent, begun) = waiting.join().unwrap();
    assert!(matches!(sent, Err(Error::Send(SendError::NotOpen))) && begun.is_err());
}
