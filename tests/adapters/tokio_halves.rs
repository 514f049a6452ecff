//! Split sockets over tokio: many tasks send, one receives, and each half progresses alone.
#![cfg(feature = "tokio")]

use std::time::Duration;

use sansocket::runtime::{Receiver, Sender};
use sansocket::tokio::{Options, TokioClock, TokioStream, WebSocket};
use sansocket::{
    ClientRequest, CloseCode, Config, Connection, Error, Message, SendError, State, Timeouts,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};

type Halves = (
    Sender<TokioStream<DuplexStream>, TokioClock>,
    Receiver<TokioStream<DuplexStream>, TokioClock>,
);

fn socket(stream: DuplexStream, connection: Connection) -> WebSocket<DuplexStream> {
    WebSocket::from_parts(TokioStream(stream), TokioClock::new(), connection, Timeouts::default())
}

/// A split server and a client, joined by a pipe that holds `size` bytes.
fn pair(size: usize) -> (Halves, WebSocket<DuplexStream>) {
    let (server, client) = duplex(size);
    let server = socket(server, Connection::server(Config::new())).split();
    (server, socket(client, Connection::client(Config::new(), support::entropy())))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_senders_keep_their_order_while_the_peer_pings() {
    const TASKS: u32 = 8;
    const EACH: u32 = 10_000;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let socket = sansocket::tokio::accept(listener.accept().await.unwrap().0).await.unwrap();
        let (sender, mut receiver) = socket.split();
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let sender = sender.clone();
                tokio::spawn(async move {
                    for number in 0..EACH {
                        let filler = vec![task as u8; (number % 200) as usize];
                        let message =
                            [&task.to_be_bytes()[..], &number.to_be_bytes(), &filler].concat();
                        sender.send(message).await.unwrap();
                    }
                })
            })
            .collect();
        while receiver.recv().await.unwrap().is_some() {}
        for task in tasks {
            task.await.unwrap();
        }
    });

    let mut client = sansocket::tokio::connect(&format!("ws://{address}/")).await.unwrap();
    let mut next = [0; TASKS as usize];
    for received in 0..TASKS * EACH {
        let message = client.recv().await.unwrap().unwrap().into_bytes();
        let task = u32::from_be_bytes(message[..4].try_into().unwrap());
        let number = u32::from_be_bytes(message[4..8].try_into().unwrap());
        assert_eq!(number, next[task as usize], "task {task} in order");
        assert_eq!(&message[8..], vec![task as u8; (number % 200) as usize], "whole");
        next[task as usize] += 1;
        if received % 1000 == 0 {
            client.start_ping().await.unwrap();
        }
    }
    assert!(client.close(CloseCode::NORMAL, "").await.unwrap().was_clean());
    assert!(client.round_trip().is_some(), "pings were answered in between");
    server.await.unwrap();
}

#[tokio::test]
async fn connect_without_handshake_timeout_succeeds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let request = ClientRequest::new(&format!("ws://{}/", listener.local_addr().unwrap())).unwrap();
    let without_timeout =
        Options::new().timeouts(Timeouts { handshake: None, ..Timeouts::default() });
    let serving = async { sansocket::tokio::accept(listener.accept().await.unwrap().0).await };
    let (server, client) = tokio::join!(serving, without_timeout.connect(&request));
    let (mut server, (mut client, _)) = (server.unwrap(), client.unwrap());
    client.send("at last").await.unwrap();
    assert_eq!(server.recv().await.unwrap(), Some("at last".into()));
}

#[tokio::test]
async fn connect_with_almost_no_handshake_timeout_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let request = ClientRequest::new(&format!("ws://{}/", listener.local_addr().unwrap())).unwrap();
    let without_time = Options::new()
        .timeouts(Timeouts { handshake: Some(Duration::from_nanos(1)), ..Timeouts::default() });
    assert!(matches!(
        without_time.connect(&request).await,
        Err(Error::TimedOut(sansocket::TimedOut::Handshake))
    ));
}

#[tokio::test]
async fn connect_to_a_closed_port_is_an_error_with_the_address() {
    let error = sansocket::tokio::connect(&format!("ws://{}/", support::NOBODY)).await.unwrap_err();
    assert!(
        matches!(&error, Error::Connect(_)) && error.to_string().contains(support::NOBODY),
        "{error}"
    );
}

