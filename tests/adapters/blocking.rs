//! The blocking adapter on loopback sockets, socket pairs and scripted streams.
//!
//! Timeouts are tested with peers that do nothing at all: they pass on a machine of any speed.
#![cfg(feature = "std")]

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sansocket::blocking::{self, Incoming, Options, Stream, WebSocket};
use sansocket::timing::{TimedOut, Timeouts};
use sansocket::{
    AcceptOptions, ClientRequest, CloseCode, CloseOutcome, Config, Connection, Error, Event,
    HandshakeError, HttpResponse, Message, ProtocolError, RequestError, ResponseError, SendError,
    State,
};
use support::{NOBODY, masked, unmasked};

const REQUEST: &str = "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Starts a server for one connection; gives its address.
fn serve<T: Send + 'static>(
    work: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (address, thread::spawn(move || work(listener.accept().unwrap().0)))
}

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

fn impatient() -> Timeouts {
    let soon = Some(Duration::from_millis(50));
    Timeouts { handshake: soon, close: soon, write: soon, ..Timeouts::default() }
}

/// A server's connection on a stream, with the handshake behind it.
fn open<S: Stream>(stream: S, timeouts: Timeouts) -> WebSocket<S> {
    WebSocket::from_parts(stream, Connection::server(Config::new()), timeouts).unwrap()
}

#[test]
fn an_echo_and_a_clean_end() {
    let (address, server) = serve(|stream| {
        let mut socket = blocking::accept(stream).unwrap();
        assert!(socket.stream().nodelay().unwrap());
        while let Some(message) = socket.recv().unwrap() {
            socket.send(message).unwrap();
        }
        socket.closed().unwrap().clone()
    });
    let mut socket = blocking::connect(&format!("ws://{address}/path?query")).unwrap();
    let messages: [Message; 4] =
        ["text".into(), vec![0; 300_000].into(), "".into(), "é".repeat(40_000).into()];
    for message in messages {
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.recv().unwrap(), Some(message));
    }
    let closed = socket.close(CloseCode::NORMAL, "done").unwrap();
    assert_eq!((closed.code(), closed.was_clean(), socket.state()), (1000, true, State::Closed));
    assert_eq!(socket.recv().unwrap(), None, "and ever after");
    assert!(matches!(socket.send("late"), Err(Error::Send(SendError::NotOpen))));
    let closed = server.join().unwrap();
    assert_eq!((closed.code(), closed.reason()), (1000, "done"));
}

#[test]
fn a_request_is_seen_before_it_is_answered() {
    let (address, server) = serve(|stream| match Options::new().receive_request(stream).unwrap() {
        Incoming::Upgrade(upgrade) => {
            assert_eq!(
                (upgrade.request().path(), upgrade.request().query()),
                ("/chat", Some("room=1"))
            );
            assert_eq!(upgrade.request().headers().get("authorization"), Some("Bearer 1"));
            let accept =
                AcceptOptions::new().subprotocol("b").unwrap().header("X-Served-By", "me").unwrap();
            let socket = upgrade.accept_with(&accept).unwrap();
            assert_eq!(socket.subprotocol(), Some("b"));
        }
        Incoming::Http(plain) => panic!("{plain:?}"),
    });
    let request = ClientRequest::new(&format!("ws://{address}/chat?room=1")).unwrap();
    let request = request
        .subprotocol("a")
        .unwrap()
        .subprotocol("b")
        .unwrap()
        .header("Authorization", "Bearer 1")
        .unwrap();
    let (socket, response) = Options::new().connect(&request).unwrap();
    assert_eq!(
        (socket.subprotocol(), response.headers().get("x-served-by")),
        (Some("b"), Some("me"))
    );
    server.join().unwrap();
}

#[test]
fn a_rejection_reaches_the_client_whole() {
    let (address, server) = serve(|stream| match Options::new().receive_request(stream).unwrap() {
        Incoming::Upgrade(upgrade) => {
            upgrade
                .reject(
                    &HttpResponse::new(403).unwrap().header("X-Why", "no").unwrap().body("not you"),
                )
                .unwrap();
        }
        Incoming::Http(plain) => panic!("{plain:?}"),
    });
    let error = blocking::connect(&format!("ws://{address}/")).unwrap_err();
    let Error::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(response))) =
        error
    else {
        panic!("{error:?}")
    };
    assert_eq!((response.status(), &response.body()[..]), (403, &b"not you"[..]));
    assert_eq!(response.headers().get("X-Why"), Some("no"));
    server.join().unwrap();
}

#[test]
fn plain_http_request_gets_426() {
    let (address, server) = serve(|stream| blocking::accept(stream).unwrap_err());
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{response}");
    drop(client);
    assert!(matches!(
        server.join().unwrap(),
        Error::Handshake(HandshakeError::Request(RequestError::NotWebSocket))
    ));
}

