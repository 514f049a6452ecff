//! A gibibyte each way, in constant memory: messages larger than memory should be, and both
//! directions at once.
//!
//! They take some seconds and want optimised code, so they run when they are asked for:
//! `cargo test --release --all-features --test soak gibibyte:: -- --ignored --test-threads 1 --nocapture`

use std::net::TcpListener;
use std::time::Instant;
use std::{fs, thread};

use sansocket::{CloseCode, Config, Event, Kind, blocking, tokio as ws};

const GIB: u64 = 1 << 30;
const PART: u64 = 64 * 1024;

/// What may be resident above the start, in KiB.
const ALLOWED: u64 = 16 * 1024;

/// A line of `/proc/self/status`, in KiB.
fn resident(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Forgets the peak of what was resident before.
fn begin() -> (u64, Instant) {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    (resident("VmRSS"), Instant::now())
}

fn end((start, begun): (u64, Instant), what: &str) {
    let above = resident("VmHWM").saturating_sub(start);
    println!("{what}: {:.1} s, at most {above} KiB above the start", begun.elapsed().as_secs_f64());
    assert!(above < ALLOWED, "{above} KiB above the start");
}

/// What stands at this place of the stream: each part has a byte of its own.
fn byte_at(place: u64) -> u8 {
    (place / PART) as u8
}

/// Checks what came, from this place on.
fn check(place: u64, bytes: &[u8]) {
    let all = |range: &[u8], byte| range.iter().all(|&b| b == byte);
    let in_first = ((PART - place % PART) as usize).min(bytes.len());
    let (first, rest) = bytes.split_at(in_first);
    assert!(all(first, byte_at(place)), "at {place}");
    for (number, part) in rest.chunks(PART as usize).enumerate() {
        assert!(all(part, byte_at(place + in_first as u64 + number as u64 * PART)), "at {place}");
    }
}

fn receive_in_chunks() -> Config {
    Config::new().max_message_size(Config::UNLIMITED).receive_in_chunks(true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes seconds: see the first lines"]
async fn one_message_there_and_back_in_parts() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let options = ws::Options::new().config(receive_in_chunks());
    let server = tokio::spawn({
        let options = options.clone();
        async move {
            let socket = options.accept(listener.accept().await.unwrap().0).await.unwrap();
            let (mut sender, mut receiver) = socket.split();
            let mut writer = sender.writer(Kind::Binary).await.unwrap();
            while let Some(Event::Chunk(part)) = receiver.recv_event().await.unwrap() {
                writer.write_chunk(part.bytes).await.unwrap();
                if part.last {
                    break;
                }
            }
            writer.finish().await.unwrap();
            assert_eq!(receiver.recv().await.unwrap(), None);
        }
    });
    let (socket, _) = options.connect(&sansocket::ClientRequest::new(&url).unwrap()).await.unwrap();
    let (mut sender, mut receiver) = socket.split();
    let start = begin();
    let sending = tokio::spawn(async move {
        let mut writer = sender.writer(Kind::Binary).await.unwrap();
        for number in 0..GIB / PART {
            writer.write_chunk(vec![byte_at(number * PART); PART as usize]).await.unwrap();
        }
        writer.finish().await.unwrap();
    });
    let mut received = 0;
    while let Some(Event::Chunk(part)) = receiver.recv_event().await.unwrap() {
        check(received, &part.bytes);
        received += part.bytes.len() as u64;
        if part.last {
            break;
        }
    }
    assert_eq!(received, GIB);
    end(start, "one message of 1 GiB there and back, tokio");
    sending.await.unwrap();
    receiver.close(CloseCode::NORMAL, "").await.unwrap();
    server.await.unwrap();
}

#[test]
#[ignore = "takes seconds: see the first lines"]
fn both_ways_at_once_on_two_threads() {
    fn push(socket: blocking::WebSocket<std::net::TcpStream>) {
        let (sender, mut receiver) = socket.split().unwrap();
        let sending = thread::spawn(move || {
            for number in 0..GIB / PART {
                sender.send(vec![byte_at(number * PART); PART as usize]).unwrap();
            }
            sender
        });
        let mut received = 0;
        while received < GIB {
            let message = receiver.recv().unwrap().unwrap();
            check(received, message.as_bytes());
            received += message.len() as u64;
        }
        let sender = sending.join().unwrap();
        assert!(receiver.close(CloseCode::NORMAL, "").unwrap().was_clean());
        drop(sender);
    }

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let start = begin();
    let server =
        thread::spawn(move || push(blocking::accept(listener.accept().unwrap().0).unwrap()));
    push(blocking::connect(&url).unwrap());
    server.join().unwrap();
    end(start, "1 GiB each way at once, blocking");
}
