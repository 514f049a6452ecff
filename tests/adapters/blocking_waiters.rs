//! Threads that wait for a shared blocking connection: each is woken when it can continue, in the
//! order in which they came.
#![cfg(feature = "testing")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use sansocket::blocking::{Receiver, Sender, Stream, WebSocket};
use sansocket::testing::{Chunking, TestStream, pair};
use sansocket::{
    Backpressure, CloseCode, Config, Connection, Entropy, Error, Kind, TimedOut, Timeouts,
};

/// Far longer than anything here takes, and shorter than the default write timeout.
const LONG: Duration = Duration::from_secs(20);

fn server<S: Stream>(stream: S) -> WebSocket<S> {
    let connection = Connection::server(Config::new());
    WebSocket::from_parts(stream, connection, Timeouts::default()).unwrap()
}

fn client<S: Stream>(stream: S) -> WebSocket<S> {
    let connection = Connection::client(Config::new(), Entropy::from_seed([7; 32]));
    WebSocket::from_parts(stream, connection, Timeouts::default()).unwrap()
}

fn halves() -> (TestStream, Sender<TestStream>, Receiver<TestStream, TestStream>) {
    let (peer, end) = pair(Chunking::Whole);
    let mut socket = server(end);
    let high_water_mark = 100;
    socket.set_backpressure(Backpressure { high_water_mark, ..Backpressure::default() });
    let (sender, receiver) = socket.split().unwrap();
    (peer, sender, receiver)
}

/// Starts threads that wait one after the other, and returns them in that order.
fn wait_in_order<T: Send + 'static>(
    count: u8,
    work: impl Fn(u8) -> T + Send + Clone + 'static,
) -> Vec<thread::JoinHandle<T>> {
    (0..count)
        .map(|number| {
            let work = work.clone();
            let (start, started) = mpsc::channel();
            let waiting = thread::spawn(move || {
                // Linux has the thread's directory there.
                start.send(fs::read_link("/proc/thread-self").ok()).unwrap();
                work(number)
            });
            match started.recv().unwrap() {
                Some(directory) => until_asleep(&Path::new("/proc").join(directory)),
                None => thread::sleep(Duration::from_millis(30)),
            }
            waiting
        })
        .collect()
}

/// Waits until the thread of this directory sleeps, as it does in a wait.
fn until_asleep(directory: &Path) {
    let begun = Instant::now();
    // proc_pid_stat(5): the state is behind the name, which is in parentheses.
    while !fs::read_to_string(directory.join("stat")).unwrap().contains(") S ") {
        assert!(begun.elapsed() < LONG, "it does not wait");
        thread::yield_now();
    }
}

