//! The halves of a blocking connection: no thread blocks another one for good, and every wait has a
//! deadline.
//!
//! Timeouts are tested with peers that do nothing at all, and bounds are far above them: they pass
//! on a machine of any speed.
#![cfg(feature = "testing")]

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use sansocket::blocking::{self, Receiver, Sender, Stream, WebSocket};
use sansocket::{
    Backpressure, ClientRequest, CloseCode, Config, Connection, Error, Message, Outgoing, Prepared,
    SendError, State, TimedOut, Timeouts, TrySendError,
};
use support::duplex::{DuplexStream, duplex};
use support::{masked, unmasked};

const SOON: Duration = Duration::from_millis(100);

/// Longer than anything here takes, and shorter than the default time for a write.
const LONG: Duration = Duration::from_secs(20);

fn open(stream: DuplexStream, timeouts: Timeouts) -> WebSocket<DuplexStream> {
    WebSocket::from_parts(stream, Connection::server(Config::new()), timeouts).unwrap()
}

/// A server in halves, and the client's side of its stream.
fn halves(
    timeouts: Timeouts,
) -> (Sender<DuplexStream>, Receiver<DuplexStream, DuplexStream>, DuplexStream) {
    let (stream, peer) = duplex();
    let (sender, receiver) = open(stream, timeouts).split().unwrap();
    (sender, receiver, peer)
}

fn client(peer: DuplexStream) -> WebSocket<DuplexStream> {
    WebSocket::from_parts(
        peer,
        Connection::client(Config::new(), support::entropy()),
        Timeouts::default(),
    )
    .unwrap()
}

/// Does something in a thread of its own; gives what will come of it, which must not take long.
fn go<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> impl FnOnce() -> T {
    let outcome = start(work);
    move || outcome.recv_timeout(LONG).expect("it takes too long")
}

fn start<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> mpsc::Receiver<T> {
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    outcome
}

/// Whether it is still running after a while.
fn is_running<T>(outcome: &mpsc::Receiver<T>) -> bool {
    matches!(outcome.recv_timeout(SOON), Err(mpsc::RecvTimeoutError::Timeout))
}

/// Starts a thread that sends more than the peer takes, and waits until it does.
fn stick(
    sender: &Sender<DuplexStream>,
    peer: &DuplexStream,
) -> impl FnOnce() -> Result<(), Error> + use<> {
    let [_, wire] = sender_wires(peer);
    wire.set_capacity(10);
    let stuck = sender.clone();
    let sending = go(move || stuck.send(vec![0; 1000]));
    while sender.buffered_amount() == 0 {
        thread::yield_now();
    }
    sending
}

/// Towards us, and towards the peer.
fn sender_wires(peer: &DuplexStream) -> [sansocket::testing::Wire; 2] {
    let [incoming, outgoing] = peer.wires();
    [outgoing, incoming]
}

// Closing.

/// A Close frame that waits behind a message has [`Timeouts::close`]: there is no write timeout.
fn impatient() -> Timeouts {
    Timeouts { close: Some(SOON), write: None, ..Timeouts::default() }
}

#[test]
fn a_close_does_not_wait_for_a_sender_that_is_stuck() {
    for receiving in [true, false] {
        let (sender, receiver, peer) = halves(impatient());
        let sending = stick(&sender, &peer);
        let mut receiver = Some(receiver);
        let receiving = receiving.then(|| {
            let mut receiver = receiver.take().unwrap();
            go(move || receiver.recv())
        });
        let closing = go(move || sender.close(CloseCode::NORMAL, ""));
        assert!(matches!(closing(), Err(Error::TimedOut(TimedOut::Close))));
        sending().unwrap_err();
        assert!(receiving.is_none_or(|receiving| receiving().is_err()));
    }
}

#[test]
fn the_receiver_s_end_does_not_wait_for_a_sender_that_is_stuck() {
    let (sender, mut receiver, mut peer) = halves(impatient());
    let sending = stick(&sender, &peer);
    peer.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
    assert_eq!(
        go(move || receiver.recv())().unwrap(),
        None,
        "both sides sent a Close, though ours can't be written"
    );
    sending().unwrap_err();

    let (sender, mut receiver, peer) = halves(impatient());
    let sending = stick(&sender, &peer);
    assert!(matches!(
        go(move || receiver.close(CloseCode::NORMAL, ""))(),
        Err(Error::TimedOut(TimedOut::Close))
    ));
    sending().unwrap_err();
}