#[test]
fn a_plain_request_can_be_answered_or_handed_on() {
    for hand_on in [false, true] {
        let (address, server) =
            serve(move |stream| match Options::new().receive_request(stream).unwrap() {
                Incoming::Http(plain) if hand_on => {
                    let (mut stream, received) = plain.into_parts();
                    stream.write_all(&received).unwrap();
                }
                Incoming::Http(plain) => {
                    plain.reply(&HttpResponse::new(200).unwrap().body("healthy")).unwrap()
                }
                Incoming::Upgrade(upgrade) => panic!("{upgrade:?}"),
            });
        let mut client = TcpStream::connect(address).unwrap();
        let request = "POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
        client.write_all(request.as_bytes()).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let mut response = String::new();
        client.read_to_string(&mut response).unwrap();
        if hand_on {
            assert!(
                request.starts_with(&response) && response.len() >= request.len() - 4,
                "{response}"
            );
        } else {
            assert!(
                response.starts_with("HTTP/1.1 200 OK\r\n")
                    && response.ends_with("\r\n\r\nhealthy"),
                "{response}"
            );
        }
        drop(client);
        server.join().unwrap();
    }
}

#[test]
fn a_bad_handshake_is_answered() {
    for (request, status) in [
        (REQUEST.replace("13", "8"), "426"),
        (REQUEST.replace("GET", "POST"), "405"),
        (REQUEST.replace("HTTP/1.1", "HTTP/1.0"), "505"),
        (REQUEST.replace("/x", &format!("/{}", "x".repeat(1 << 20))), "431"),
        ("\x16\x03\x01 not HTTP at all\r\n\r\n".into(), "400"),
    ] {
        let (address, server) = serve(|stream| blocking::accept(stream).map(drop));
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        client.read_to_string(&mut response).unwrap();
        assert_eq!(response.split(' ').nth(1), Some(status), "{response}");
        drop(client);
        assert!(matches!(server.join().unwrap(), Err(Error::Handshake(_))));
    }
}

#[test]
fn addresses_that_lead_nowhere() {
    assert!(matches!(blocking::connect("http://127.0.0.1/"), Err(Error::Uri(_))));
    assert!(matches!(blocking::connect(&format!("ws://{NOBODY}/")), Err(Error::Connect(_))));
}

/// 1009 must arrive although the peer is still sending: a stream that is closed too soon is reset,
/// and the Close is lost. `until_closed` reads to the end of the stream.
#[test]
fn a_refused_message_is_answered_while_it_is_still_sent() {
    let (address, server) = serve(|stream| {
        let mut socket =
            Options::new().config(Config::new().max_message_size(1000)).accept(stream).unwrap();
        let error = socket.recv().unwrap_err();
        socket.until_closed().unwrap();
        error
    });
    let mut socket = blocking::connect(&format!("ws://{address}/")).unwrap();
    socket.send(vec![0; 8 << 20]).unwrap();
    assert_eq!(socket.recv().unwrap(), None);
    assert_eq!(socket.closed().unwrap().code(), 1009);
    assert!(matches!(
        server.join().unwrap(),
        Error::Protocol(ProtocolError::MessageTooBig { limit: 1000 })
    ));
}

#[test]
fn eof_without_a_close_frame_is_connection_lost() {
    let (client, server) = pair();
    let mut socket = open(server, Timeouts::default());
    (&client).write_all(&masked(0x81, b"last message")).unwrap();
    (&client).write_all(&masked(0x81, b"half a message")[..9]).unwrap();
    drop(client);
    assert_eq!(socket.recv().unwrap(), Some("last message".into()));
    for _ in 0..2 {
        assert!(matches!(socket.recv(), Err(Error::ConnectionLost)));
    }
    assert_eq!(
        (socket.closed().unwrap().outcome(), socket.closed().unwrap().code()),
        (CloseOutcome::ConnectionLost, 1006)
    );
}

#[test]
fn an_aborted_connection_is_lost_for_the_peer() {
    let (client, server) = pair();
    open(server, Timeouts::default()).abort();
    let connection = Connection::client(Config::new(), support::entropy());
    let mut socket = WebSocket::from_parts(client, connection, Timeouts::default()).unwrap();
    assert!(matches!(socket.recv(), Err(Error::ConnectionLost)));
}

#[test]
fn received_messages_are_returned_after_a_failed_write() {
    let bytes = [masked(0x81, b"read me"), masked(0x88, b"\x03\xe9")].concat();
    let mut script = Script::new(vec![Step::Bytes(bytes)]);
    script.writes = VecDeque::from([Write_::Fail(ErrorKind::BrokenPipe)]);
    let mut socket = open(script, Timeouts::default());
    assert!(matches!(socket.send("lost"), Err(Error::ConnectionLost)));
    assert_eq!(socket.recv().unwrap(), Some("read me".into()));
    assert_eq!(socket.recv().unwrap(), None);
    assert_eq!(socket.closed().unwrap().code(), 1001);
}

