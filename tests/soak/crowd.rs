//! Thousands of concurrent connections that send, pause, and end in every way: every acknowledged
//! message arrived once and in order.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use sansocket::tokio::{Incoming, Options};
use sansocket::{Backpressure, Error, Timeouts};
use tokio::io::{AsyncRead, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::frames::{self, CLOSE, NORMAL, PING, PONG, read_frame};
use crate::script::{SEED, Script, Shutdown};
use crate::world::{LONG, affordable, soak};
use support::masked;

const CONNECTIONS: usize = 2000;

#[test]
#[ignore = "takes a minute: see the first lines of main.rs"]
fn two_thousand_connections_echo_every_acknowledged_message_once_and_in_order() {
    let count = affordable(CONNECTIONS);
    println!("seed {SEED:#x}");
    soak("a crowd", crowd(count / 10), crowd(count));
}

async fn crowd(count: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(server(listener, count));
    // All connections are open before the first message.
    let (gate, mut clients) = (Arc::new(Barrier::new(count)), JoinSet::new());
    for number in 0..count {
        let gate = gate.clone();
        clients.spawn(async move { (number, client(number, address, &gate).await) });
    }
    let mut acknowledged = BTreeMap::new();
    while let Some(client) = clients.join_next().await {
        let (number, count) = client.unwrap();
        acknowledged.insert(number, count);
    }
    let served = server.await.unwrap();
    assert_eq!(served.len(), count);
    compare(&acknowledged, &served);
}

/// The server's result for a connection: the number of received messages, and how it ended.
type Served = (usize, Result<(), Error>);

fn compare(acknowledged: &BTreeMap<usize, usize>, served: &BTreeMap<usize, Served>) {
    let mut totals: BTreeMap<Shutdown, [usize; 4]> = BTreeMap::new();
    for (number, (received, end)) in served {
        let (acknowledged, script) = (acknowledged[number], Script::new(*number));
        let (sent_count, ending) = (script.messages.len(), script.shutdown);
        let what = format!(
            "{number}: {sent_count} messages, {received} received, {acknowledged} acknowledged, {ending:?}, {end:?}"
        );
        assert!(acknowledged <= *received && *received <= sent_count, "{what}");
        match ending {
            Shutdown::Clean | Shutdown::CleanHalf => {
                assert!(acknowledged == sent_count && end.is_ok(), "{what}")
            }
            Shutdown::Half => {
                assert!(
                    acknowledged == sent_count && matches!(end, Err(Error::ConnectionLost)),
                    "{what}"
                )
            }
            Shutdown::Reset | Shutdown::Unread => {
                assert!(matches!(end, Err(Error::ConnectionLost)), "{what}")
            }
        }
        let sums = totals.entry(ending).or_default();
        for (sum, one) in sums.iter_mut().zip([1, sent_count, *received, acknowledged]) {
            *sum += one;
        }
    }
    for (ending, [count, sent_count, received, acknowledged]) in totals {
        println!(
            "  {ending:?}: {count} connections, {sent_count} messages, {received} received, {acknowledged} acknowledged"
        );
    }
}

async fn server(listener: TcpListener, count: usize) -> BTreeMap<usize, Served> {
    // The barrier keeps early connections silent for as long as the last ones take.
    let timeouts = Timeouts { handshake: Some(LONG), pong: Some(LONG), ..Timeouts::default() };
    let mut tasks = JoinSet::new();
    for cork in [false, true].into_iter().cycle().take(count) {
        let options = Options::new()
            .timeouts(timeouts)
            .backpressure(Backpressure { cork, ..Backpressure::default() });
        let stream = listener.accept().await.unwrap().0;
        stream.set_nodelay(true).unwrap();
        tasks.spawn(serve(stream, options));
    }
    let mut served = BTreeMap::new();
    while let Some(task) = tasks.join_next().await {
        let (number, one) = task.unwrap();
        assert!(served.insert(number, one).is_none());
    }
    served
}

async fn serve(stream: TcpStream, options: Options) -> (usize, Served) {
    let Incoming::Upgrade(upgrade) = options.receive_request(stream).await.unwrap() else {
        panic!("not a handshake")
    };
    let number = upgrade.request().path()[1..].parse().unwrap();
    let script = Script::new(number);
    let mut received = 0;
    let echo = async {
        let mut socket = upgrade.accept().await?;
        while let Some(message) = socket.recv().await? {
            assert_eq!(message.is_text(), script.messages[received].text, "{received} of {number}");
            assert!(message.as_bytes() == script.payload(received), "{received} of {number}");
            received += 1;
            socket.send(message).await?;
        }
        Ok(())
    };
    let end = echo.await;
    (number, (received, end))
}

/// Returns the number of echoes, which are received in order.
async fn client(number: usize, address: SocketAddr, gate: &Barrier) -> usize {
    let script = Script::new(number);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    frames::open(&mut stream, &format!("/{number}")).await.unwrap();
    gate.wait().await;
    let acknowledged = AtomicUsize::new(0);
    let (reader, mut writer) = stream.split();
    // Clients with `Shutdown::Unread` send their last message at the end.
    let now = script.messages.len() - usize::from(script.shutdown == Shutdown::Unread);
    let writing = async {
        for (sequence, planned) in script.messages[..now].iter().enumerate() {
            if let Some(pause) = planned.pause {
                tokio::time::sleep(pause).await;
            }
            writer.write_all(&script.frames(sequence)).await.unwrap();
        }
        if matches!(script.shutdown, Shutdown::Clean | Shutdown::CleanHalf) {
            writer.write_all(&masked(CLOSE, &NORMAL)).await.unwrap();
        }
        if matches!(script.shutdown, Shutdown::CleanHalf | Shutdown::Half) {
            writer.shutdown().await.unwrap();
        }
    };
    let reading = read_echoes(BufReader::new(reader), &script, &acknowledged);
    match script.shutdown {
        Shutdown::Clean | Shutdown::CleanHalf | Shutdown::Half => {
            tokio::join!(writing, reading);
        }
        Shutdown::Reset | Shutdown::Unread => tokio::select! {
            () = reading => panic!("the server ended it: {number}"),
            () = writing => {}
        },
    }
    match script.shutdown {
        Shutdown::Reset => {
            // Half of the clients reset in the middle of a frame.
            if number % 2 == 0 {
                stream.write_all(&[0x82, 0xfe, 1, 0, 1, 2, 3, 4, 5]).await.unwrap();
            }
            stream.set_zero_linger().unwrap();
        }
        Shutdown::Unread => {
            stream.write_all(&script.frames(now)).await.unwrap();
            assert_ne!(stream.peek(&mut [0]).await.unwrap(), 0, "the server ended it: {number}");
        }
        _ => {}
    }
    acknowledged.into_inner()
}

/// Reads frames until EOF and counts the echoes.
async fn read_echoes(
    mut reader: impl AsyncRead + Unpin,
    script: &Script,
    acknowledged: &AtomicUsize,
) {
    let mut closed = false;
    while let Some((first, payload)) = read_frame(&mut reader).await.unwrap() {
        assert!(!closed, "a frame after the Close");
        let sequence = acknowledged.load(Relaxed);
        match first {
            PING | PONG => {}
            CLOSE => {
                assert_eq!(payload, NORMAL);
                closed = true;
            }
            _ => {
                assert_eq!(first, if script.messages[sequence].text { 0x81 } else { 0x82 });
                assert!(payload == script.payload(sequence), "{sequence} differs from its echo");
                acknowledged.store(sequence + 1, Relaxed);
            }
        }
    }
    assert_eq!(closed, script.shutdown != Shutdown::Half);
}
