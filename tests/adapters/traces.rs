//! Spans and events of connections, in every adapter, and what they must not show.
#![cfg(all(
    feature = "tracing",
    feature = "tokio",
    feature = "futures-io",
    feature = "deflate",
    feature = "testing"
))]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use sansocket::blocking::{self, Stream as _};
use sansocket::deflate::Deflate;
use sansocket::session::Session;
use sansocket::testing::TestStream;
use sansocket::tokio as ws;
use sansocket::{
    AcceptOptions, Backpressure, ClientRequest, CloseCode, Config, Connection, Error, HttpResponse,
    Overflow, Role, Timeouts,
};
use support::adapters::s;
use support::{Chunking, NOBODY, connection, masked, stream_pair};

use super::collector::Collector;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const SECRETS: [&str; 9] = [
    "secret-query",
    "secret-token",
    "secret-cookie",
    "secret-header",
    "secret-payload",
    "secret-reason",
    "secret-answer",
    KEY,
    "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
];

fn request() -> ClientRequest {
    let nonce = *b"the sample nonce";
    let request = ClientRequest::new("ws://test/chat?token=secret-query").unwrap();
    let request = request.subprotocol("chat.v1").unwrap().bearer_auth("secret-token").unwrap();
    let request = request.header("Cookie", "session=secret-cookie").unwrap();
    request.header("X-Api-Key", "secret-header").unwrap().websocket_key(nonce)
}

fn accept() -> AcceptOptions {
    let accept = AcceptOptions::new().subprotocol("chat.v1").unwrap();
    accept.header("Set-Cookie", "session=secret-cookie").unwrap()
}

fn config() -> Config {
    Config::new().deflate(Deflate::balance())
}

/// The whole life of a connection, with or without `.await`: opened, one message each way, a ping,
/// and closed by the client.
macro_rules! serve {
    ($incoming:expr $(, $wait:tt)?) => {{
        let sansocket::Incoming::Upgrade(upgrade) = $incoming.unwrap() else { panic!() };
        let mut socket = upgrade.accept_with(&accept())$(.$wait)?.unwrap();
        while let Some(message) = socket.recv()$(.$wait)?.unwrap() {
            socket.send(message)$(.$wait)?.unwrap();
        }
        socket.until_closed()$(.$wait)?.unwrap();
    }};
}

macro_rules! use_socket {
    ($connected:expr $(, $wait:tt)?) => {{
        let mut socket = $connected.unwrap().0;
        socket.send("secret-payload")$(.$wait)?.unwrap();
        socket.recv()$(.$wait)?.unwrap();
        socket.ping()$(.$wait)?.unwrap();
        socket.close(CloseCode::NORMAL, "secret-reason")$(.$wait)?.unwrap();
    }};
}

fn on_tokio(test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build().unwrap().block_on(test);
}

fn in_each_adapter(check: impl Fn(&str, &Collector)) {
    let collector = Collector::default();
    collector.on(|| {
        let (client, server) = stream_pair(Chunking::Whole);
        let threads = collector.clone();
        let server = thread::spawn(move || {
            let options = blocking::Options::new().config(config());
            threads.on(|| serve!(options.receive_request(server)));
        });
        let options = blocking::Options::new().config(config());
        use_socket!(options.connect_with_stream(client, &request()));
        server.join().unwrap();
    });
    check("blocking", &collector);

    let collector = Collector::default();
    collector.on(|| {
        on_tokio(async {
            let (client, server) = stream_pair(Chunking::Whole);
            let options = ws::Options::new().config(config());
            let request = request();
            let client =
                async { use_socket!(options.connect_with_stream(client, &request).await, await) };
            let server = async { serve!(options.receive_request(server).await, await) };
            tokio::join!(client, server);
        });
    });
    check("tokio", &collector);

    let collector = Collector::default();
    collector.on(|| {
        use sansocket::futures;
        let (client, server) = stream_pair(Chunking::Whole);
        let clock = sansocket::testing::ManualClock::new();
        let options = futures::Options::new().config(config());
        let request = request();
        let client = async {
            let connected = options.connect_with_stream(client, clock.clone(), &request).await;
            use_socket!(connected, await);
        };
        let server = async { serve!(options.receive_request(server, clock.clone()).await, await) };
        smol::block_on(futures_util::future::join(client, server));
    });
    check("futures", &collector);
}