#[test]
fn timeouts_of_each_phase() {
    // The opening handshake, from both sides, with a peer that says nothing, or not enough.
    let (mut client, server) = pair();
    client.write_all(&REQUEST.as_bytes()[..20]).unwrap();
    let options = Options::new().timeouts(impatient());
    assert!(matches!(options.accept(server), Err(Error::TimedOut(TimedOut::Handshake))));
    let (client, _server) = pair();
    let request = ClientRequest::new("ws://localhost/").unwrap();
    assert!(matches!(
        options.connect_with_stream(client, &request),
        Err(Error::TimedOut(TimedOut::Handshake))
    ));

    // The closing handshake.
    let (_client, server) = pair();
    let mut socket = open(server, impatient());
    assert!(matches!(socket.close(CloseCode::NORMAL, ""), Err(Error::TimedOut(TimedOut::Close))));
    let (mut client, server) = pair();
    let mut socket = open(server, impatient());
    client.write_all(&masked(0x88, b"")).unwrap();
    assert_eq!(
        socket.recv().unwrap(),
        None,
        "a peer that sent a Close and keeps its socket open is not waited for"
    );
}

/// Who comes late finds what came in time, and the time does not begin anew.
#[test]
fn messages_before_the_close_frame_are_received_after_the_close_deadline() {
    let (mut client, server) = pair();
    let mut socket =
        open(server, Timeouts { close: Some(Duration::from_nanos(1)), ..Timeouts::default() });
    client
        .write_all(
            &[masked(0x81, b"one"), masked(0x81, b"two"), masked(0x88, b"\x03\xe8")].concat(),
        )
        .unwrap();
    let _ = socket.start_close(CloseCode::NORMAL, "");
    assert_eq!(socket.recv().unwrap(), Some("one".into()));
    assert_eq!(socket.recv().unwrap(), Some("two".into()));
    assert_eq!(socket.recv().unwrap(), None);
    assert!(socket.closed().unwrap().was_clean());
}

#[test]
fn every_final_error_is_an_end() {
    let (_client, server) = pair();
    let mut socket = open(server, impatient());
    assert!(matches!(socket.close(CloseCode::NORMAL, ""), Err(Error::TimedOut(TimedOut::Close))));
    let closed = socket.closed().unwrap();
    assert_eq!((closed.code(), closed.outcome()), (1006, CloseOutcome::ConnectionLost));
    assert_eq!(closed.to_string(), "1006 \"\", lost, begun by us");

    let mut socket =
        open(Script::new(vec![Step::Fail(ErrorKind::PermissionDenied)]), Timeouts::default());
    socket.recv().unwrap_err();
    assert_eq!(socket.state(), State::Closed);
    let mut socket = open(
        Script::new(vec![Step::Fail(ErrorKind::WouldBlock)]),
        Timeouts { ping: None, ..Timeouts::default() },
    );
    assert!(
        matches!(socket.recv(), Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock)
    );
    assert_eq!(socket.state(), State::Open, "a stream that has nothing yet is not broken");
}

/// The peer sent a Close and keeps its socket: that takes the time for closing, but not the time
/// of who waits for less.
#[test]
fn recv_timeout_is_not_extended_by_a_peer_that_keeps_its_socket_open() {
    let (mut client, server) = pair();
    let mut socket = open(server, Timeouts { close: None, ..Timeouts::default() });
    client.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
    assert_eq!(socket.recv_timeout(Duration::from_millis(50)).unwrap(), None);
}

#[test]
fn pings_and_pongs_can_be_seen_and_answered() {
    let config = Config::new().auto_pong(false);
    let script = Script::new(vec![Step::Bytes([masked(0x89, b"?"), masked(0x8a, b"!")].concat())]);
    let mut socket =
        WebSocket::from_parts(script, Connection::server(config), Timeouts::default()).unwrap();
    assert_eq!(socket.recv_event().unwrap(), Some(Event::Ping("?".into())));
    socket.pong("?").unwrap();
    assert_eq!(socket.recv_event().unwrap(), Some(Event::Pong("!".into())));
    assert_eq!(socket.stream().written, unmasked(0x8a, b"?"));
}

#[test]
fn a_refusal_without_an_end_is_reported_as_what_it_is() {
    let (client, mut server) = pair();
    server.write_all(b"HTTP/1.1 503 Busy\r\n\r\ncome back la").unwrap();
    let options = Options::new().timeouts(impatient());
    let error = options
        .connect_with_stream(client, &ClientRequest::new("ws://localhost/").unwrap())
        .unwrap_err();
    let Error::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(response))) =
        error
    else {
        panic!("{error:?}")
    };
    assert_eq!((response.status(), &response.body()[..]), (503, &b"come back la"[..]));
}

