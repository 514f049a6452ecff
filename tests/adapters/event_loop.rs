//! The event loop of `mio_echo`: keep-alive, backpressure, both ends of the opening handshake and
//! the end of the connection, as a client sees them.
#![cfg(feature = "std")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use sansocket::{ClientHandshake, ClientRequest, CloseCode, CloseFrame, Config, Connection};
use sansocket::{Entropy, Event, Message, State};

use super::examples::{Server, example};

/// Bounds each wait for the server.
const TIMEOUT: Duration = Duration::from_secs(20);

fn serve(arguments: &[&str]) -> Server {
    let mut command = example("mio_echo");
    command.args(["--listen", "127.0.0.1:0"]).args(arguments);
    Server::run(command)
}

/// A client without an adapter: it reads only when a test does.
struct Client {
    stream: TcpStream,
    connection: Connection,
    buffer: Vec<u8>,
}

impl Client {
    fn open(server: &Server) -> Self {
        let mut stream = server.connect();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        let request = ClientRequest::new(&server.url).unwrap();
        let entropy = Entropy::from_os().unwrap();
        let mut handshake = ClientHandshake::new(&request, Config::new(), entropy);
        stream.write_all(handshake.output().chunk()).unwrap();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            if let Some((connection, _)) = handshake.receive().unwrap() {
                return Self { stream, connection, buffer };
            }
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0, "the server ended the handshake");
            handshake.input().put_slice(&buffer[..count]);
        }
    }

    /// Writes what the socket accepts within its write timeout. `false` if that was not all.
    fn write(&mut self) -> bool {
        while self.connection.wants_write() {
            match self.stream.write(self.connection.output().chunk()) {
                Ok(count) => self.connection.output().advance(count),
                Err(error) if would_block(error.kind()) => return false,
                Err(error) => panic!("the server does not accept any more: {error}"),
            }
        }
        true
    }

    fn send(&mut self, message: impl Into<Message>) {
        self.connection.send(message.into()).unwrap();
        assert!(self.write());
    }

    /// Waits for an event. Pongs and Close frames are written.
    fn receive(&mut self) -> Event {
        loop {
            let event = self.connection.receive();
            self.write();
            if let Some(event) = event {
                return event;
            }
            match self.stream.read(&mut self.buffer).unwrap() {
                0 => self.connection.end_input(),
                count => self.connection.input().put_slice(&self.buffer[..count]),
            }
        }
    }

    fn close(mut self) {
        self.connection.close(CloseFrame::new(CloseCode::NORMAL, "done").unwrap());
        self.write();
        let Event::Closed(closed) = self.receive() else { panic!("no Close frame") };
        assert_eq!((closed.code(), closed.was_clean()), (1000, true));
        // RFC 6455 §7.1.1: the server closes the TCP connection first.
        assert_eq!(self.stream.read(&mut self.buffer).unwrap(), 0);
    }
}

fn would_block(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[test]
fn a_silent_peer_is_pinged() {
    let server = serve(&["--ping-seconds", "1"]);
    let mut client = Client::open(&server);
    for _ in 0..2 {
        assert!(matches!(client.receive(), Event::Ping(_)));
    }
    client.send("still here");
    assert_eq!(client.receive(), Event::Message("still here".into()));
    client.close();
}

#[test]
fn a_peer_that_does_not_read_stops_being_read_from_and_gets_everything_later() {
    const AT_LEAST: usize = 8 << 20;
    // The buffers of both sockets hold some MiB; without backpressure the server holds all the rest.
    const AT_MOST: usize = 256 << 20;
    const SIZE: usize = 64 * 1024;
    let server = serve(&[]);
    let mut client = Client::open(&server);
    // A second without room in the socket: the server has stopped reading.
    client.stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let message = |number: usize| Bytes::from(vec![number as u8; SIZE]);
    let mut sent = 0;
    loop {
        assert!(sent * SIZE < AT_MOST, "the server reads from a peer that does not read");
        client.connection.send(message(sent)).unwrap();
        sent += 1;
        if !client.write() {
            break;
        }
    }
    // The server still has its first peer, and serves others.
    let mut other = Client::open(&server);
    other.send("meanwhile");
    assert_eq!(other.receive(), Event::Message("meanwhile".into()));
    other.close();
    // From here on reading makes room: a write must not wait longer for it than a moment.
    client.stream.set_write_timeout(Some(Duration::from_millis(1))).unwrap();
    let total = sent.max(AT_LEAST / SIZE);
    for number in 0..total {
        if sent < total && client.write() {
            client.connection.send(message(sent)).unwrap();
            sent += 1;
        }
        assert_eq!(client.receive(), Event::Message(Message::Binary(message(number))));
    }
    assert_eq!(client.connection.state(), State::Open);
    client.close();
}

#[test]
fn a_plain_http_request_gets_426() {
    let server = serve(&[]);
    let mut client = server.connect();
    client.set_read_timeout(Some(TIMEOUT)).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{response}");
    assert!(response.to_ascii_lowercase().contains("\r\nupgrade: websocket\r\n"), "{response}");
}

#[test]
fn the_server_continues_after_a_reset_of_a_peer() {
    let server = serve(&[]);
    for _ in 0..3 {
        let mut client = Client::open(&server);
        client.send(vec![0; 1 << 20]);
        // Unread bytes make this a reset.
        drop(client);
    }
    let mut client = Client::open(&server);
    client.send("hello");
    assert_eq!(client.receive(), Event::Message("hello".into()));
    client.close();
}