#[test]
fn every_adapter_reports_the_life_of_a_connection() {
    in_each_adapter(|adapter, collector| {
        for (role, close, other, initiator) in [
            (
                "client",
                ["close sent code=1000 reason_bytes=13", "close received code=1000 reason_bytes=0"],
                (1, 1),
                "local",
            ),
            (
                "server",
                ["close received code=1000 reason_bytes=13", "close sent code=1000 reason_bytes=0"],
                (1, 1),
                "remote",
            ),
        ] {
            let events: Vec<_> = collector
                .events(role)
                .into_iter()
                .map(|line| line.split(" round_trip=").next().unwrap().to_owned())
                .collect();
            let pings: &[&str] = match role {
                "client" => &["ping queued number=1", "pong received number=1"],
                _ => &[],
            };
            let closed = format!(
                "closed outcome=clean code=1000 clean=true initiator={initiator} received={} sent={}",
                other.0, other.1
            );
            let expected: Vec<&str> = ["handshake accepted"]
                .into_iter()
                .chain(pings.iter().copied())
                .chain(close)
                .chain([closed.as_str()])
                .collect();
            assert_eq!(events, expected, "{adapter}, {role}");
            let span = format!(
                "websocket role={role} path=/chat subprotocol=chat.v1 extensions=permessage-deflate"
            );
            assert_eq!(collector.spans(role), [span], "{adapter}");
        }
        assert_eq!(collector.events(""), [""; 0], "{adapter}");
    });
}

#[test]
fn nothing_shows_payloads_keys_credentials_cookies_queries_or_reasons() {
    in_each_adapter(|adapter, collector| {
        let all = collector.all();
        for secret in SECRETS {
            assert!(!all.contains(secret), "{adapter}: {secret} in {all}");
        }
    });
}

fn refuse(stream: TestStream, response: &HttpResponse) {
    let checked = blocking::Options::new().accept_if(stream, |_| Err(response.clone()));
    checked.unwrap_err();
}

#[test]
fn refused_handshake_has_its_status_on_both_sides_and_no_body() {
    let collector = Collector::default();
    collector.on(|| {
        let (client, server) = stream_pair(Chunking::Whole);
        let threads = collector.clone();
        let server = thread::spawn(move || {
            let response = HttpResponse::new(403).unwrap().body("secret-answer");
            threads.on(|| refuse(server, &response));
        });
        blocking::connect_with_stream(client, &request()).unwrap_err();
        server.join().unwrap();
    });
    assert_eq!(collector.events("client"), ["handshake refused status=403"]);
    let why = "the application rejected the request with status 403";
    assert_eq!(collector.events("server"), [format!("handshake refused status=403 error={why}")]);
    SECRETS.iter().for_each(|secret| assert!(!collector.all().contains(secret), "{secret}"));
}

#[test]
fn request_that_violates_the_protocol_is_refused_and_a_lost_stream_fails() {
    let collector = Collector::default();
    for (sent, event) in [
        ("POST /chat?secret-query HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n\r\n", "refused"),
        ("GET /chat?secret-query HTTP/1.1\r\nSecret: secret-header\r\n", "refused"),
        ("GET / HTTP/1.1\r\nHost: test\r\n\r\n", ""),
    ] {
        let collector = Collector::default();
        collector.on(|| {
            let (mut peer, server) = stream_pair(Chunking::Whole);
            peer.write_all(sent.as_bytes()).unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
            drop(blocking::Options::new().receive_request(server));
        });
        let events = collector.events("server");
        match event {
            "" => assert_eq!(events, [""; 0], "plain HTTP is no handshake"),
            event => assert!(
                matches!(&events[..], [line] if line.starts_with(&format!("handshake {event}"))),
                "{events:?}"
            ),
        }
        SECRETS.iter().for_each(|secret| assert!(!collector.all().contains(secret), "{secret}"));
    }
    collector.on(|| {
        let (peer, client) = stream_pair(Chunking::Whole);
        drop(peer);
        blocking::connect_with_stream(client, &request()).unwrap_err();
    });
    assert_eq!(collector.events("client").len(), 1);
    assert!(collector.events("client")[0].starts_with("handshake failed error="));
}