#[tokio::test]
async fn large_messages_in_both_directions_do_not_deadlock() {
    let ((sender, mut receiver), client) = pair(1000);
    let (other_sender, mut other_receiver) = client.split();
    let message = vec![7; 300_000];
    let send_all = async {
        for _ in 0..20 {
            sender.send(message.clone()).await.unwrap();
        }
    };
    let send_all_back = async {
        for _ in 0..20 {
            other_sender.send(message.clone()).await.unwrap();
        }
    };
    let receive_all = async {
        for _ in 0..20 {
            assert_eq!(receiver.recv().await.unwrap().unwrap().len(), 300_000);
        }
    };
    let receive_all_back = async {
        for _ in 0..20 {
            assert_eq!(other_receiver.recv().await.unwrap().unwrap().len(), 300_000);
        }
    };
    tokio::join!(send_all, send_all_back, receive_all, receive_all_back);
}

#[tokio::test(start_paused = true)]
async fn ping_returns_the_round_trip_while_the_receiver_waits() {
    let ((sender, mut receiver), mut client) = pair(1000);
    let receiving = tokio::spawn(async move { receiver.recv().await });
    let answering = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(30)).await;
        client.recv().await
    });
    assert_eq!(sender.ping().await.unwrap(), Duration::from_millis(30));
    assert!(sender.close(CloseCode::NORMAL, "").await.unwrap().was_clean());
    assert_eq!(answering.await.unwrap().unwrap(), None);
    assert_eq!(receiving.await.unwrap().unwrap(), None);
}

#[tokio::test]
async fn receiver_alone_answers_pings() {
    let (server, mut wire) = duplex(1000);
    let (_sender, mut receiver) = socket(server, Connection::server(Config::new())).split();
    let receiving = tokio::spawn(async move { receiver.recv().await });
    wire.write_all(&support::masked(0x89, b"?")).await.unwrap();
    let mut pong = [0; 3];
    wire.read_exact(&mut pong).await.unwrap();
    assert_eq!(pong[..], support::unmasked(0x8a, b"?"));
    drop(wire);
    assert!(matches!(receiving.await.unwrap(), Err(Error::ConnectionLost)));
}

#[tokio::test]
async fn close_of_either_half_ends_the_other() {
    let ((sender, mut receiver), mut client) = pair(1000);
    let peer = tokio::spawn(async move { (client.recv().await, client.closed().cloned()) });
    let receiving = tokio::spawn(async move { receiver.recv().await });
    let closed = sender.close(CloseCode::GOING_AWAY, "moved").await.unwrap();
    assert!(closed.was_clean());
    assert_eq!(receiving.await.unwrap().unwrap(), None);
    let (received, at_peer) = peer.await.unwrap();
    assert_eq!((received.unwrap(), at_peer.unwrap().reason()), (None, "moved"));
    assert!(matches!(sender.send("late").await, Err(Error::Send(SendError::NotOpen))));

    let ((sender, mut receiver), mut client) = pair(1000);
    let peer = tokio::spawn(async move { client.recv().await });
    assert!(receiver.close(CloseCode::NORMAL, "").await.unwrap().was_clean());
    assert_eq!((sender.state(), sender.closed().unwrap().code()), (State::Closed, 1000));
    assert_eq!(peer.await.unwrap().unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn unanswered_close_times_out() {
    let ((sender, _receiver), _client) = pair(1000);
    let closing = sender.close(CloseCode::NORMAL, "").await;
    assert!(matches!(closing, Err(Error::TimedOut(sansocket::TimedOut::Close))), "{closing:?}");
}

#[tokio::test(start_paused = true)]
async fn senders_time_out_when_the_peer_does_not_read() {
    let ((sender, _receiver), _client) = pair(1000);
    let send = |sender: Sender<_, _>| async move {
        for _ in 0..100 {
            sender.send(vec![0; 10_000]).await?;
        }
        Ok::<(), Error>(())
    };
    let (one, two) = tokio::join!(send(sender.clone()), send(sender.clone()));
    for sent in [one, two] {
        assert!(matches!(sent, Err(Error::TimedOut(sansocket::TimedOut::Write))), "{sent:?}");
    }
    assert!(
        sender.buffered_amount() < 64 * 1024 + 2 * 10_010,
        "the senders did not wait: {}",
        sender.buffered_amount()
    );
}

/// `Sender::ping` does not wait for a pong that no receiver will read.
#[tokio::test(start_paused = true)]
async fn ping_without_a_pong_ends_when_the_receiver_times_out() {
    let ((sender, mut receiver), _client) = pair(1000);
    let receiving = tokio::spawn(async move { receiver.recv().await });
    // Both have the same deadline.
    assert!(matches!(
        sender.ping().await,
        Err(Error::ConnectionLost | Error::TimedOut(sansocket::TimedOut::Pong))
    ));
    assert!(matches!(
        receiving.await.unwrap(),
        Err(Error::TimedOut(sansocket::TimedOut::KeepAlive))
    ));
}

/// A receiver that already waits observes the deadline of a Close frame that is queued.
#[tokio::test(start_paused = true)]
async fn close_that_cannot_be_written_ends_a_waiting_receiver_at_the_write_deadline() {
    let ((sender, mut receiver), _client) = pair(10);
    sender.feed(vec![0; 100]).await.unwrap();
    let begun = tokio::time::Instant::now();
    let receiving = tokio::spawn(async move { receiver.recv().await });
    tokio::task::yield_now().await;
    assert!(matches!(
        sender.close(CloseCode::NORMAL, "").await,
        Err(Error::TimedOut(sansocket::TimedOut::Close))
    ));
    receiving.await.unwrap().unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), 120);
}

