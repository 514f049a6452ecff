//! Slowloris: hundreds of clients that send a handshake or a frame byte by byte cost little memory,
//! do not delay another client, and time out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use sansocket::tokio::{Options, connect};
use sansocket::{CloseCode, Error, TimedOut, Timeouts};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::frames;
use crate::world::{SLACK, affordable, soak, until};
use support::allocator::process as heap;

/// Number of clients of each kind.
const CONNECTIONS: usize = 500;

/// Handshake timeout and idle timeout.
const LIMIT: Duration = Duration::from_secs(5);

/// Interval between a client's bytes: no request or frame is complete before the timeout.
const DRIP: Duration = Duration::from_millis(100);

/// Limit of heap bytes per connection, including its client, tasks and the runtime's share, though
/// a frame announces 16 MiB.
const EACH: usize = 8 * 1024;

#[test]
#[ignore = "takes some seconds: see the first lines of main.rs"]
fn slow_clients_time_out_cost_at_most_8_kib_and_delay_no_other_client() {
    let count = affordable(2 * CONNECTIONS) / 2;
    soak("slow clients", run_slow_clients(count / 10), run_slow_clients(count));
}

/// How a connection ended, and how long after it was accepted or opened.
type End = (Result<(), Error>, Duration);

async fn run_slow_clients(count: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let opened = Arc::new(AtomicUsize::new(0));
    let server = tokio::spawn(server(listener, 2 * count + 1, opened.clone()));
    let finished = Arc::new(AtomicBool::new(false));
    let good = tokio::spawn(good_client(address, finished.clone()));
    until("the good client", || opened.load(SeqCst) == 1).await;

    let before = heap::live();
    let mut slow = JoinSet::new();
    for number in 0..2 * count {
        slow.spawn(slow_client(address, number % 2 == 0));
    }
    until("all frames to be begun", || opened.load(SeqCst) == 1 + count).await;
    tokio::time::sleep(LIMIT / 2).await; // while the clients are sending
    let each = heap::live().saturating_sub(before) / (2 * count);
    slow.join_all().await;
    finished.store(true, SeqCst);
    let (echoes, longest) = good.await.unwrap();

    let mut outcomes = [0; 3];
    for (end, after) in server.await.unwrap() {
        let on_time = (LIMIT..LIMIT + SLACK).contains(&after);
        match end {
            Err(Error::TimedOut(TimedOut::Handshake)) if on_time => outcomes[0] += 1,
            Err(Error::TimedOut(TimedOut::Idle)) if on_time => outcomes[1] += 1,
            Ok(()) => outcomes[2] += 1,
            end => panic!("{end:?} after {after:?}"),
        }
    }
    assert_eq!(outcomes, [count, count, 1]);
    println!(
        "  {count} slow handshakes, {count} slow frames: {each} bytes each; {echoes} echoes meanwhile, the slowest {longest:?}"
    );
    assert!(each <= EACH, "{each} bytes each");
    assert!(longest < LIMIT, "an echo took {longest:?}");
}

async fn server(listener: TcpListener, count: usize, opened: Arc<AtomicUsize>) -> Vec<End> {
    let timeouts = Timeouts { handshake: Some(LIMIT), idle: Some(LIMIT), ..Timeouts::default() };
    let options = Options::new().timeouts(timeouts);
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let stream = listener.accept().await.unwrap().0;
        let (options, opened) = (options.clone(), opened.clone());
        tasks.spawn(async move {
            let mut since = Instant::now();
            let echo = async {
                let mut socket = options.accept(stream).await?;
                since = Instant::now();
                opened.fetch_add(1, SeqCst);
                while let Some(message) = socket.recv().await? {
                    socket.send(message).await?;
                }
                Ok(())
            };
            (echo.await, since.elapsed())
        });
    }
    tasks.join_all().await
}

/// Sends one byte at a time until the server closes the connection.
async fn slow_client(address: SocketAddr, handshake: bool) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let bytes = if handshake {
        frames::request("/").into_bytes()
    } else {
        frames::open(&mut stream, "/").await.unwrap();
        // A header that announces 16 MiB, a masking key, and some payload.
        stream.write_all(&[0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4]).await.unwrap();
        stream.write_all(&[7; 1024]).await.unwrap();
        vec![7; 1000]
    };
    for byte in bytes {
        if stream.write_all(&[byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(DRIP).await;
    }
    panic!("the server did not close the connection");
}

/// Sends messages until `finished`; returns the number of echoes and the longest round trip.
async fn good_client(address: SocketAddr, finished: Arc<AtomicBool>) -> (usize, Duration) {
    let mut socket = connect(&format!("ws://{address}/")).await.unwrap();
    let (mut echoes, mut longest) = (0, Duration::ZERO);
    while !finished.load(SeqCst) {
        let (text, sent) = (format!("number {echoes}"), Instant::now());
        socket.send(text.as_str()).await.unwrap();
        assert_eq!(socket.recv().await.unwrap(), Some(text.into()));
        longest = longest.max(sent.elapsed());
        echoes += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(socket.close(CloseCode::NORMAL, "").await.unwrap().was_clean());
    (echoes, longest)
}