/// The receiver is kept, and does nothing more.
#[test]
fn a_sender_that_is_stuck_ends_at_the_close_deadline_after_recv_had_the_error() {
    let (sender, mut receiver, mut peer) = halves(impatient());
    let sending = stick(&sender, &peer);
    peer.write_all(&masked(0x83, b"")).unwrap();
    let receiving = go(move || (receiver.recv(), receiver));
    let (received, _receiver) = receiving();
    assert!(matches!(received, Err(Error::Protocol(_))), "{received:?}");
    sending().unwrap_err();
}

#[test]
fn close_returns_when_the_close_frames_are_written() {
    let (sender, mut receiver, mut peer) =
        halves(Timeouts { close: Some(LONG), ..Timeouts::default() });
    let [_, wire] = sender_wires(&peer);
    wire.set_capacity(1);
    let receiving = go(move || receiver.recv());
    peer.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
    let closing = start(move || sender.close(CloseCode::NORMAL, ""));
    assert!(is_running(&closing), "the Close is not written");
    wire.set_capacity(100);
    let mut close = [0; 4];
    peer.read_exact(&mut close).unwrap();
    assert_eq!(close[..], unmasked(0x88, b"\x03\xe8"));
    drop(peer);
    assert!(closing.recv_timeout(LONG).unwrap().unwrap().was_clean());
    assert_eq!(receiving().unwrap(), None);
}

/// A peer that reads only after it has written all its messages.
#[test]
fn close_frame_is_written_while_the_peer_still_sends() {
    for (split, half_closed) in [(true, false), (false, false), (true, true), (false, true)] {
        let (stream, mut peer) = duplex();
        peer.set_capacity(1000);
        stream.set_capacity(10);
        let dead_ends = Arc::clone(&stream.dead_ends);
        let mut socket = open(stream, Timeouts { close: Some(LONG), ..Timeouts::default() });
        socket.feed(vec![7; 1000]).unwrap();
        let talking = go(move || {
            peer.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
            peer.write_all(&[0; 5000]).unwrap();
            if half_closed {
                peer.shutdown(Shutdown::Write).unwrap();
                // A half looks again and again whether the other has written; each time it tries
                // some times itself.
                while dead_ends.load(Ordering::Relaxed) < if split { 20 } else { 1 } {
                    thread::yield_now();
                }
            }
            let mut received = Vec::new();
            peer.read_to_end(&mut received).unwrap();
            received
        });
        if split {
            let (_sender, mut receiver) = socket.split().unwrap();
            assert_eq!(go(move || receiver.recv())().unwrap(), None);
        } else {
            assert_eq!(go(move || socket.recv())().unwrap(), None);
        }
        assert_eq!(talking(), [unmasked(0x82, &[7; 1000]), unmasked(0x88, b"\x03\xe8")].concat());
    }
}

/// `recv_timeout` writes a Close frame for no longer than its own timeout.
#[test]
fn unwritten_close_frame_does_not_extend_recv_timeout() {
    for (split, half_closed) in [(true, false), (false, false), (true, true), (false, true)] {
        let (stream, mut peer) = duplex();
        stream.set_capacity(0);
        let mut socket = open(stream, Timeouts { close: None, ..Timeouts::default() });
        peer.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
        if half_closed {
            peer.shutdown(Shutdown::Write).unwrap();
        }
        if split {
            let (_sender, mut receiver) = socket.split().unwrap();
            assert_eq!(go(move || receiver.recv_timeout(SOON))().unwrap(), None);
        } else {
            assert_eq!(go(move || socket.recv_timeout(SOON))().unwrap(), None);
        }
    }
}

