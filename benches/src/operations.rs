//! The frequent operations of a connection, each repeatable, with an assertion of its result.

use std::hint::black_box;
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, BufMut, Bytes};
use sansocket::deflate::{Agreed, Deflate, Window};
use sansocket::tokio::{TokioClock, TokioStream, WebSocket};
use sansocket::topic::Topic;
use sansocket::wire::{Opcode, Utf8Validator, apply_mask};
use sansocket::{
    Backpressure, ClientHandshake, ClientRequest, Config, Connection, Entropy, Event, EventRef,
    Message, Prepared, ServerHandshake,
};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::{cyrillic, json, masked, receive};

/// A repeatable operation.
pub type Operation = Box<dyn FnMut()>;

/// A name, and a constructor.
pub type Named<T> = (&'static str, fn() -> T);

/// Every operation, with its setup.
pub const OPERATIONS: &[Named<Operation>] = &[
    ("mask 16 B", || mask(16)),
    ("mask 1 KiB", || mask(1024)),
    ("check 1 KiB of Cyrillic", || check_text(cyrillic(1024))),
    ("receive 16 B", || receive_one(Opcode::Binary, vec![b'x'; 16])),
    ("receive 16 B of text", || receive_one(Opcode::Text, vec![b'x'; 16])),
    ("receive 1 KiB of text", || receive_one(Opcode::Text, vec![b'x'; 1024])),
    ("receive 16 B, one of 16", || receive_batch(16)),
    ("borrow 64 x 16 B", || borrow_one(Opcode::Binary, vec![b'x'; 16])),
    ("borrow 64 x 16 B of text", || borrow_one(Opcode::Text, vec![b'x'; 16])),
    ("borrow 64 x 1 KiB of text", || borrow_one(Opcode::Text, vec![b'x'; 1024])),
    ("send 16 B", || send(Connection::server(Config::new()), 16)),
    ("send 1 KiB", || send(Connection::server(Config::new()), 1024)),
    ("send 64 KiB, not copied", || send(Connection::server(Config::new()), 64 * 1024)),
    ("send 16 B, masked", || send(client(), 16)),
    ("send 1 KiB, masked", || send(client(), 1024)),
    ("echo 16 B", echo),
    ("echo 16 B on tokio", || echo_on_tokio(1, false)),
    ("wait on tokio", wait_on_tokio),
    ("receive 16 B, one of 64, on tokio", receive_on_tokio),
    ("receive 16 B, one of 64, borrowed, on tokio", || borrow_on_tokio(false)),
    ("echo 16 B, one of 16, on tokio", || echo_on_tokio(16, false)),
    ("echo 16 B, one of 16, corked, on tokio", || echo_on_tokio(16, true)),
    ("echo 16 B, one of 64, borrowed, on tokio", || borrow_on_tokio(true)),
    ("open on tokio", open_on_tokio),
    ("broadcast 1 KiB by a topic, on tokio", || forward_on_tokio(1)),
    ("broadcast 1 KiB by a topic, one of 8, on tokio", || forward_on_tokio(8)),
    ("broadcast 1 KiB by a topic, to one of 1,000, on tokio", deliver_on_tokio),
    ("broadcast 2 KiB of JSON, compressed by each of 1,000", || broadcast_json(false)),
    ("broadcast 2 KiB of JSON, compressed once for 1,000", || broadcast_json(true)),
    ("accept a handshake", accept),
    ("accept a handshake: httparse, SHA-1 and base64 alone", accept_bare),
    ("ask for a handshake", ask),
];

/// The values that exist once for each connection, and their sizes in bytes.
pub const SIZES: &[Named<usize>] = &[
    ("a connection", size_of::<Connection>),
    ("a socket of tokio's", size_of::<WebSocket<TcpStream>>),
    ("an event", size_of::<Event>),
    ("a message", size_of::<Message>),
];

fn client() -> Connection {
    Connection::client(Config::new(), Entropy::from_seed([7; 32]))
}

/// Drains the output.
fn drain(connection: &mut Connection) -> usize {
    let mut drained = 0;
    while connection.wants_write() {
        let output = connection.output();
        let len = output.chunk().len();
        output.advance(len);
        drained += len;
    }
    drained
}

fn mask(len: usize) -> Operation {
    let mut data = vec![b'x'; len];
    Box::new(move || {
        apply_mask([1, 2, 3, 4], 0, &mut data);
        assert!(data[0] == b'x' || data[0] == b'x' ^ 1);
    })
}

fn check_text(text: String) -> Operation {
    Box::new(move || {
        let mut utf8 = Utf8Validator::new();
        assert!(utf8.push(text.as_bytes()).and_then(|()| utf8.finish()).is_ok());
    })
}

fn receive_one(opcode: Opcode, payload: Vec<u8>) -> Operation {
    let mut connection = Connection::server(Config::new());
    let frame = masked(opcode, &payload);
    Box::new(move || {
        assert_eq!(receive(&mut connection, &frame).len(), payload.len());
        assert!(connection.receive().is_none());
    })
}

/// One of many messages in one buffer.
fn borrow_one(opcode: Opcode, payload: Vec<u8>) -> Operation {
    const DEPTH: usize = 64;
    let mut connection = Connection::server(Config::new());
    let frames = masked(opcode, &payload).repeat(DEPTH);
    Box::new(move || {
        let mut window = frames.clone();
        let mut received = &mut window[..];
        for _ in 0..DEPTH {
            let event = connection.receive_from(&mut received);
            assert!(
                matches!(event, Some(EventRef::Message(message)) if message.as_bytes().len() == payload.len())
            );
        }
        assert!(connection.receive_from(&mut received).is_none());
    })
}

/// One of this many messages that are received at once.
fn receive_batch(depth: usize) -> Operation {
    let mut connection = Connection::server(Config::new());
    let frames = masked(Opcode::Binary, &[b'x'; 16]).repeat(depth);
    let mut here = 0;
    Box::new(move || {
        if here == 0 {
            assert!(connection.receive().is_none());
            connection.input().put_slice(&frames);
            here = depth;
        }
        here -= 1;
        assert!(
            matches!(connection.receive(), Some(Event::Message(message)) if message.len() == 16)
        );
    })
}

fn send(mut connection: Connection, len: usize) -> Operation {
    let payload = Bytes::from(vec![b'x'; len]);
    Box::new(move || {
        connection.send(payload.clone()).expect("it is open");
        assert!(drain(&mut connection) > len);
    })
}

fn echo() -> Operation {
    let mut connection = Connection::server(Config::new());
    let frame = masked(Opcode::Text, b"sixteen letters.");
    Box::new(move || {
        let message = receive(&mut connection, &frame);
        connection.send(message).expect("it is open");
        assert!(connection.receive().is_none());
        assert_eq!(drain(&mut connection), 18);
    })
}

/// A browser's request.
const REQUEST: &[u8] =
    b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\n\
    Accept-Language: en\r\nAccept-Encoding: gzip, deflate\r\nSec-WebSocket-Version: 13\r\nOrigin: https://example.com\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Connection: keep-alive, Upgrade\r\nPragma: no-cache\r\nCache-Control: no-cache\r\nUpgrade: websocket\r\n\r\n";

/// The accept for its key.
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The server's side of an opening handshake.
#[must_use]
pub fn accept() -> Operation {
    Box::new(|| {
        let mut handshake = ServerHandshake::new(Config::new());
        handshake.input().put_slice(black_box(REQUEST));
        let mut connection =
            handshake.receive().expect("it is a request").expect("it is whole").accept();
        assert_eq!(connection.output().chunk()[97..125], *ACCEPT);
        assert_eq!(drain(&mut connection), 129);
    })
}

/// The minimum of every server: parses the request, and computes the accept.
#[must_use]
pub fn accept_bare() -> Operation {
    Box::new(|| {
        let mut fields = [const { MaybeUninit::uninit() }; 32];
        let mut request = httparse::Request::new(&mut []);
        let parsed = request.parse_with_uninit_headers(black_box(REQUEST), &mut fields);
        assert_eq!(parsed, Ok(httparse::Status::Complete(REQUEST.len())));
        let is_key =
            |field: &&httparse::Header<'_>| field.name.eq_ignore_ascii_case("Sec-WebSocket-Key");
        let key = request.headers.iter().find(is_key).expect("there is a key").value;
        let hash = Sha1::new()
            .chain_update(key)
            .chain_update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
            .finalize();
        let mut accept = [0; 28];
        assert_eq!(STANDARD.encode_slice(hash, &mut accept), Ok(28));
        assert_eq!(accept, *ACCEPT);
    })
}

fn ask() -> Operation {
    let request = ClientRequest::new("ws://example.com/chat").expect("it is an address");
    Box::new(move || {
        let mut handshake =
            ClientHandshake::new(&request, Config::new(), Entropy::from_seed([7; 32]));
        let mut requested = 0;
        while handshake.wants_write() {
            let len = handshake.output().chunk().len();
            handshake.output().advance(len);
            requested += len;
        }
        assert!(requested > 100);
    })
}

/// A stream that receives this many messages at once, and the next ones when they are answered.
struct Batches {
    frames: Vec<u8>,
    /// Bytes that must be written before more are received.
    unanswered: usize,
    answer: usize,
}

impl AsyncRead for Batches {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unanswered > 0 {
            return Poll::Pending;
        }
        buffer.put_slice(&self.frames);
        self.unanswered = self.answer;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Batches {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.unanswered -= bytes.len();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A socket on such a stream; each answer has this many bytes.
fn batches(depth: usize, answer: usize) -> WebSocket<Batches> {
    let frame = masked(Opcode::Text, b"sixteen letters.");
    opened(Batches { frames: frame.repeat(depth), unanswered: 0, answer: answer * depth })
}

/// Enters a runtime, for tokio's clock.
fn entered() -> tokio::runtime::EnterGuard<'static> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("there is a runtime");
    Box::leak(Box::new(runtime)).enter()
}

fn opened(stream: Batches) -> WebSocket<Batches> {
    WebSocket::from_parts(
        TokioStream(stream),
        TokioClock::new(),
        Connection::server(Config::new()),
        Default::default(),
    )
}

/// An idle socket, without its timer.
fn open_on_tokio() -> Operation {
    Box::new(|| {
        let stream = TokioStream(Batches { frames: Vec::new(), unanswered: 0, answer: 0 });
        let socket = WebSocket::from_parts(
            stream,
            TokioClock::new(),
            Connection::server(Config::new()),
            Default::default(),
        );
        assert_eq!(socket.buffered_amount(), 0);
    })
}

/// The next message, which is received already.
fn next(socket: &mut WebSocket<Batches>, cx: &mut Context<'_>) -> Message {
    let mut receive = || pin!(socket.recv()).poll(cx);
    let mut received = receive();
    if received.is_pending() {
        // The read budget may be used up.
        received = receive();
    }
    let Poll::Ready(Ok(Some(message))) = received else { panic!("{received:?} is not a message") };
    message
}

/// One of many messages that are received at once.
fn receive_on_tokio() -> Operation {
    let entered = entered();
    let mut socket = batches(64, 0);
    Box::new(move || {
        let _entered = &entered;
        assert_eq!(next(&mut socket, &mut Context::from_waker(Waker::noop())).as_bytes().len(), 16);
    })
}

/// One of this many messages that are received at once, answered before the next one.
fn echo_on_tokio(depth: usize, cork: bool) -> Operation {
    let entered = entered();
    let mut socket = batches(depth, 18);
    socket.set_backpressure(Backpressure { cork, ..Backpressure::default() });
    Box::new(move || {
        let _entered = &entered;
        let mut cx = Context::from_waker(Waker::noop());
        let message = next(&mut socket, &mut cx);
        let sent = pin!(socket.send(message)).poll(&mut cx);
        assert!(matches!(sent, Poll::Ready(Ok(()))));
    })
}

/// A task that is never woken.
struct Task;

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

/// No bytes are received.
fn wait_on_tokio() -> Operation {
    let entered = entered();
    let mut socket = opened(Batches { frames: Vec::new(), unanswered: 1, answer: 0 });
    // As in a task: the waker is the same in every poll.
    let waker = Waker::from(Arc::new(Task));
    Box::new(move || {
        let _entered = &entered;
        assert!(pin!(socket.recv()).poll(&mut Context::from_waker(&waker)).is_pending());
    })
}

/// One of many messages that are received at once, borrowed, and answered or not.
fn borrow_on_tokio(answered: bool) -> Operation {
    const DEPTH: usize = 64;
    let entered = entered();
    let mut socket = batches(DEPTH, if answered { 18 } else { 0 });
    let mut here = 0;
    Box::new(move || {
        if here == 0 {
            here = DEPTH;
            let _entered = &entered;
            let mut cx = Context::from_waker(Waker::noop());
            let mut bytes = 0;
            let mut receive = || {
                pin!(socket.recv_with(|message, replies| {
                    bytes += message.as_bytes().len();
                    if answered { replies.send(message) } else { Ok(()) }
                }))
                .poll(&mut cx)
            };
            // The read budget may be used up.
            let received = if let Poll::Ready(received) = receive() {
                Poll::Ready(received)
            } else {
                receive()
            };
            assert!(matches!(received, Poll::Ready(Ok(true))) && bytes == 16 * DEPTH);
        }
        here -= 1;
    })
}

/// One of this many messages that are published at once, and leave in one write.
fn forward_on_tokio(depth: usize) -> Operation {
    let entered = entered();
    let stream = Batches { frames: Vec::new(), unanswered: usize::MAX, answer: 0 };
    let (sender, receiver) = opened(stream).split();
    let topic = Topic::new();
    let subscription = topic.subscribe();
    let mut forward = Box::pin(async move { subscription.forward(&sender).await });
    let message = Prepared::new("x".repeat(1024));
    let waker = Waker::from(Arc::new(Task));
    let mut published = 0;
    Box::new(move || {
        let _kept = (&entered, &receiver);
        topic.publish(&message);
        published += 1;
        if published % depth == 0 {
            assert!(forward.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
    })
}

/// One delivery of a message that is published to many connections.
fn deliver_on_tokio() -> Operation {
    const CONNECTIONS: usize = 1000;
    let entered = entered();
    let topic = Topic::new();
    let (mut tasks, mut receivers) = (Vec::new(), Vec::new());
    for _ in 0..CONNECTIONS {
        let stream = Batches { frames: Vec::new(), unanswered: usize::MAX, answer: 0 };
        let (sender, receiver) = opened(stream).split();
        let subscription = topic.subscribe();
        tasks.push(Box::pin(async move { subscription.forward(&sender).await }));
        receivers.push(receiver);
    }
    let message = Prepared::new("x".repeat(1024));
    let waker = Waker::from(Arc::new(Task));
    let mut poll = move |index: usize| {
        assert!(tasks[index].as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    };
    // Each waits.
    (0..CONNECTIONS).for_each(&mut poll);
    let mut delivered = 0;
    Box::new(move || {
        let _kept = (&entered, &receivers);
        if delivered % CONNECTIONS == 0 {
            topic.publish(&message);
        }
        poll(delivered % CONNECTIONS);
        delivered += 1;
    })
}

/// One delivery of a message to many connections without context takeover.
fn broadcast_json(prepared: bool) -> Operation {
    const CONNECTIONS: usize = 1000;
    let deflate = Deflate::memory();
    let window = Window::new(15, false).expect("15 is a size");
    let agreed = Agreed::new(window, window);
    let mut connections: Vec<_> = (0..CONNECTIONS)
        .map(|_| Connection::server(Config::new().deflate(deflate.clone())).with_deflate(&agreed))
        .collect();
    let messages = json(2048, 8).into_iter().map(|text| String::from_utf8(text).expect("JSON"));
    let messages: Vec<_> = messages.map(Message::from).collect();
    let mut sent = 0;
    let mut news = Prepared::new(messages[0].clone());
    Box::new(move || {
        let (message, connection) = (sent / CONNECTIONS % messages.len(), sent % CONNECTIONS);
        if connection == 0 {
            news = Prepared::new(messages[message].clone());
        }
        let connection = &mut connections[connection];
        match prepared {
            true => connection.send(&news),
            false => connection.send(messages[message].clone()),
        }
        .expect("it is open");
        assert!((100..1200).contains(&drain(connection)));
        sent += 1;
    })
}
