//! A refusal gives the stream back, in every adapter.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use sansocket::blocking::{self, Stream as _};
use sansocket::runtime::{self, Clock, Stream};
use sansocket::testing::{ManualClock, TestStream};
use sansocket::{ClientRequest, Error, HandshakeError, Response, ResponseError, Timeouts};
use support::adapters::{Adapter, in_every_adapter, on_paused_tokio, ready, request, s, timed};
use support::streams::{Script, Scripted};
use support::{Chunking, stream_pair};

const CHALLENGE: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM abc\r\n\
    Transfer-Encoding: chunked\r\n\r\n5\r\nlog i\r\n1\r\nn\r\n0\r\n\r\n";

fn second() -> ClientRequest {
    request().header("Authorization", "NTLM def").unwrap()
}

fn check(response: &Response) {
    assert_eq!((response.status(), response.reason()), (401, "Unauthorized"));
    assert_eq!(response.headers().get("WWW-Authenticate"), Some("NTLM abc"));
    assert_eq!((&response.body()[..], response.is_complete()), (&b"log in"[..], true));
}

/// Answers a first request with a challenge, and accepts a second one on the same stream.
fn serve(mut stream: TestStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    stream.write_all(CHALLENGE).unwrap();
    let blocking::Incoming::Upgrade(upgrade) =
        blocking::Options::new().receive_request(stream).unwrap()
    else {
        panic!("an opening handshake")
    };
    assert_eq!(upgrade.request().headers().get("Authorization"), Some("NTLM def"));
    upgrade.accept().unwrap().send("welcome").unwrap();
}

/// Two requests on one stream, of which the second opens the connection.
async fn authenticate<S, C>(first: runtime::Answer<S, C>) -> (S, bytes::Bytes)
where
    S: Stream,
    C: Clock,
{
    let runtime::Answer::Refused(refusal) = first else { panic!("accepted") };
    check(refusal.response());
    refusal.into_parts()
}

fn on_blocking(stream: TestStream) {
    let options = blocking::Options::new();
    let blocking::Answer::Refused(refusal) = options.send_request(stream, &request()).unwrap()
    else {
        panic!("accepted")
    };
    check(refusal.response());
    let (stream, rest) = refusal.into_parts();
    assert!(rest.is_empty());
    let blocking::Answer::Accepted(mut socket, response) =
        options.send_request(stream, &second()).unwrap()
    else {
        panic!("refused")
    };
    assert_eq!(response.status(), 101);
    assert_eq!(socket.recv().unwrap(), Some("welcome".into()));
}

async fn on_tokio(stream: TestStream) {
    let options = sansocket::tokio::Options::new();
    let first = options.send_request(stream, &request()).await.unwrap();
    let (stream, rest) = authenticate(first).await;
    assert!(rest.is_empty());
    let second = options.send_request(stream.0, &second()).await.unwrap();
    let runtime::Answer::Accepted(mut socket, _) = second else { panic!("refused") };
    assert_eq!(socket.recv().await.unwrap(), Some("welcome".into()));
}

async fn on_futures(stream: TestStream) {
    let (options, clock) = (sansocket::futures::Options::new(), ManualClock::new());
    let first = options.send_request(stream, clock.clone(), &request()).await.unwrap();
    let (stream, rest) = authenticate(first).await;
    assert!(rest.is_empty());
    let second = options.send_request(stream.0, clock, &second()).await.unwrap();
    let runtime::Answer::Accepted(mut socket, _) = second else { panic!("refused") };
    assert_eq!(socket.recv().await.unwrap(), Some("welcome".into()));
}

#[test]
fn second_request_opens_the_connection_on_the_stream_of_a_refusal() {
    let clients: [fn(TestStream); 3] = [
        on_blocking,
        |stream| on_paused_tokio(|| smol::block_on(on_tokio(stream))),
        |stream| smol::block_on(on_futures(stream)),
    ];
    for client in clients {
        let (peer, stream) = stream_pair(Chunking::Whole);
        let server = thread::spawn(move || serve(peer));
        client(stream);
        server.join().unwrap();
    }
}

in_every_adapter! { refusal_is_reported_in_a_second_although_its_body_does_not_come }

/// A body of which the first line comes, or nothing.
const DAWDLERS: [(&str, &str); 3] = [
    ("Content-Length: 100\r\n\r\n", "the server answered 403 Forbidden instead of 101"),
    (
        "Content-Length: 100\r\n\r\nno entry\n",
        "the server answered 403 Forbidden instead of 101: no entry",
    ),
    ("\r\nno entry\n", "the server answered 403 Forbidden instead of 101: no entry"),
];

