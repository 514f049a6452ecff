//! A peer that reads slowly is alive: it outlasts keep-alive and the close deadline, however long
//! it takes, and has [`Timeouts::write`] once it stops.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::future::pending;
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use sansocket::runtime::Clock;
use sansocket::testing::TestStream;
use sansocket::{
    CloseCode, Closed, Config, Connection, Error, Message, State, TimedOut, Timeouts, blocking,
};
use smol::LocalExecutor;
use support::adapters::{Adapter, during, in_every_adapter, read, s, timed, until, write_all};
use support::duplex::{DuplexStream, duplex};
use support::{masked, unmasked};

in_every_adapter! {
    upload_to_a_peer_that_reads_steadily_outlasts_the_keep_alive
    peer_that_stops_reading_stalls_the_write
    close_behind_an_upload_is_clean_once_the_peer_has_read_it
    peer_that_closes_during_an_upload_gets_all_of_it_from_until_closed
}

/// How many bytes the wire holds, and the peer reads in a second.
const RATE: usize = 4096;

/// The upload takes 256 s.
const SIZE: usize = 256 * RATE;

const CLOSE: &[u8] = b"\x03\xe8";

async fn delay(adapter: &impl Adapter, seconds: u64) {
    let mut clock = adapter.clock();
    let deadline = clock.now() + s(seconds);
    until(&mut clock, deadline).await;
}

/// Reads so many bytes, at most [`RATE`] in a second.
async fn read_steadily(adapter: &impl Adapter, peer: &mut TestStream, count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < count {
        delay(adapter, 1).await;
        bytes.extend(read(peer, RATE.min(count - bytes.len())).await);
    }
    bytes
}

/// When the application pings.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pings {
    Never,
    /// The ping is written, and not answered before the upload is.
    Before,
    /// The ping waits behind the upload.
    Behind,
}

const PINGS: [Pings; 3] = [Pings::Never, Pings::Before, Pings::Behind];

impl Pings {
    /// What the peer reads.
    fn around(self, upload: Vec<u8>) -> Vec<u8> {
        let ping = unmasked(0x89, &1_u64.to_be_bytes());
        match self {
            Self::Never => upload,
            Self::Before => [ping, upload].concat(),
            Self::Behind => [upload, ping].concat(),
        }
    }
}

/// The peer sends nothing until it has read everything.
async fn upload_to_a_peer_that_reads_steadily_outlasts_the_keep_alive(adapter: &impl Adapter) {
    for (split, pings) in
        [false, true].into_iter().flat_map(|split| PINGS.map(|when| (split, when)))
    {
        let clock = adapter.clock();
        let (mut peer, mut socket) = adapter.server(Timeouts::default());
        peer.wire().set_capacity(RATE);
        let written = pings.around(unmasked(0x82, &[7; SIZE]));
        let reading = async {
            assert!(read_steadily(adapter, &mut peer, written.len()).await == written);
            if pings != Pings::Never {
                write_all(&mut peer, &masked(0x8a, &1_u64.to_be_bytes())).await;
            }
            write_all(&mut peer, &masked(0x81, b"read it all")).await;
            pending().await
        };
        let uploading = timed(&clock, async {
            if pings == Pings::Before {
                socket.start_ping().await?;
            }
            socket.feed(vec![7; SIZE]).await?;
            if pings == Pings::Behind {
                socket.start_ping().await?;
            }
            if !split {
                return Ok::<_, Error>((socket.recv().await?, socket.round_trip()));
            }
            let (sender, mut receiver) = socket.split();
            Ok((receiver.recv().await?, sender.round_trip()))
        });
        let (received, after) = during(reading, uploading).await;
        let (received, round_trip) = received.expect("the peer is alive");
        assert_eq!(received, Some("read it all".into()));
        assert_eq!(round_trip.is_some(), pings != Pings::Never, "the ping is answered");
        assert!(after >= s(256), "{after:?}");
    }
}