#[test]
fn handshake_and_connection_that_are_dropped_say_so() {
    let collector = Collector::default();
    collector.on(|| {
        on_tokio(async {
            let (_peer, server) = stream_pair(Chunking::Whole);
            let opening = ws::accept(server);
            let waited = tokio::time::timeout(s(1), opening).await;
            assert!(waited.is_err(), "it was dropped");
        });
        drop(Session::new(connection(Role::Client, Config::new()), Timeouts::default(), s(0)));
        let session =
            Session::new(connection(Role::Client, Config::new()), Timeouts::default(), s(0));
        let _continued = session.into_connection();
    });
    assert_eq!(collector.events("server"), ["handshake dropped"]);
    assert_eq!(collector.events("client"), ["dropped"]);
}

#[test]
fn every_overflow_policy_reports_a_message_that_is_not_queued() {
    for overflow in [Overflow::Wait, Overflow::Fail, Overflow::DropNewest, Overflow::Close] {
        let collector = Collector::default();
        collector.on(|| {
            let connection = connection(Role::Server, Config::new());
            let mut session = Session::new(connection, Timeouts::default(), s(0));
            let bounds = Backpressure { hard_limit: 5, overflow, ..Backpressure::default() };
            session.set_backpressure(bounds);
            session.send("secret-payload").unwrap();
            let _ = session.send("secret-payload");
            session.abort();
        });
        let events = collector.events("server");
        let expected = format!("message not queued policy={overflow:?} queued=16");
        assert_eq!(events[0], expected, "{events:?}");
        assert!(!collector.all().contains("secret"));
    }
}

#[test]
fn stalled_write_is_reported_once_with_its_timeout_and_its_end() {
    let collector = Collector::default();
    collector.on(|| {
        let timeouts = Timeouts { write: Some(s(3)), ping: None, ..Timeouts::default() };
        let mut session = Session::new(connection(Role::Server, Config::new()), timeouts, s(0));
        assert_eq!(session.receive(s(0)), None);
        session.send("hello").unwrap();
        for now in [0, 1, 2] {
            session.stream_ready();
            session.write_would_block(s(now));
            session.read_would_block();
            session.next(s(now)).unwrap();
        }
        session.next(s(3)).unwrap_err();
        session.wrote(7);
        session.flushed();
        session.abort();
    });
    let events = collector.events("server");
    assert_eq!(events[..3], ["write stalled queued=7", "timed out timeout=Write", "write resumed"]);
    assert!(events[3].starts_with("closed outcome=lost code=1006 clean=false"), "{events:?}");
    assert_eq!(events.len(), 4);
}

#[test]
fn violation_of_the_protocol_is_named() {
    let collector = Collector::default();
    collector.on(|| {
        let (mut peer, server) = stream_pair(Chunking::Whole);
        peer.write_all(&masked(0x81, b"\xff secret-payload")).unwrap();
        let mut socket = blocking::WebSocket::from_parts(
            server,
            Connection::server(Config::new()),
            Timeouts::default(),
        )
        .unwrap();
        assert!(matches!(socket.recv(), Err(Error::Protocol(_))));
    });
    let events = collector.events("server");
    assert!(events[0].starts_with("close sent code=1007"), "{events:?}");
    assert!(
        events[1].starts_with("closed outcome=protocol error code=1006 clean=false"),
        "{events:?}"
    );
    assert!(events[1].contains(" error=") && !events[1].contains("secret"), "{events:?}");
}