async fn refusal_is_reported_in_a_second_although_its_body_does_not_come(adapter: &impl Adapter) {
    for (rest, text) in DAWDLERS {
        let (clock, (mut peer, stream)) = (adapter.clock(), stream_pair(Chunking::Whole));
        write!(peer, "HTTP/1.1 403 Forbidden\r\n{rest}").unwrap();
        let (connected, after) = timed(&clock, adapter.connect_with_stream(stream)).await;
        let error = connected.map(drop).unwrap_err();
        let Error::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(response))) =
            &error
        else {
            panic!("{error:?}")
        };
        assert!(!response.is_complete());
        assert_eq!((error.to_string().as_str(), after), (text, s(1)));
    }
}

/// Nothing else ends the wait, and the rest can be read from the stream.
#[test]
fn blocking_refusal_is_reported_although_its_body_does_not_come() {
    for (rest, text) in DAWDLERS {
        let (mut peer, stream) = stream_pair(Chunking::Whole);
        write!(peer, "HTTP/1.1 403 Forbidden\r\n{rest}").unwrap();
        let (done, outcome) = mpsc::channel();
        thread::spawn(move || {
            let timeouts = Timeouts { handshake: None, ..Timeouts::default() };
            let options = blocking::Options::new().timeouts(timeouts);
            let answer =
                options.send_request(stream, &request()).map_err(|error| error.to_string());
            done.send(answer).expect("the test waits");
        });
        let answer = outcome.recv_timeout(Duration::from_secs(20)).expect("it is reported");
        let blocking::Answer::Refused(refusal) = answer.unwrap() else { panic!("accepted") };
        let response = refusal.response().clone();
        assert!(!response.is_complete());
        let error = ResponseError::UnexpectedStatus(Box::new(response));
        assert_eq!(error.to_string(), text);
        peer.write_all(b"for you").unwrap();
        let (mut stream, unread) = refusal.into_parts();
        let mut rest = [0; 7];
        stream.read_exact(&mut rest).unwrap();
        assert_eq!((&unread[..], &rest), (&b""[..], b"for you"));
    }
}

/// What follows an incomplete body is left to the application.
#[test]
fn refusal_returns_the_bytes_after_it() {
    let (mut peer, stream) = stream_pair(Chunking::Whole);
    let body = "x".repeat(5_000);
    write!(peer, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{body}").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    let blocking::Answer::Refused(refusal) =
        blocking::Options::new().send_request(stream, &request()).unwrap()
    else {
        panic!("accepted")
    };
    assert!(!refusal.response().is_complete());
    assert!(format!("{refusal:?}").starts_with("Refusal(Response { status: 200"));
    let (kept, mut rest) = (refusal.response().body().clone(), Vec::new());
    let (mut stream, received) = refusal.into_parts();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!([&kept[..], &received, &rest].concat(), body.as_bytes());
}

/// A server that answers and closes before it has read the request: writing fails, and the response
/// is in the stream.
struct Deaf(Vec<u8>);

impl Script for Deaf {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let count = self.0.len().min(buffer.len()).min(20);
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0.drain(..count);
        Poll::Ready(Ok(count))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }
}

#[test]
fn response_to_a_request_that_could_not_be_written_is_reported() {
    for (bytes, expected) in [
        (
            &b"HTTP/1.1 431 Too Large\r\nContent-Length: 2\r\n\r\nno"[..],
            "UnexpectedStatus(Response { status: 431",
        ),
        (
            b"HTTP/1.1 431 Too Large\r\nContent-Length: 2\r\n\r\n",
            "UnexpectedStatus(Response { status: 431",
        ),
        (b"HTTP/1.1 431 Too La", "ConnectionLost"),
        (b"", "ConnectionLost"),
    ] {
        let stream = || Scripted(Deaf(bytes.to_vec()));
        let errors = [
            blocking::connect_with_stream(stream(), &request()).map(drop),
            ready_on_tokio(sansocket::tokio::connect_with_stream(stream(), &request())),
            ready(sansocket::futures::connect_with_stream(
                stream(),
                ManualClock::new(),
                &request(),
            ))
            .map(drop),
        ];
        for error in errors {
            let error = format!("{:?}", error.unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }
}

fn ready_on_tokio<T, E>(future: impl Future<Output = Result<T, E>>) -> Result<(), E> {
    let mut result = None;
    on_paused_tokio(|| result = Some(ready(future).map(drop)));
    result.expect("the future is ready")
}

/// A label of more than 63 characters is in no name, so no resolver is asked.
#[test]
fn host_that_cannot_be_resolved_is_in_the_error() {
    let host = "x".repeat(64) + ".invalid";
    let uri = format!("ws://{host}/secret?token=1");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let errors = [
        blocking::connect(&uri).unwrap_err(),
        runtime.block_on(sansocket::tokio::connect(&uri)).unwrap_err(),
        #[cfg(feature = "async-io")]
        smol::block_on(sansocket::futures::connect(&uri)).unwrap_err(),
    ];
    for error in errors {
        let text = error.to_string();
        assert!(text.contains(&host) && !text.contains("secret"), "{text}");
    }
}