async fn peer_that_stops_reading_stalls_the_write(adapter: &impl Adapter) {
    for split in [false, true] {
        let clock = adapter.clock();
        let (mut peer, mut socket) = adapter.server(Timeouts::default());
        peer.wire().set_capacity(RATE);
        let reading = async {
            read_steadily(adapter, &mut peer, 30 * RATE).await;
            pending().await
        };
        let uploading = timed(&clock, async {
            socket.feed(vec![7; SIZE]).await.unwrap();
            if !split {
                return (socket.recv().await, socket.state());
            }
            let (_sender, mut receiver) = socket.split();
            (receiver.recv().await, receiver.state())
        });
        let ((received, state), after) = during(reading, uploading).await;
        assert!(matches!(received, Err(Error::TimedOut(TimedOut::Write))), "{received:?}");
        assert_eq!((after, state), (s(30 + 120), State::Open), "split: {split}");
    }
}

async fn close_behind_an_upload_is_clean_once_the_peer_has_read_it(adapter: &impl Adapter) {
    for split in [false, true] {
        let clock = adapter.clock();
        let (mut peer, mut socket) =
            adapter.server(Timeouts { close: Some(s(2)), ..Timeouts::default() });
        peer.wire().set_capacity(RATE);
        let all = [unmasked(0x82, &[7; SIZE]), unmasked(0x88, CLOSE)].concat();
        let executor = LocalExecutor::new();
        let reading = executor.spawn(async move {
            let received = read_steadily(adapter, &mut peer, all.len()).await;
            write_all(&mut peer, &masked(0x88, CLOSE)).await;
            received == all && read(&mut peer, 1).await.is_empty()
        });
        let closing = timed(&clock, async {
            if !split {
                socket.feed(vec![7; SIZE]).await.unwrap();
                return socket.close(CloseCode::NORMAL, "").await;
            }
            let (sender, mut receiver) = socket.split();
            let other = sender.clone();
            let sending = executor.spawn(async move { other.send(vec![7; SIZE]).await });
            let receiving = executor.spawn(async move { receiver.recv().await });
            delay(adapter, 3).await;
            let closed = sender.close(CloseCode::NORMAL, "").await;
            sending.await.expect("the message was written before the Close frame");
            assert_eq!(receiving.await.unwrap(), None);
            closed
        });
        let ((closed, after), received_all) =
            executor.run(async { (closing.await, reading.await) }).await;
        assert!(closed.as_ref().is_ok_and(Closed::was_clean), "split: {split}: {closed:?}");
        assert!(received_all && after >= s(256), "{after:?}");
    }
}

/// `recv` does not wait for it.
async fn peer_that_closes_during_an_upload_gets_all_of_it_from_until_closed(
    adapter: &impl Adapter,
) {
    for split in [false, true] {
        let clock = adapter.clock();
        let (mut peer, mut socket) = adapter.server(Timeouts::default());
        peer.wire().set_capacity(RATE);
        peer.write_all(&masked(0x88, CLOSE)).unwrap();
        let all = [unmasked(0x82, &[7; SIZE]), unmasked(0x88, CLOSE)].concat();
        let executor = LocalExecutor::new();
        let reading = executor.spawn(async move {
            let received = read_steadily(adapter, &mut peer, all.len()).await;
            received == all && read(&mut peer, 1).await.is_empty()
        });
        let closing = async {
            if !split {
                socket.feed(vec![7; SIZE]).await.unwrap();
                let (end, after) = timed(&clock, socket.recv()).await;
                return (end, after, timed(&clock, socket.until_closed()).await);
            }
            let (sender, mut receiver) = socket.split();
            sender.feed(vec![7; SIZE]).await.unwrap();
            let sending = executor.spawn(async move { sender.flush().await });
            let (end, after) = timed(&clock, receiver.recv()).await;
            let closed = timed(&clock, receiver.until_closed()).await;
            sending.await.expect("the message was written before the Close frame");
            (end, after, closed)
        };
        let ((end, reported, (closed, after)), received_all) =
            executor.run(async { (closing.await, reading.await) }).await;
        assert_eq!((end.unwrap(), reported), (None, s(5)), "split: {split}");
        assert!(closed.as_ref().is_ok_and(Closed::was_clean), "split: {split}: {closed:?}");
        assert!(received_all && after >= s(250), "{after:?}");
    }
}