#[test]
fn client_reports_addresses_redirects_and_the_address_of_its_peer() {
    let collector = Collector::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let mut redirected = listener.accept().unwrap().0;
        read_head(&mut redirected);
        let answer =
            "HTTP/1.1 302 Found\r\nLocation: /other?secret-query\r\nContent-Length: 0\r\n\r\n";
        redirected.write_all(answer.as_bytes()).unwrap();
        let mut socket = blocking::accept(listener.accept().unwrap().0).unwrap();
        while let Ok(Some(_)) = socket.recv() {}
    });
    let url = format!("ws://localhost:{}/chat?secret-query", address.port());
    let request = ClientRequest::new(&url).unwrap().bearer_auth("secret-token").unwrap();
    collector.on(|| {
        let connector = ws::Connector::new()
            .redirects(1)
            .resolver(move |_, _| async move { Ok(vec![NOBODY.parse().unwrap(), address]) });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let (mut socket, _) = connector.connect(&request).await.unwrap();
            assert_eq!(socket.stream().peer_addr(), Some(address));
            socket.close(CloseCode::NORMAL, "").await.unwrap();
        });
    });
    server.join().unwrap();
    let events = collector.events("");
    let starts = |start: &str| events.iter().filter(|line| line.starts_with(start)).count();
    assert_eq!(starts("resolving host=localhost"), 2, "{events:?}");
    assert_eq!(starts(&format!("connecting address={address}")), 2, "{events:?}");
    assert_eq!(starts("connecting failed"), 2, "{events:?}");
    assert_eq!(starts("redirected status=302 host=localhost"), 1, "{events:?}");
    let mut spans = collector.spans("client");
    spans.sort();
    let span = |path| format!("websocket role=client peer={address} path={path}");
    assert_eq!(spans, [span("/chat"), span("/other")]);
    SECRETS.iter().for_each(|secret| assert!(!collector.all().contains(secret), "{secret}"));
}

fn read_head(stream: &mut TcpStream) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
}

#[test]
fn server_knows_the_address_of_a_tcp_client() {
    for on_tokio in [false, true] {
        let collector = Collector::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let stream = listener.accept().unwrap().0;
        let peer = client.local_addr().unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        collector.on(|| {
            if on_tokio {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(async {
                    stream.set_nonblocking(true).unwrap();
                    let stream = tokio::net::TcpStream::from_std(stream).unwrap();
                    ws::accept(stream).await.unwrap_err();
                });
            } else {
                blocking::accept(stream).unwrap_err();
            }
        });
        assert_eq!(collector.spans("server"), [format!("websocket role=server peer={peer}")]);
    }
}

#[test]
fn proxy_is_named_without_its_credentials() {
    let collector = Collector::default();
    collector.on(|| {
        let proxy = format!("http://user:secret-token@{NOBODY}");
        let proxy = sansocket::proxy::Proxy::parse(&proxy).unwrap();
        blocking::Connector::new().proxy(proxy).connect(&request()).unwrap_err();
    });
    let events = collector.events("");
    assert_eq!(events[0], "asking a proxy host=127.0.0.1 port=1");
    assert_eq!(events[1], format!("connecting address={NOBODY}"));
    SECRETS.iter().for_each(|secret| assert!(!collector.all().contains(secret), "{secret}"));
}

#[cfg(feature = "rustls")]
#[test]
fn tls_is_reported_when_it_starts() {
    let collector = Collector::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || drop(listener.accept().unwrap()));
    collector.on(|| {
        let request = ClientRequest::new(&format!("wss://{address}/?secret-query")).unwrap();
        blocking::Options::new().connect(&request).unwrap_err();
    });
    server.join().unwrap();
    let events = collector.events("");
    assert_eq!(
        events[..2],
        [format!("connecting address={address}"), "starting TLS host=127.0.0.1".into()]
    );
    // The end of the stream may be a reset.
    assert!(events.len() == 3 && events[2].starts_with("connect failed error="), "{events:?}");
}

#[cfg(feature = "reconnect")]
#[test]
fn delay_before_another_attempt_is_reported() {
    use sansocket::reconnect::{Policy, Schedule};

    let collector = Collector::default();
    collector.on(|| {
        let schedule = Schedule::from_seed(Policy::new().delays(s(0), s(0)), [7; 32]);
        let mut client: blocking::Reconnect<TestStream> =
            blocking::Reconnect::new(schedule, || Err(Error::ConnectionLost));
        assert!(client.next_event().is_ok() && client.next_event().is_ok());
    });
    assert_eq!(collector.events(""), ["waiting to reconnect delay=0ns attempts=1"]);
}