#[test]
fn receiving_for_a_while_loses_nothing() {
    let (mut client, server) = pair();
    let mut socket = open(server, Timeouts::default());
    let frame = masked(0x81, b"in two halves");
    let soon = Duration::from_millis(20);
    for half in [&frame[..9], &frame[9..]] {
        assert!(matches!(socket.recv_timeout(soon), Err(Error::TimedOut(TimedOut::Receive))));
        client.write_all(half).unwrap();
    }
    assert_eq!(socket.recv_timeout(Duration::from_secs(60)).unwrap(), Some("in two halves".into()));
    assert!(matches!(socket.recv_timeout(Duration::ZERO), Err(Error::TimedOut(TimedOut::Receive))));
}

#[test]
fn only_a_silent_peer_fails_with_a_keep_alive_timeout() {
    let soon = Some(Duration::from_millis(20));
    let timeouts = Timeouts { ping: soon, pong: soon, ..Timeouts::default() };
    let (mut client, server) = pair();
    let mut socket = open(server, timeouts);
    assert!(matches!(socket.recv(), Err(Error::TimedOut(TimedOut::KeepAlive))));
    let mut ping = [0; 10];
    client.read_exact(&mut ping).unwrap();
    assert_eq!(ping[..2], [0x89, 8]);
    assert!(matches!(socket.recv(), Err(Error::ConnectionLost)), "it was given up");

    // What lies in the stream is a sign of life, however late it is read.
    let (mut client, server) = pair();
    let at_once = Some(Duration::ZERO);
    let mut socket = open(server, Timeouts { ping: at_once, pong: at_once, ..Timeouts::default() });
    socket.start_ping().unwrap();
    client.read_exact(&mut ping).unwrap();
    client.write_all(&masked(0x8a, &ping[2..])).unwrap();
    client.write_all(&masked(0x81, b"here")).unwrap();
    assert_eq!(socket.recv().unwrap(), Some("here".into()));
    assert!(socket.round_trip().is_some());
}

#[test]
fn a_connection_without_messages_is_idle_however_alive() {
    let soon = Some(Duration::from_millis(30));
    let (client, server) = pair();
    let mut socket = open(server, Timeouts { idle: soon, ..Timeouts::default() });
    assert!(matches!(socket.recv(), Err(Error::TimedOut(TimedOut::Idle))));
    (&client).write_all(&masked(0x81, b"late")).unwrap();
    assert_eq!(socket.recv().unwrap(), Some("late".into()), "nothing is broken");
}

#[test]
fn pings_do_not_extend_recv_timeout() {
    let pings = (0..1_000_000).map(|_| Step::Bytes(masked(0x89, b""))).collect();
    let mut socket = open(Script::new(pings), Timeouts::default());
    let received = socket.recv_timeout(Duration::ZERO);
    assert!(matches!(received, Err(Error::TimedOut(TimedOut::Receive))), "{received:?}");
}

#[test]
fn a_peer_that_does_not_read_makes_writes_time_out_and_loses_nothing() {
    let (mut client, server) = pair();
    let mut socket = open(server, impatient());
    let mut sent = 0;
    let error = loop {
        sent += 1;
        if let Err(error) = socket.send(vec![sent as u8; 100_000]) {
            break error;
        }
    };
    assert!(matches!(error, Error::TimedOut(TimedOut::Write)), "{error:?}");
    let reader = thread::spawn(move || {
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        received
    });
    // What did not fit is still there, and goes now that the peer reads.
    let (stream, mut connection) = socket.into_parts();
    let rest = support::drain(&mut connection);
    (&stream).write_all(&rest).unwrap();
    drop(stream);
    let expected: Vec<u8> =
        (1..=sent).flat_map(|n| unmasked(0x82, &vec![n as u8; 100_000])).collect();
    assert!(reader.join().unwrap() == expected);
}

#[test]
fn from_parts_continues_a_detached_connection() {
    let (mut client, server) = pair();
    let mut socket = open(server, Timeouts::default());
    client
        .write_all(
            &[masked(0x81, b"one"), masked(0x81, b"two"), masked(0x81, b"three")[..5].to_vec()]
                .concat(),
        )
        .unwrap();
    assert_eq!(socket.recv().unwrap(), Some("one".into()));
    socket.feed("fed").unwrap();
    let (stream, connection) = socket.into_parts();
    let mut socket = WebSocket::from_parts(stream, connection, Timeouts::default()).unwrap();
    assert_eq!(socket.recv().unwrap(), Some("two".into()));
    client.write_all(&masked(0x81, b"three")[5..]).unwrap();
    assert_eq!(socket.recv().unwrap(), Some("three".into()));
    drop(socket);
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert_eq!(received, unmasked(0x81, b"fed"));
}

#[cfg(unix)]
#[test]
fn unix_sockets_do_too() {
    let (client, server) = std::os::unix::net::UnixStream::pair().unwrap();
    let server = thread::spawn(move || {
        let (sender, mut receiver) = blocking::accept(server).unwrap().split().unwrap();
        let message = receiver.recv().unwrap().unwrap();
        sender.send(message).unwrap();
        receiver.recv().unwrap()
    });
    let (mut socket, _) =
        blocking::connect_with_stream(client, &ClientRequest::new("ws://localhost/").unwrap())
            .unwrap();
    socket.send("over a pipe").unwrap();
    assert_eq!(socket.recv().unwrap(), Some("over a pipe".into()));
    socket.start_close(CloseCode::GOING_AWAY, "").unwrap();
    assert_eq!(socket.recv().unwrap(), None);
    assert_eq!(server.join().unwrap(), None);
}