/// `reserve` waits for room before it takes a message.
#[tokio::test]
async fn reserve_grants_room_until_the_connection_closes() {
    let ((sender, mut receiver), mut client) = pair(100);
    let _ = sender.reserve().await.unwrap();
    sender.reserve().await.unwrap().send("reserved").unwrap();
    let receiving = tokio::spawn(async move { receiver.recv().await.map(drop) });
    assert_eq!(client.recv().await.unwrap(), Some(Message::from("reserved")));
    client.close(CloseCode::NORMAL, "").await.unwrap();
    receiving.await.unwrap().unwrap();
    assert!(matches!(sender.reserve().await, Err(Error::Send(SendError::NotOpen))));
}

/// The next polled half writes the rest of a dropped `send`.
#[tokio::test]
async fn dropped_send_is_completed_by_the_receiver() {
    let ((sender, mut receiver), mut client) = pair(16);
    {
        let mut sending = Box::pin(sender.send("longer than the pipe can hold at once"));
        let waker = std::task::Waker::noop();
        assert!(sending.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
    }
    let receiving = tokio::spawn(async move { receiver.recv().await.map(drop) });
    assert_eq!(
        client.recv().await.unwrap().unwrap().as_text(),
        Some("longer than the pipe can hold at once")
    );
    client.abort();
    assert!(receiving.await.unwrap().is_err());
}

#[tokio::test]
async fn reunite_needs_both_halves_of_one_connection_and_no_other_sender() {
    let ((sender, receiver), mut client) = pair(1000);
    let other = sender.clone();
    let (receiver, sender) = receiver.reunite(sender).unwrap_err();
    drop(other);
    let mut server = receiver.reunite(sender).unwrap();
    server.send("whole again").await.unwrap();
    assert_eq!(client.recv().await.unwrap(), Some("whole again".into()));

    let ((sender, _), _) = pair(10);
    let ((_, receiver), _) = pair(10);
    assert!(receiver.reunite(sender).is_err());
}

#[tokio::test]
async fn reunite_after_an_abort_returns_the_halves() {
    let ((sender, receiver), _client) = pair(10);
    sender.abort();
    let (receiver, sender) = receiver.reunite(sender).unwrap_err();
    assert!(sender.send("x").await.is_err());
    drop(receiver);
}

#[test]
fn halves_and_send_futures_are_send() {
    fn assert_send<T: Send + 'static>() {}
    assert_send::<Sender<TokioStream<TcpStream>, TokioClock>>();
    assert_send::<Receiver<TokioStream<TcpStream>, TokioClock>>();
    fn assert_future<F: Future + Send>(_: F) {}
    let _ = |sender: Sender<TokioStream<TcpStream>, TokioClock>| {
        assert_future(async move { sender.send("x").await })
    };
}