// Threads. The peer takes longer than the timeout, which is longer than anything else here takes.

const TIMEOUT: Duration = Duration::from_secs(1);

/// The peer reads so many bytes at a time, and pauses then.
const CHUNK: usize = 1000;
const PAUSE: Duration = Duration::from_millis(30);
const CHUNKS: usize = 50;

fn blocking_server(timeouts: Timeouts) -> (DuplexStream, blocking::WebSocket<DuplexStream>) {
    let (stream, peer) = duplex();
    stream.set_capacity(CHUNK);
    let connection = Connection::server(Config::new());
    (peer, blocking::WebSocket::from_parts(stream, connection, timeouts).unwrap())
}

fn read_with_pauses(peer: &mut DuplexStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    for chunk in bytes.chunks_mut(CHUNK) {
        thread::sleep(PAUSE);
        peer.read_exact(chunk).unwrap();
    }
    bytes
}

fn upload() -> Message {
    vec![7; CHUNK * CHUNKS].into()
}

#[test]
fn blocking_upload_to_a_peer_that_reads_steadily_outlasts_the_keep_alive() {
    let timeouts = Timeouts {
        ping: Some(Duration::from_millis(20)),
        pong: Some(TIMEOUT),
        ..Timeouts::default()
    };
    for pings_before in [false, true] {
        let (mut peer, mut socket) = blocking_server(timeouts);
        let reading = thread::spawn(move || {
            let frame = unmasked(0x82, upload().as_bytes());
            let ping = unmasked(0x89, &1_u64.to_be_bytes());
            let all = if pings_before { [ping, frame].concat() } else { frame };
            assert!(read_with_pauses(&mut peer, all.len()) == all);
            peer.write_all(&masked(0x81, b"read it all")).unwrap();
            peer
        });
        if pings_before {
            socket.start_ping().unwrap();
        }
        socket.feed(upload()).unwrap();
        assert_eq!(socket.recv().unwrap(), Some("read it all".into()));
        drop(reading.join().unwrap());
    }
}

#[test]
fn blocking_close_behind_an_upload_is_clean_once_the_peer_has_read_it() {
    for split in [false, true] {
        let (mut peer, mut socket) =
            blocking_server(Timeouts { close: Some(TIMEOUT), ..Timeouts::default() });
        let reading = thread::spawn(move || {
            let all = [unmasked(0x82, upload().as_bytes()), unmasked(0x88, CLOSE)].concat();
            assert!(read_with_pauses(&mut peer, all.len()) == all);
            peer.write_all(&masked(0x88, CLOSE)).unwrap();
            assert_eq!(peer.read(&mut [0]).unwrap(), 0);
        });
        let closed = if split {
            let (sender, mut receiver) = socket.split().unwrap();
            let other = sender.clone();
            let sending = thread::spawn(move || other.send(upload()));
            let receiving = thread::spawn(move || receiver.recv());
            while sender.buffered_amount() == 0 {
                thread::yield_now();
            }
            let closed = sender.close(CloseCode::NORMAL, "");
            sending.join().unwrap().expect("the message was written before the Close frame");
            assert_eq!(receiving.join().unwrap().unwrap(), None);
            closed
        } else {
            socket.feed(upload()).unwrap();
            socket.close(CloseCode::NORMAL, "")
        };
        assert!(closed.as_ref().is_ok_and(Closed::was_clean), "split: {split}: {closed:?}");
        reading.join().unwrap();
    }
}
