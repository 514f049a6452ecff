//! A gibibyte each way in constant memory: one streamed message, and both directions at once.
//!
//! The tests take some seconds and need optimised code, so they are ignored by default:
//! `cargo test --release --all-features --test soak gibibyte:: -- --ignored --test-threads 1 --nocapture`

use std::net::TcpListener;
use std::time::Instant;
use std::{fs, thread};

use sansocket::{CloseCode, Config, Event, Kind, blocking, tokio as ws};

const GIB: u64 = 1 << 30;
const CHUNK: u64 = 64 * 1024;

/// Limit of the resident memory above the start, in KiB.
const ALLOWED: u64 = 16 * 1024;

/// A line of `/proc/self/status`, in KiB.
fn resident(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Resets the peak of the resident memory.
fn begin() -> (u64, Instant) {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    (resident("VmRSS"), Instant::now())
}

fn end((start, begun): (u64, Instant), what: &str) {
    let above = resident("VmHWM").saturating_sub(start);
    println!("{what}: {:.1} s, at most {above} KiB above the start", begun.elapsed().as_secs_f64());
    assert!(above < ALLOWED, "{above} KiB above the start");
}

/// The byte at a position of the stream: each chunk is filled with its number.
fn byte_at(place: u64) -> u8 {
    (place / CHUNK) as u8
}

/// Checks received bytes from this position on.
fn check(place: u64, bytes: &[u8]) {
    let all = |range: &[u8], byte| range.iter().all(|&b| b == byte);
    let in_first = ((CHUNK - place % CHUNK) as usize).min(bytes.len());
    let (first, rest) = bytes.split_at(in_first);
    assert!(all(first, byte_at(place)), "at {place}");
    for (number, chunk) in rest.chunks(CHUNK as usize).enumerate() {
        assert!(all(chunk, byte_at(place + in_first as u64 + number as u64 * CHUNK)), "at {place}");
    }
}

fn receive_in_chunks() -> Config {
    Config::new().max_message_size(Config::UNLIMITED).receive_in_chunks(true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes seconds: see the first lines"]
async fn message_of_1_gib_is_echoed_in_chunks_in_16_mib() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let options = ws::Options::new().config(receive_in_chunks());
    let server = tokio::spawn({
        let options = options.clone();
        async move {
            let socket = options.accept(listener.accept().await.unwrap().0).await.unwrap();
            let (mut sender, mut receiver) = socket.split();
            let mut writer = sender.writer(Kind::Binary).await.unwrap();
            while let Some(Event::Chunk(chunk)) = receiver.recv_event().await.unwrap() {
                writer.write_chunk(chunk.bytes).await.unwrap();
                if chunk.last {
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
        for number in 0..GIB / CHUNK {
            writer.write_chunk(vec![byte_at(number * CHUNK); CHUNK as usize]).await.unwrap();
        }
        writer.finish().await.unwrap();
    });
    let mut received = 0;
    while let Some(Event::Chunk(chunk)) = receiver.recv_event().await.unwrap() {
        check(received, &chunk.bytes);
        received += chunk.bytes.len() as u64;
        if chunk.last {
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
fn one_gib_each_way_at_once_between_two_threads_takes_16_mib() {
    fn push<S: blocking::TryClone>(socket: blocking::WebSocket<S>) {
        let (sender, mut receiver) = socket.split().unwrap();
        let sending = thread::spawn(move || {
            for number in 0..GIB / CHUNK {
                sender.send(vec![byte_at(number * CHUNK); CHUNK as usize]).unwrap();
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