/// A write deadline passes for the receiver too if the peer does not read.
#[test]
fn recv_reports_a_write_timeout() {
    for split in [true, false] {
        let (stream, _peer) = duplex();
        stream.set_capacity(0);
        let mut socket =
            open(stream, Timeouts { write: Some(Duration::from_millis(1)), ..Timeouts::default() });
        socket.feed("x").unwrap();
        let result = if split {
            let (_sender, mut receiver) = socket.split().unwrap();
            go(move || receiver.recv())()
        } else {
            go(move || socket.recv())()
        };
        assert!(matches!(result, Err(Error::TimedOut(TimedOut::Write))), "{result:?}");
    }
}

#[test]
fn a_client_that_does_not_read_the_answer_is_left_in_time() {
    let (stream, mut peer) = duplex();
    stream.set_capacity(0);
    peer.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        .unwrap();
    peer.write_all(
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    .unwrap();
    let options = blocking::Options::new()
        .timeouts(Timeouts { handshake: Some(SOON), ..Timeouts::default() });
    let accepted = go(move || options.accept(stream).map(drop))();
    assert!(matches!(accepted, Err(Error::TimedOut(TimedOut::Handshake))), "{accepted:?}");
}

#[test]
fn a_handshake_and_a_conversation_over_it() {
    let (stream, peer) = duplex();
    let serving = go(move || {
        let (sender, mut receiver) = blocking::accept(stream).unwrap().split().unwrap();
        sender.send(receiver.recv().unwrap().unwrap()).unwrap();
        receiver.recv()
    });
    let (mut socket, response) =
        blocking::connect_with_stream(peer, &ClientRequest::new("ws://test/").unwrap()).unwrap();
    assert_eq!(response.status(), 101);
    socket.send("hello").unwrap();
    assert_eq!(socket.recv().unwrap(), Some("hello".into()));
    assert!(socket.close(CloseCode::NORMAL, "").unwrap().was_clean());
    assert_eq!(serving().unwrap(), None);
}

// Sending.

#[test]
fn every_sender_that_waits_times_out_when_the_peer_does_not_read() {
    let (sender, receiver, peer) = halves(Timeouts { write: Some(SOON), ..Timeouts::default() });
    let [_, wire] = sender_wires(&peer);
    wire.set_capacity(1000);
    let sending: Vec<_> = (0..4)
        .map(|_| {
            let sender = sender.clone();
            go(move || (0..100).try_for_each(|_| sender.send(vec![0; 10_000])))
        })
        .collect();
    for sent in sending {
        let sent = sent();
        assert!(matches!(sent, Err(Error::TimedOut(TimedOut::Write))), "{sent:?}");
    }
    assert!(sender.buffered_amount() < 64 * 1024 + 10_010, "{}", sender.buffered_amount());
    assert_eq!((sender.state(), receiver.state()), (State::Open, State::Open));
}

#[test]
fn received_messages_are_returned_after_a_write_error() {
    for split in [true, false] {
        let (mut stream, mut peer) = duplex();
        stream.failure = Some(ErrorKind::Other);
        peer.write_all(&[masked(0x89, b"?"), masked(0x81, b"said before")].concat()).unwrap();
        let mut socket = open(stream, Timeouts::default());
        socket.feed("never written").unwrap();
        if split {
            let (sender, mut receiver) = socket.split().unwrap();
            assert!(
                matches!(sender.send("nor this"), Err(Error::Io(error)) if error.kind() == ErrorKind::Other)
            );
            assert_eq!(go(move || receiver.recv())().unwrap(), Some("said before".into()));
        } else {
            assert!(
                matches!(socket.flush(), Err(Error::Io(error)) if error.kind() == ErrorKind::Other)
            );
            assert_eq!(go(move || socket.recv())().unwrap(), Some("said before".into()));
        }
    }
}

/// Neither peer reads before it has to: each receives while it writes.
#[test]
fn peers_that_send_large_messages_to_each_other_do_not_deadlock() {
    let (stream, peer) = duplex();
    stream.set_capacity(4000);
    peer.set_capacity(4000);
    let patient = Backpressure { high_water_mark: 1 << 20, ..Backpressure::default() };
    let talks: Vec<_> = [open(stream, Timeouts::default()), client(peer)]
        .into_iter()
        .map(|mut socket| {
            go(move || {
                socket.set_backpressure(patient);
                socket.feed(vec![7; 40_000]).unwrap();
                let received = socket.recv().unwrap();
                socket.flush().unwrap();
                (received, socket)
            })
        })
        .collect();
    let sockets: Vec<_> = talks.into_iter().map(|talk| talk()).collect();
    assert!(sockets.iter().all(|(received, _)| *received == Some(Message::from(vec![7; 40_000]))));
}

// Receiving.

#[test]
fn recv_timeout_of_the_receiver_loses_nothing() {
    let (sender, mut receiver, mut peer) = halves(Timeouts::default());
    let frame = masked(0x81, b"hello");
    peer.write_all(&frame[..4]).unwrap();
    assert!(matches!(receiver.recv_timeout(SOON), Err(Error::TimedOut(TimedOut::Receive))));
    peer.write_all(&frame[4..]).unwrap();
    assert_eq!(receiver.recv_timeout(LONG).unwrap(), Some("hello".into()));
    assert!(matches!(
        receiver.recv_timeout(Duration::ZERO),
        Err(Error::TimedOut(TimedOut::Receive))
    ));
    peer.write_all(&masked(0x81, b"at once")).unwrap();
    assert_eq!(
        receiver.recv_timeout(Duration::ZERO).unwrap(),
        Some("at once".into()),
        "what is there is taken"
    );

    // Nor does a sender that is stuck make it longer.
    let sending = stick(&sender, &peer);
    let begun = Instant::now();
    assert!(matches!(receiver.recv_timeout(SOON), Err(Error::TimedOut(TimedOut::Receive))));
    assert!(begun.elapsed() < LONG);
    drop((receiver, peer));
    sending().unwrap_err();
}

/// A peer that vanished is reported; one that answers, or is busy with a long message, is not.
#[test]
fn only_a_silent_peer_fails_with_a_keep_alive_timeout() {
    let (_sender, mut receiver, peer) =
        halves(Timeouts { ping: Some(SOON), pong: Some(SOON), ..Timeouts::default() });
    peer.wires().iter().for_each(sansocket::testing::Wire::blackhole);
    assert!(matches!(go(move || receiver.recv())(), Err(Error::TimedOut(TimedOut::KeepAlive))));

    for busy in [false, true] {
        let (_sender, mut receiver, mut peer) =
            halves(Timeouts { ping: Some(SOON), pong: Some(LONG), ..Timeouts::default() });
        let receiving = go(move || (receiver.recv(), receiver.round_trip()));
        let frame = masked(0x81, b"done");
        for number in 1..=3 {
            let mut ping = [0; 10];
            peer.read_exact(&mut ping).unwrap();
            assert_eq!(ping[..], unmasked(0x89, &u64::to_be_bytes(number)));
            let sign = if busy {
                frame[number as usize - 1..][..1].to_vec()
            } else {
                masked(0x8a, &ping[2..])
            };
            peer.write_all(&sign).unwrap();
        }
        peer.write_all(if busy { &frame[3..] } else { &frame }).unwrap();
        let (received, round_trip) = receiving();
        assert_eq!((received.unwrap(), round_trip.is_some()), (Some("done".into()), !busy));
    }
}

/// The handles of a split stream share its timeouts: none relies on a timeout that it has set.
#[test]
fn keep_alive_timeout_holds_for_halves_of_a_socket_that_was_used() {
    let (stream, mut peer) = duplex();
    let mut socket =
        open(stream, Timeouts { ping: Some(5 * SOON), pong: Some(SOON), ..Timeouts::default() });
    let frame = masked(0x81, b"hello");
    let talking = thread::spawn(move || {
        peer.write_all(&frame).unwrap();
        peer
    });
    assert_eq!(socket.recv().unwrap(), Some("hello".into()));
    let (_sender, mut receiver) = socket.split().unwrap();
    assert!(matches!(go(move || receiver.recv())(), Err(Error::TimedOut(TimedOut::KeepAlive))));
    drop(talking.join().unwrap());
}

// Between the halves.

#[test]
fn reunite_returns_the_socket() {
    let (sender, mut receiver, mut peer) = halves(Timeouts::default());
    peer.write_all(&[masked(0x81, b"one"), masked(0x81, b"two")].concat()).unwrap();
    assert_eq!(receiver.recv().unwrap(), Some("one".into()));
    sender.feed("fed").unwrap();
    let other = sender.clone();
    let (receiver, sender) = receiver.reunite(sender).unwrap_err();
    drop(other);
    let mut socket = receiver.reunite(sender).map_err(drop).unwrap();
    assert_eq!(
        socket.recv().unwrap(),
        Some("two".into()),
        "what was received before is still there"
    );
    socket.flush().unwrap();
    let mut fed = [0; 5];
    peer.read_exact(&mut fed).unwrap();
    assert_eq!(fed[..], unmasked(0x81, b"fed"), "and what was fed");

    let ((sender, _, _a), (_, receiver, _b)) =
        (halves(Timeouts::default()), halves(Timeouts::default()));
    assert!(receiver.reunite(sender).is_err());
}

#[test]
fn reunite_after_an_abort_returns_the_halves() {
    let (sender, receiver, _peer) = halves(Timeouts::default());
    sender.abort();
    let (receiver, sender) = receiver.reunite(sender).unwrap_err();
    assert!(sender.send("x").is_err());
    drop(receiver);
}

/// The settings of the halves go over to what they make.
#[test]
fn reunited_socket_keeps_settings_and_timeouts() {
    let (stream, mut peer) = duplex();
    let mut socket = open(stream, Timeouts { write: Some(LONG), ..Timeouts::default() });
    let small = Backpressure {
        high_water_mark: 100,
        hard_limit: 100,
        overflow: sansocket::Overflow::Fail,
        cork: false,
    };
    socket.set_backpressure(small);
    socket.feed("before").unwrap();
    socket.flush().unwrap();
    peer.read_exact(&mut [0; 8]).unwrap();
    let wire = peer.wires()[0].clone();
    wire.set_capacity(10);
    let (sender, receiver) = socket.split().unwrap();
    sender.try_send(vec![1; 200]).unwrap();
    let mut socket = receiver.reunite(sender).map_err(drop).unwrap();
    assert!(matches!(socket.try_send("x"), Err(TrySendError::Full(_))), "the bound is what it was");
    let flushing = start(move || socket.flush());
    assert!(is_running(&flushing));
    let mut received = vec![0; 204];
    peer.read_exact(&mut received).unwrap();
    flushing.recv_timeout(LONG).unwrap().unwrap();
    assert_eq!(received, unmasked(0x82, &[1; 200]));
}

/// A stream whose reader begins to close while it waits: the ping that was due then is not sent.
struct Leaving {
    sender: Arc<Mutex<Option<Sender<Self>>>>,
    written: Arc<Mutex<Vec<u8>>>,
}

/// After this time its ping is due.
const PING: Duration = Duration::from_millis(1);

impl Read for Leaving {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        let Some(sender) = self.sender.lock().unwrap().take() else { return Ok(0) };
        sender.start_close(CloseCode::GOING_AWAY, "").unwrap();
        // The read times out when the ping is due.
        thread::sleep(PING);
        Err(ErrorKind::WouldBlock.into())
    }
}