#[test]
fn room_goes_to_the_thread_that_waits_longest() {
    let (peer, sender, _receiver) = halves();
    peer.wire().set_capacity(10);
    let first = sender.clone();
    let blocked = thread::spawn(move || first.send(vec![255; 200]));
    while sender.buffered_amount() == 0 {
        thread::yield_now();
    }
    let waiting = wait_in_order(8, {
        let sender = sender.clone();
        move |number| sender.send(vec![number; 200])
    });
    let reading = thread::spawn(move || {
        let mut peer = client(peer);
        (0..9).map(|_| peer.recv().unwrap().unwrap().as_bytes()[0]).collect::<Vec<_>>()
    });
    blocked.join().unwrap().unwrap();
    waiting.into_iter().for_each(|waiting| waiting.join().unwrap().unwrap());
    assert_eq!(reading.join().unwrap(), [255, 0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn the_lock_goes_to_the_thread_that_waits_longest() {
    let (peer, mut sender, _receiver) = halves();
    let others = sender.clone();
    let writer = sender.writer(Kind::Text).unwrap();
    let waiting = wait_in_order(6, move |number| {
        let mut sender = others.clone();
        let text = number.to_string();
        if number % 2 == 0 {
            return sender.send(text);
        }
        let mut writer = sender.writer(Kind::Text)?;
        writer.write_chunk(text)?;
        writer.finish()
    });
    writer.finish().unwrap();
    waiting.into_iter().for_each(|waiting| waiting.join().unwrap().unwrap());
    let mut peer = client(peer);
    for expected in ["", "0", "1", "2", "3", "4", "5"] {
        assert_eq!(peer.recv().unwrap(), Some(expected.into()));
    }
}

#[test]
fn send_returns_when_its_own_message_is_written() {
    let (mut peer, sender, _receiver) = halves();
    peer.wire().set_capacity(10);
    let first = sender.clone();
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || done.send(first.send(vec![1; 50])));
    while sender.buffered_amount() == 0 {
        thread::yield_now();
    }
    let second = sender.clone();
    let blocked = thread::spawn(move || second.send(vec![2; 50]));
    while sender.buffered_amount() < 90 {
        thread::yield_now();
    }
    // The first frame leaves, and the second does not.
    peer.read_exact(&mut [0; 52]).unwrap();
    is_done.recv_timeout(LONG).unwrap().unwrap();
    assert!(!blocked.is_finished());
    peer.read_exact(&mut [0; 52]).unwrap();
    blocked.join().unwrap().unwrap();
}

#[test]
fn set_backpressure_wakes_the_senders_that_have_room_now() {
    let (peer, sender, _receiver) = halves();
    peer.wire().set_capacity(0);
    let first = sender.clone();
    thread::spawn(move || first.send(vec![1; 200]));
    while sender.buffered_amount() == 0 {
        thread::yield_now();
    }
    let second = sender.clone();
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || done.send(second.feed(vec![2; 200])));
    assert!(is_done.recv_timeout(Duration::from_millis(50)).is_err());
    sender.set_backpressure(Backpressure::default());
    is_done.recv_timeout(LONG).unwrap().unwrap();
}

#[test]
fn abort_wakes_every_thread() {
    let (peer, sender, mut receiver) = halves();
    peer.wire().set_capacity(10);
    let senders = wait_in_order(4, {
        let sender = sender.clone();
        move |number| match number {
            3 => sender.until_closed().map(drop),
            _ => sender.send(vec![0; 200]),
        }
    });
    let receiving = thread::spawn(move || receiver.recv());
    let begun = Instant::now();
    sender.abort();
    for (number, waiting) in senders.into_iter().enumerate() {
        assert_eq!(waiting.join().unwrap().is_ok(), number == 3);
    }
    assert!(matches!(receiving.join().unwrap(), Err(Error::ConnectionLost)));
    assert!(begun.elapsed() < LONG);
}

#[test]
fn recv_with_of_a_half_lets_the_application_use_the_sender() {
    let (mut peer, sender, mut receiver) = halves();
    peer.write_all(&[0x81, 0x81, 0, 0, 0, 0, b'a', 0x81, 0x81, 0, 0, 0, 0, b'b']).unwrap();
    let mut seen = Vec::new();
    assert!(
        receiver
            .recv_with(|message, replies| {
                seen.push(message.as_bytes()[0]);
                sender.send("of the sender")?;
                replies.send(message)
            })
            .unwrap()
    );
    assert_eq!(seen, b"ab");
    sender.flush().unwrap();
    let mut peer = client(peer);
    for expected in ["of the sender", "a", "of the sender", "b"] {
        assert_eq!(peer.recv().unwrap(), Some(expected.into()));
    }
}

#[test]
fn round_trip_of_both_halves_is_that_of_the_latest_ping() {
    let (peer, sender, mut receiver) = halves();
    let answering = thread::spawn(move || client(peer).recv());
    let receiving = thread::spawn(move || (receiver.recv(), receiver.round_trip()));
    assert!(sender.ping().unwrap() < LONG);
    let round_trip = sender.round_trip();
    assert!(round_trip.is_some());
    assert!(sender.close(CloseCode::NORMAL, "").unwrap().was_clean());
    assert_eq!(receiving.join().unwrap().1, round_trip);
    answering.join().unwrap().unwrap();
}

#[test]
fn a_thread_that_waits_too_long_leaves_its_place_to_the_next() {
    let (peer, end) = pair(Chunking::Whole);
    // Longer than the start of the threads takes on a busy machine.
    let timeouts = Timeouts { write: Some(Duration::from_secs(1)), ..Timeouts::default() };
    let connection = Connection::server(Config::new());
    let mut socket = WebSocket::from_parts(end, connection, timeouts).unwrap();
    socket.set_backpressure(Backpressure { high_water_mark: 100, ..Backpressure::default() });
    let (sender, _receiver) = socket.split().unwrap();
    peer.wire().set_capacity(10);
    let sent = wait_in_order(4, move |number| sender.send(vec![number; 200]));
    for (number, sent) in sent.into_iter().enumerate() {
        let (sent, expected) = match (sent.join().unwrap(), number) {
            (Err(Error::TimedOut(error)), 0) => (error, TimedOut::Write),
            (Err(Error::TimedOut(error)), _) => (error, TimedOut::Room),
            other => panic!("{other:?}"),
        };
        assert_eq!(sent, expected);
    }
}

/// Every wake-up is needed: one that is lost stops a thread for ever.
#[test]
fn no_wake_up_is_lost() {
    const THREADS: u32 = 8;
    const EACH: u32 = 500;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut socket = server(listener.accept().unwrap().0);
    socket.set_backpressure(Backpressure { high_water_mark: 64, ..Backpressure::default() });
    let (sender, mut receiver) = socket.split().unwrap();
    let threads = (0..THREADS).map(|id| {
        let mut sender = sender.clone();
        thread::spawn(move || {
            for number in 0..EACH {
                let message = [&id.to_be_bytes()[..], &number.to_be_bytes(), &[0; 500]].concat();
                match (id + number) % 16 {
                    0 => {
                        let mut writer = sender.writer(Kind::Binary).unwrap();
                        writer.write_all(&message).unwrap();
                        writer.finish().unwrap();
                    }
                    1 => sender.feed(message).unwrap(),
                    2 => while sender.try_send(message.clone()).is_err() {},
                    _ => sender.send(message).unwrap(),
                }
            }
            sender.flush().unwrap();
        })
    });
    let threads: Vec<_> = threads.collect();
    let echoing = thread::spawn(move || {
        let mut next = [0; THREADS as usize];
        let mut peer = client(peer);
        for _ in 0..THREADS * EACH {
            let message = peer.recv().unwrap().unwrap().into_bytes();
            let id = u32::from_be_bytes(message[..4].try_into().unwrap()) as usize;
            assert_eq!(message[4..8], u32::to_be_bytes(next[id]), "those of a thread are in order");
            next[id] += 1;
            peer.feed("answer").unwrap();
        }
        peer.close(CloseCode::NORMAL, "").unwrap()
    });
    let mut answers = 0;
    while receiver.recv().unwrap().is_some() {
        answers += 1;
    }
    assert_eq!(answers, THREADS * EACH);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(echoing.join().unwrap().was_clean());
}