/// A stream that reads and writes by a script.
struct Script {
    reads: VecDeque<Step>,
    writes: VecDeque<Write_>,
    written: Vec<u8>,
    calls: usize,
}

enum Step {
    Bytes(Vec<u8>),
    Fail(ErrorKind),
}

enum Write_ {
    AtMost(usize),
    Fail(ErrorKind),
}

impl Script {
    fn new(reads: Vec<Step>) -> Self {
        Self { reads: reads.into(), writes: VecDeque::new(), written: Vec::new(), calls: 0 }
    }
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.reads.pop_front() {
            None => Ok(0),
            Some(Step::Fail(kind)) => Err(kind.into()),
            Some(Step::Bytes(bytes)) => {
                let len = bytes.len().min(buffer.len());
                buffer[..len].copy_from_slice(&bytes[..len]);
                if len < bytes.len() {
                    self.reads.push_front(Step::Bytes(bytes[len..].to_vec()));
                }
                Ok(len)
            }
        }
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        let len = match self.writes.pop_front() {
            Some(Write_::Fail(kind)) => return Err(kind.into()),
            Some(Write_::AtMost(len)) => len.min(bytes.len()),
            None => bytes.len(),
        };
        self.written.extend(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Script {}

#[test]
fn interrupted_and_short_reads_and_writes_change_nothing() {
    let bytes = [masked(0x89, b"?"), masked(0x81, b"hello"), masked(0x88, b"\x03\xe8")].concat();
    let reads = bytes
        .iter()
        .flat_map(|byte| [Step::Fail(ErrorKind::Interrupted), Step::Bytes(vec![*byte])]);
    let mut script = Script::new(reads.collect());
    script.writes =
        (0..40).flat_map(|_| [Write_::Fail(ErrorKind::Interrupted), Write_::AtMost(1)]).collect();
    let mut socket = open(script, Timeouts::default());
    while let Some(message) = socket.recv().unwrap() {
        socket.send(message).unwrap();
    }
    let expected =
        [unmasked(0x8a, b"?"), unmasked(0x81, b"hello"), unmasked(0x88, b"\x03\xe8")].concat();
    assert_eq!(socket.stream().written, expected);
}

/// Batching: what came in one read is answered in one write, and a pong goes before a message is
/// handed over.
#[test]
fn fed_messages_leave_in_one_write() {
    let bytes = masked(0x81, b"x").repeat(16);
    let mut socket = open(Script::new(vec![Step::Bytes(bytes)]), Timeouts::default());
    for _ in 0..16 {
        let message = socket.recv().unwrap().unwrap();
        socket.feed(message).unwrap();
    }
    assert_eq!(socket.stream().calls, 0);
    assert!(matches!(socket.recv(), Err(Error::ConnectionLost)));
    assert_eq!(
        (socket.stream().calls, &socket.stream().written),
        (1, &unmasked(0x81, b"x").repeat(16))
    );

    let bytes = [masked(0x89, b"?"), masked(0x81, b"x")].concat();
    let mut socket = open(Script::new(vec![Step::Bytes(bytes)]), Timeouts::default());
    socket.recv().unwrap();
    assert_eq!(socket.stream().written, unmasked(0x8a, b"?"));
}

#[test]
fn above_the_high_water_mark_feed_writes_first() {
    let mut socket = open(Script::new(vec![]), Timeouts::default());
    socket.feed(vec![0; 260_000]).unwrap();
    assert_eq!(socket.stream().calls, 0);
    socket.feed(vec![0; 6_000]).unwrap();
    assert_eq!(socket.stream().calls, 0);
    socket.feed("x").unwrap();
    assert!(socket.buffered_amount() < 256 * 1024);
    assert_eq!(socket.stream().calls, 1);
}

/// A stream that holds back what was written, and fails to pass it on.
struct Holding {
    failures: Vec<ErrorKind>,
    passed_on: bool,
}

impl Read for Holding {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Write for Holding {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.passed_on = false;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.failures.pop() {
            Some(kind) => Err(kind.into()),
            None => {
                self.passed_on = true;
                Ok(())
            }
        }
    }
}

impl Stream for Holding {}

#[test]
fn what_a_stream_holds_back_is_passed_on_in_the_end() {
    let mut socket = open(
        Holding { failures: vec![ErrorKind::Interrupted], passed_on: false },
        Timeouts::default(),
    );
    socket.send("x").unwrap();
    assert!(socket.stream().passed_on);
    let mut socket = open(
        Holding { failures: vec![ErrorKind::WouldBlock; 9], passed_on: false },
        Timeouts::default(),
    );
    let error = socket.send("x").unwrap_err();
    assert!(error.to_string().contains("does not block"), "{error}");
    socket.flush().unwrap();
    assert!(socket.stream().passed_on);
    let mut socket = open(
        Holding { failures: vec![ErrorKind::BrokenPipe], passed_on: false },
        Timeouts::default(),
    );
    assert!(matches!(socket.send("x"), Err(Error::ConnectionLost)));
}

/// Systems count a timeout in ticks, and may end a wait some of them early.
#[test]
fn waits_that_end_early_a_few_times_are_repeated() {
    let early = || [ErrorKind::WouldBlock, ErrorKind::TimedOut, ErrorKind::WouldBlock];
    let mut reads: Vec<_> = early().into_iter().map(Step::Fail).collect();
    reads.push(Step::Bytes(masked(0x81, b"x")));
    let mut script = Script::new(reads);
    script.writes = early().into_iter().map(Write_::Fail).collect();
    let mut socket = open(script, Timeouts::default());
    socket.send("y").unwrap();
    assert_eq!(socket.recv_timeout(Duration::from_secs(3600)).unwrap(), Some("x".into()));
    assert_eq!(socket.stream().written, unmasked(0x81, b"y"));
}

#[test]
fn stream_that_never_waits_is_an_error_after_a_few_calls() {
    let reads = (0..1000).map(|_| Step::Fail(ErrorKind::WouldBlock));
    let mut socket = open(Script::new(reads.collect()), Timeouts::default());
    let error = socket.recv_timeout(Duration::from_secs(3600)).unwrap_err();
    assert!(error.to_string().contains("does not block"), "{error}");
    assert!(socket.stream().reads.len() > 980);
}

#[test]
fn a_socket_that_does_not_block_is_made_to() {
    let (client, server) = pair();
    server.set_nonblocking(true).unwrap();
    let mut socket = open(server, Timeouts::default());
    assert!(matches!(
        socket.recv_timeout(Duration::from_millis(20)),
        Err(Error::TimedOut(TimedOut::Receive))
    ));
    (&client).write_all(&masked(0x81, b"x")).unwrap();
    assert_eq!(socket.recv().unwrap(), Some("x".into()));
}

#[test]
fn the_stream_is_given_back_as_it_was() {
    let (_client, server) = pair();
    let mut socket = open(server, impatient());
    let _ = socket.recv_timeout(Duration::from_millis(5));
    socket.send("x").unwrap();
    let (stream, _) = socket.into_parts();
    assert_eq!((stream.read_timeout().unwrap(), stream.write_timeout().unwrap()), (None, None));
}

/// An application may take longer to decide than the client to ask.
#[test]
fn a_late_answer_is_an_answer() {
    for accept in [true, false] {
        let (mut client, server) = pair();
        client.write_all(REQUEST.as_bytes()).unwrap();
        let timeouts =
            Timeouts { handshake: Some(Duration::from_millis(50)), ..Timeouts::default() };
        let Incoming::Upgrade(upgrade) =
            Options::new().timeouts(timeouts).receive_request(server).unwrap()
        else {
            panic!()
        };
        let late = std::time::Instant::now() + Duration::from_millis(60);
        while std::time::Instant::now() < late {
            thread::yield_now();
        }
        let answering = thread::spawn(move || match accept {
            true => upgrade.accept().map(drop),
            false => upgrade.reject(&HttpResponse::new(403).unwrap()),
        });
        let mut status = [0; 12];
        client.read_exact(&mut status).unwrap();
        assert_eq!(&status, if accept { b"HTTP/1.1 101" } else { b"HTTP/1.1 403" });
        drop(client);
        answering.join().unwrap().unwrap();
    }
}

#[test]
fn almost_no_time_to_connect_is_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let request = ClientRequest::new(&format!("ws://{}/", listener.local_addr().unwrap())).unwrap();
    let hasty = Options::new()
        .timeouts(Timeouts { handshake: Some(Duration::from_nanos(1)), ..Timeouts::default() });
    assert!(matches!(hasty.connect(&request), Err(Error::TimedOut(TimedOut::Handshake))));
}

#[test]
fn there_may_be_all_the_time_to_connect() {
    let (address, server) = serve(|stream| blocking::accept(stream).unwrap().recv());
    let patient = Options::new().timeouts(Timeouts { handshake: None, ..Timeouts::default() });
    let (mut socket, _) =
        patient.connect(&ClientRequest::new(&format!("ws://{address}/")).unwrap()).unwrap();
    socket.send("at last").unwrap();
    assert_eq!(server.join().unwrap().unwrap(), Some("at last".into()));
}

/// §7.1.1: the server closes the stream first, and a client waits for that.
#[test]
fn the_server_closes_the_stream_first() {
    let (mut client, server) = pair();
    let serving = thread::spawn(move || open(server, Timeouts::default()).until_closed());
    client.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert_eq!(received, unmasked(0x88, b"\x03\xe8"));
    drop(client);
    assert!(serving.join().unwrap().unwrap().was_clean());

    let (client, mut server) = pair();
    let client = WebSocket::from_parts(
        client,
        Connection::client(Config::new(), support::entropy()),
        Timeouts::default(),
    );
    let asking = thread::spawn(move || client.unwrap().until_closed());
    server.write_all(&unmasked(0x88, b"\x03\xe8")).unwrap();
    server.read_exact(&mut [0; 8]).unwrap();
    server.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(
        server.read(&mut [0; 8]).is_err(),
        "the client neither closes the stream nor sends more"
    );
    drop(server);
    assert!(asking.join().unwrap().unwrap().was_clean());
}

#[test]
fn a_close_that_nobody_answers_ends_the_stream() {
    let (mut client, server) = pair();
    let mut socket = open(server, impatient());
    socket.close(CloseCode::NORMAL, "").unwrap_err();
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert_eq!(received, unmasked(0x88, b"\x03\xe8"));
}

/// A peer that pings and does not read makes neither recv_timeout late, nor what it sent.
#[test]
fn recv_timeout_is_not_extended_by_a_peer_that_does_not_read() {
    let (client, server) = pair();
    let mut socket = open(server, Timeouts { write: None, ..Timeouts::default() });
    while socket.feed(vec![0; 60_000]).is_ok() && socket.recv_timeout(Duration::ZERO).is_err() {
        let (stream, connection) = socket.into_parts();
        let full = connection.buffered_amount() > 0;
        socket = WebSocket::from_parts(
            stream,
            connection,
            Timeouts { write: None, ..Timeouts::default() },
        )
        .unwrap();
        if full {
            break;
        }
    }
    (&client).write_all(&[masked(0x89, b"?"), masked(0x81, b"hello")].concat()).unwrap();
    assert_eq!(socket.recv_timeout(Duration::from_millis(200)).unwrap(), Some("hello".into()));
}

#[test]
fn a_failing_stream_is_an_error_of_its_own() {
    let mut socket =
        open(Script::new(vec![Step::Fail(ErrorKind::PermissionDenied)]), Timeouts::default());
    assert!(
        matches!(socket.recv(), Err(Error::Io(error)) if error.kind() == ErrorKind::PermissionDenied)
    );
    assert!(matches!(socket.recv(), Err(Error::ConnectionLost)), "the stream ends after that");
    let mut socket =
        open(Script::new(vec![Step::Fail(ErrorKind::ConnectionReset)]), Timeouts::default());
    assert!(
        matches!(socket.recv(), Err(Error::ConnectionLost)),
        "a reset is an end without a Close"
    );
}

/// A peer that keeps sending gets no more time; messages of one that stops are received to the end.
#[test]
fn peer_that_floods_does_not_extend_the_close_deadline() {
    let flood = |reads| {
        let pings = (0..reads).map(|_| Step::Bytes(masked(0x89, b"?"))).collect();
        open(
            Script::new(pings),
            Timeouts { close: Some(Duration::from_nanos(1)), ..Timeouts::default() },
        )
    };
    let mut socket = flood(1000);
    assert!(matches!(socket.close(CloseCode::NORMAL, ""), Err(Error::TimedOut(TimedOut::Close))));
    let mut socket = flood(10);
    assert!(
        matches!(socket.close(CloseCode::NORMAL, ""), Ok(closed) if !closed.was_clean()),
        "the stream ended in time"
    );
}

/// A reset after both sides sent a Close is a clean end.
#[test]
fn a_reset_after_the_closes_is_clean() {
    let steps =
        vec![Step::Bytes(masked(0x88, b"\x03\xe8")), Step::Fail(ErrorKind::ConnectionReset)];
    let mut socket = open(Script::new(steps), Timeouts::default());
    assert!(socket.close(CloseCode::NORMAL, "").unwrap().was_clean());
}

#[test]
fn too_long_a_reason_sends_nothing() {
    let mut socket = open(Script::new(vec![]), Timeouts::default());
    assert!(matches!(socket.close(CloseCode::NORMAL, &"x".repeat(124)), Err(Error::Reason(_))));
    assert_eq!((socket.state(), socket.stream().calls), (State::Open, 0));
}

#[test]
fn connections_move_between_threads() {
    fn assert_send<T: Send + 'static>() {}
    assert_send::<WebSocket<TcpStream>>();
    assert_send::<blocking::Upgrade<TcpStream>>();
    assert_send::<Connection>();
    assert_send::<Error>();
}

#[test]
fn two_threads_push_a_lot_each_way_at_once() {
    const PIECE: usize = 1 << 20;
    const PIECES: usize = 128;
    let (client, server) = pair();
    let client = WebSocket::from_parts(
        client,
        Connection::client(Config::new(), support::entropy()),
        Timeouts::default(),
    );
    let sides: Vec<_> = [client.unwrap(), open(server, Timeouts::default())]
        .into_iter()
        .flat_map(|socket| {
            let (sender, mut receiver) = socket.split().unwrap();
            let sending = thread::spawn(move || {
                let piece = bytes::Bytes::from(vec![7; PIECE]);
                for _ in 0..PIECES {
                    sender.send(piece.clone()).unwrap();
                }
            });
            let receiving = thread::spawn(move || {
                for _ in 0..PIECES {
                    assert_eq!(receiver.recv().unwrap().unwrap().len(), PIECE);
                }
                // Dropping it would end the connection.
                receiver
            });
            [(sending, receiving)]
        })
        .collect();
    for (sending, receiving) in sides {
        sending.join().unwrap();
        receiving.join().unwrap();
    }
}

#[test]
fn many_threads_send_and_their_messages_do_not_mix() {
    const EACH: u32 = 1000;
    let (address, server) = serve(|stream| {
        let (sender, mut receiver) = blocking::accept(stream).unwrap().split().unwrap();
        let threads: Vec<_> = (0..4_u32)
            .map(|id| {
                let sender = sender.clone();
                thread::spawn(move || {
                    for number in 0..EACH {
                        sender.send([id.to_be_bytes(), number.to_be_bytes()].concat()).unwrap();
                    }
                })
            })
            .collect();
        while receiver.recv().unwrap().is_some() {}
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        sender.closed().unwrap()
    });
    let mut socket = blocking::connect(&format!("ws://{address}/")).unwrap();
    let mut next = [0; 4];
    for _ in 0..4 * EACH {
        let message = socket.recv().unwrap().unwrap().into_bytes();
        let (id, number) = message.split_at(4);
        let id = u32::from_be_bytes(id.try_into().unwrap()) as usize;
        assert_eq!(number, u32::to_be_bytes(next[id]));
        next[id] += 1;
    }
    assert!(socket.close(CloseCode::NORMAL, "").unwrap().was_clean());
    assert!(server.join().unwrap().was_clean());
}

#[test]
fn a_sending_thread_closes_while_another_receives() {
    let (address, server) = serve(|stream| {
        let (sender, mut receiver) = blocking::accept(stream).unwrap().split().unwrap();
        let receiving = thread::spawn(move || receiver.recv());
        let closed = sender.close(CloseCode::GOING_AWAY, "moved").unwrap();
        assert_eq!(receiving.join().unwrap().unwrap(), None);
        assert!(matches!(sender.send("late"), Err(Error::Send(SendError::NotOpen))));
        closed
    });
    let mut socket = blocking::connect(&format!("ws://{address}/")).unwrap();
    assert_eq!(socket.recv().unwrap(), None);
    assert_eq!(socket.closed().unwrap().reason(), "moved");
    assert!(server.join().unwrap().was_clean());
}

#[test]
fn a_close_that_nobody_answers_ends_the_receiver_too() {
    let (_client, server) = pair();
    let (sender, mut receiver) = open(server, impatient()).split().unwrap();
    let receiving = thread::spawn(move || receiver.recv());
    assert!(matches!(sender.close(CloseCode::NORMAL, ""), Err(Error::TimedOut(TimedOut::Close))));
    assert!(matches!(
        receiving.join().unwrap(),
        Err(Error::ConnectionLost | Error::TimedOut(TimedOut::Close))
    ));
}

#[test]
fn pings_are_answered_by_the_receiving_thread() {
    let (mut client, server) = pair();
    let (_sender, mut receiver) = open(server, Timeouts::default()).split().unwrap();
    let receiving = thread::spawn(move || receiver.recv());
    client.write_all(&masked(0x89, b"?")).unwrap();
    let mut pong = [0; 3];
    client.read_exact(&mut pong).unwrap();
    assert_eq!(pong[..], unmasked(0x8a, b"?"));
    drop(client);
    assert!(matches!(receiving.join().unwrap(), Err(Error::ConnectionLost)));
}

/// What a thread keeps for its connections is gone before they are.
#[test]
fn a_thread_that_ends_may_still_use_its_connection() {
    struct Last(WebSocket<TcpStream>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.send("last message").unwrap();
            assert_eq!(self.0.recv().unwrap(), Some("received".into()));
        }
    }
    thread_local! { static LAST: std::cell::RefCell<Option<Last>> = const { std::cell::RefCell::new(None) }; }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let stream = listener.accept().unwrap().0;
    peer.write_all(&masked(0x81, b"received")).unwrap();
    let ends = thread::spawn(|| {
        let socket = WebSocket::from_parts(
            stream,
            sansocket::Connection::server(sansocket::Config::new()),
            Timeouts::default(),
        );
        LAST.set(Some(Last(socket.unwrap())));
        LAST.with_borrow_mut(|last| last.as_mut().unwrap().0.send("first")).unwrap();
    });
    ends.join().unwrap();
    let mut said = Vec::new();
    peer.read_to_end(&mut said).unwrap();
    assert_eq!(said, [unmasked(0x81, b"first"), unmasked(0x81, b"last message")].concat());
}