impl Write for Leaving {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Leaving {}

#[test]
fn a_sender_may_begin_to_close_when_a_ping_is_due() {
    let (cell, written) = (Arc::default(), Arc::default());
    let stream = || Leaving { sender: Arc::clone(&cell), written: Arc::clone(&written) };
    let timeouts = Timeouts { ping: Some(PING), close: None, ..Timeouts::default() };
    let socket =
        WebSocket::from_parts(stream(), Connection::server(Config::new()), timeouts).unwrap();
    let (sender, mut receiver) = socket.split_with_writer(stream(), || ()).unwrap();
    *cell.lock().unwrap() = Some(sender);
    assert!(matches!(receiver.recv(), Err(Error::ConnectionLost)));
    assert_eq!(*written.lock().unwrap(), unmasked(0x88, b"\x03\xe9"));
}

#[test]
fn ping_returns_the_round_trip_while_another_thread_receives() {
    let (sender, mut receiver, peer) = halves(Timeouts::default());
    let mut client = client(peer);
    let serving = go(move || receiver.recv().map(drop));
    let answering = go(move || (client.recv(), client.closed().is_some()));
    for _ in 0..3 {
        assert!(sender.ping().unwrap() < LONG);
    }
    assert!(sender.close(CloseCode::NORMAL, "").unwrap().was_clean());
    assert!(matches!(sender.ping(), Err(Error::Send(SendError::NotOpen))));
    serving().unwrap();
    assert_eq!((answering().0.unwrap(), sender.until_closed().unwrap().code()), (None, 1000));
}

/// Dropping the receiver ends the stream, although senders are kept; waits end.
#[test]
fn dropping_the_receiver_ends_the_stream() {
    let (sender, receiver, mut peer) = halves(Timeouts::default());
    let (other, third) = (sender.clone(), sender.clone());
    let (waiting, pinging) = (start(move || other.until_closed()), go(move || third.ping()));
    peer.read_exact(&mut [0; 10]).unwrap();
    assert!(is_running(&waiting));
    drop(receiver);
    assert!(matches!(pinging(), Err(Error::ConnectionLost)));
    for closed in
        [waiting.recv_timeout(LONG).unwrap().unwrap(), sender.close(CloseCode::NORMAL, "").unwrap()]
    {
        assert_eq!((closed.code(), closed.was_clean()), (1006, false));
    }
    assert!(matches!(sender.send("late"), Err(Error::Send(SendError::NotOpen))));
    assert_eq!(peer.read(&mut [0]).unwrap(), 0, "the end of the stream");
}

#[test]
fn dropping_the_receiver_writes_what_was_fed() {
    let (sender, receiver, mut peer) = halves(Timeouts::default());
    sender.feed("fed").unwrap();
    drop(receiver);
    let mut received = Vec::new();
    peer.read_to_end(&mut received).unwrap();
    assert_eq!(received, unmasked(0x81, b"fed"));
}

/// A connection that only sends has a thread that discards what arrives.
#[test]
fn until_closed_of_the_receiver_keeps_a_connection_that_only_sends() {
    let (sender, mut receiver, mut peer) = halves(Timeouts::default());
    let discarding = go(move || receiver.until_closed());
    peer.write_all(&masked(0x81, b"discarded")).unwrap();
    sender.send("one").unwrap();
    peer.read_exact(&mut [0; 5]).unwrap();
    peer.write_all(&masked(0x88, b"\x03\xe9")).unwrap();
    peer.read_exact(&mut [0; 4]).unwrap();
    drop(peer);
    assert_eq!(discarding().unwrap().code(), 1001);
    assert_eq!(sender.until_closed().unwrap().code(), 1001);
}

#[test]
fn until_closed_returns_at_the_end_of_the_connection() {
    for clean in [true, false] {
        let (sender, mut receiver, mut peer) = halves(Timeouts::default());
        let waiting = go(move || sender.until_closed());
        if clean {
            peer.write_all(&masked(0x88, b"\x03\xe9")).unwrap();
        }
        let leaving = go(move || {
            let _ = clean.then(|| peer.read_exact(&mut [0; 4]));
        });
        let received = receiver.recv();
        assert!(if clean {
            received.unwrap().is_none()
        } else {
            matches!(received, Err(Error::ConnectionLost))
        });
        assert_eq!(waiting().unwrap().code(), if clean { 1001 } else { 1006 });
        leaving();
    }
}

// The order of what is sent.

/// Where a stream writes to, while its own connection's sender is used again
/// during the write.
#[derive(Default)]
struct Meddling {
    sender: Mutex<Option<Sender<Meddler>>>,
    /// What is queued in the middle of the first write, and of the second …
    messages: Mutex<VecDeque<Vec<Outgoing>>>,
    written: Mutex<Vec<u8>>,
}

struct Meddler(Arc<Meddling>);

impl Read for Meddler {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Write for Meddler {
    /// Takes 100 bytes, and nothing for a while.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(messages) = self.0.messages.lock().unwrap().pop_front() else {
            self.0.written.lock().unwrap().extend(bytes);
            return Ok(bytes.len());
        };
        let sender = self.0.sender.lock().unwrap();
        for message in messages {
            sender.as_ref().unwrap().try_send(message).unwrap();
        }
        if self.0.messages.lock().unwrap().len() % 2 == 0 {
            return Err(ErrorKind::PermissionDenied.into());
        }
        self.0.written.lock().unwrap().extend(&bytes[..100]);
        Ok(100)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Meddler {}

/// A write that fails after a part leaves the rest, before all that was queued meanwhile: small and
/// large, prepared and not, in its order.
#[test]
fn messages_queued_during_a_write_are_written_after_it() {
    let sizes = [
        (1, 300),
        (3, 10),
        (4, 5000),
        (5, 10),
        (6, 6000),
        (2, 7000),
        (7, 4097),
        (8, 1),
        (9, 1),
        (10, 9000),
    ];
    let expected = sizes.map(|(byte, size)| unmasked(0x82, &vec![byte; size])).concat();
    // A bit of this for each message.
    for prepared in 0..1 << sizes.len() {
        let message = |byte: u8, size: usize| match prepared >> (byte - 1) & 1 {
            0 => Message::from(vec![byte; size]).into(),
            _ => Outgoing::from(Prepared::new(vec![byte; size])),
        };
        let meddling = Arc::new(Meddling::default());
        *meddling.messages.lock().unwrap() = VecDeque::from([
            vec![message(3, 10)],
            vec![message(4, 5000), message(5, 10), message(6, 6000)],
            vec![message(7, 4097), message(8, 1)],
            vec![message(9, 1), message(10, 9000)],
        ]);
        let stream = Meddler(Arc::clone(&meddling));
        let connection = Connection::server(Config::new());
        let socket = WebSocket::from_parts(stream, connection, Timeouts::default()).unwrap();
        let (sender, _receiver) =
            socket.split_with_writer(Meddler(Arc::clone(&meddling)), || ()).unwrap();
        *meddling.sender.lock().unwrap() = Some(sender.clone());

        assert!(matches!(sender.send(message(1, 300)), Err(Error::Io(_))));
        assert!(matches!(sender.send(message(2, 7000)), Err(Error::Io(_))));
        sender.flush().unwrap();
        assert!(*meddling.written.lock().unwrap() == expected, "prepared: {prepared:b}");
        assert_eq!(sender.stats().queued_messages, 0);
        meddling.sender.lock().unwrap().take();
    }
}

/// One half of a stream whose halves are separate, which records how it is shut down.
struct SeparateHalf {
    name: &'static str,
    input: io::Cursor<Vec<u8>>,
    shutdowns: Arc<Mutex<Vec<(&'static str, Shutdown)>>>,
}

impl Read for SeparateHalf {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }
}

impl Write for SeparateHalf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for SeparateHalf {
    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        self.shutdowns.lock().unwrap().push((self.name, how));
        Ok(())
    }
}

#[test]
fn the_write_half_that_is_shut_down_is_that_of_the_outgoing_stream() {
    let shutdowns = Arc::default();
    let half = |name, input| SeparateHalf {
        name,
        input: io::Cursor::new(input),
        shutdowns: Arc::clone(&shutdowns),
    };
    let reader = half("reader", masked(0x88, b"\x03\xe8"));
    let connection = Connection::server(Config::new());
    let socket = WebSocket::from_parts(reader, connection, Timeouts::default()).unwrap();
    let (_sender, mut receiver) =
        socket.split_with_writer(half("writer", Vec::new()), || ()).unwrap();
    assert!(matches!(receiver.recv(), Ok(None)));
    let writer = ("writer", Shutdown::Write);
    assert_eq!(
        *shutdowns.lock().unwrap(),
        [writer],
        "the end is known, and that of the stream not"
    );
    assert!(receiver.until_closed().unwrap().was_clean());
    assert_eq!(*shutdowns.lock().unwrap(), [writer, ("reader", Shutdown::Both)]);
}
