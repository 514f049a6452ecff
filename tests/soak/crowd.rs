//! Thousands of connections at once that talk, pause, and end in every way: what was acknowledged
//! arrived once, and in order.

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
use crate::script::{Ending, SEED, Script};
use crate::world::{LONG, affordable, soak};
use support::masked;

const WANTED: usize = 2000;

#[test]
#[ignore = "takes a minute: see the first lines of main.rs"]
fn two_thousand_connections() {
    let count = affordable(WANTED);
    println!("seed {SEED:#x}");
    soak("a crowd", crowd(count / 10), crowd(count));
}

async fn crowd(count: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(server(listener, count));
    // All are open before the first says a word.
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

/// What the server knows of a connection: how many messages came, and how it ended.
type Served = (usize, Result<(), Error>);

fn compare(acknowledged: &BTreeMap<usize, usize>, served: &BTreeMap<usize, Served>) {
    let mut told: BTreeMap<Ending, [usize; 4]> = BTreeMap::new();
    for (number, (received, end)) in served {
        let (acknowledged, script) = (acknowledged[number], Script::new(*number));
        let (said, ending) = (script.messages.len(), script.ending);
        let what = format!(
            "{number}: {said} messages, {received} received, {acknowledged} acknowledged, {ending:?}, {end:?}"
        );
        assert!(acknowledged <= *received && *received <= said, "{what}");
        match ending {
            Ending::Clean | Ending::CleanHalf => {
                assert!(acknowledged == said && end.is_ok(), "{what}")
            }
            Ending::Half => {
                assert!(acknowledged == said && matches!(end, Err(Error::ConnectionLost)), "{what}")
            }
            Ending::Reset | Ending::Unread => {
                assert!(matches!(end, Err(Error::ConnectionLost)), "{what}")
            }
        }
        let sums = told.entry(ending).or_default();
        for (sum, one) in sums.iter_mut().zip([1, said, *received, acknowledged]) {
            *sum += one;
        }
    }
    for (ending, [count, said, received, acknowledged]) in told {
        println!(
            "  {ending:?}: {count} connections, {said} messages, {received} received, {acknowledged} acknowledged"
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

/// Gives how many echoes came, each of which was the next.
async fn client(number: usize, address: SocketAddr, gate: &Barrier) -> usize {
    let script = Script::new(number);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    frames::open(&mut stream, &format!("/{number}")).await.unwrap();
    gate.wait().await;
    let acknowledged = AtomicUsize::new(0);
    let (reader, mut writer) = stream.split();
    // Of those that leave the last one unread, that is left to the end.
    let now = script.messages.len() - usize::from(script.ending == Ending::Unread);
    let talking = async {
        for (sequence, planned) in script.messages[..now].iter().enumerate() {
            if let Some(pause) = planned.pause {
                tokio::time::sleep(pause).await;
            }
            writer.write_all(&script.frames(sequence)).await.unwrap();
        }
        if matches!(script.ending, Ending::Clean | Ending::CleanHalf) {
            writer.write_all(&masked(CLOSE, &NORMAL)).await.unwrap();
        }
        if matches!(script.ending, Ending::CleanHalf | Ending::Half) {
            writer.shutdown().await.unwrap();
        }
    };
    let hearing = hear(BufReader::new(reader), &script, &acknowledged);
    match script.ending {
        Ending::Clean | Ending::CleanHalf | Ending::Half => drop(tokio::join!(talking, hearing)),
        Ending::Reset | Ending::Unread => tokio::select! {
            () = hearing => panic!("the server ended it: {number}"),
            () = talking => {}
        },
    }
    match script.ending {
        Ending::Reset => {
            // Sometimes in the middle of a frame.
            if number % 2 == 0 {
                stream.write_all(&[0x82, 0xfe, 1, 0, 1, 2, 3, 4, 5]).await.unwrap();
            }
            stream.set_zero_linger().unwrap();
        }
        Ending::Unread => {
            stream.write_all(&script.frames(now)).await.unwrap();
            assert_ne!(stream.peek(&mut [0]).await.unwrap(), 0, "the server ended it: {number}");
        }
        _ => {}
    }
    acknowledged.into_inner()
}

/// Hears to the end of the stream.
async fn hear(mut reader: impl AsyncRead + Unpin, script: &Script, acknowledged: &AtomicUsize) {
    let mut closed = false;
    while let Some((first, payload)) = read_frame(&mut reader).await.unwrap() {
        assert!(!closed, "something after the Close");
        let sequence = acknowledged.load(Relaxed);
        match first {
            PING | PONG => {}
            CLOSE => {
                assert_eq!(payload, NORMAL);
                closed = true;
            }
            _ => {
                assert_eq!(first, if script.messages[sequence].text { 0x81 } else { 0x82 });
                assert!(payload == script.payload(sequence), "{sequence} comes back as it was");
                acknowledged.store(sequence + 1, Relaxed);
            }
        }
    }
    assert_eq!(closed, script.ending != Ending::Half);
}
