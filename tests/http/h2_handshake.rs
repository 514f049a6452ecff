//! The client's opening handshake over HTTP/2: RFC 8441 §3 and §5.

use std::future::poll_fn;
use std::time::Duration;

use bytes::{BufMut, Bytes};
use h2::{Reason, server};
use http::Response;
use sansocket::deflate::Deflate;
use sansocket::h2::Client;
use sansocket::tokio::Options;
use sansocket::{
    ClientHandshake, ClientRequest, Config, Entropy, Error, HandshakeError, HeadError,
    ResponseError as E, State, TimedOut, accept_key,
};
use tokio::time::Instant;

use crate::h2_server::{self, builder, request, serve};

fn rejected(error: Error) -> E {
    match error {
        Error::Handshake(HandshakeError::Response(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn request_has_the_fields_of_the_example() {
    // §5.1
    let (client, mut requests) = h2_server::client(builder()).await;
    let request = ClientRequest::new("wss://server.example.com/chat").unwrap();
    let request = request.subprotocol("chat").unwrap().subprotocol("superchat").unwrap();
    let request = request.header("Origin", "http://www.example.com").unwrap();
    // They belong to a connection of HTTP/1.1.
    let request = request.header("Keep-Alive", "timeout=5").unwrap();
    let request = request.header("Proxy-Connection", "keep-alive").unwrap();
    let offer = Deflate::new().offer_client_max_window_bits(false);
    let options = Options::new().config(Config::new().deflate(offer));
    let server = async {
        let (request, mut respond) = requests.recv().await.unwrap();
        let response = Response::builder().header("sec-websocket-protocol", "chat").body(());
        let sender = respond.send_response(response.unwrap(), false).unwrap();
        (request, sender)
    };
    let (opened, (received, _sender)) =
        tokio::join!(client.connect_with(&options, &request), server);

    let protocol = received.extensions().get::<h2::ext::Protocol>().unwrap();
    assert_eq!((received.method().as_str(), protocol.as_str()), ("CONNECT", "websocket"));
    assert_eq!(received.uri(), "https://server.example.com/chat");
    let mut fields: Vec<_> =
        received.headers().iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
    fields.sort();
    assert_eq!(
        fields,
        [
            ("origin", "http://www.example.com"),
            ("sec-websocket-extensions", "permessage-deflate"),
            ("sec-websocket-protocol", "chat, superchat"),
            ("sec-websocket-version", "13"),
        ]
    );
    let (socket, response) = opened.unwrap();
    assert_eq!((response.status(), response.headers().len()), (200, 1));
    assert_eq!((socket.subprotocol(), socket.state()), (Some("chat"), State::Open));
    assert!(socket.deflate().is_none());
}

#[tokio::test]
async fn scheme_path_and_authority_are_those_of_the_address() {
    let (client, mut requests) = h2_server::client(builder()).await;
    for (address, target) in [
        ("ws://localhost:9001/ws", "http://localhost:9001/ws"),
        ("ws://h", "http://h/"),
        ("ws://h:80/?a=%20b", "http://h/?a=%20b"),
        ("wss://[::1]:8443/a?b=c&d", "https://[::1]:8443/a?b=c&d"),
        ("wss://[fe80::1%25eth0]/", "https://[fe80::1]/"),
    ] {
        let request = ClientRequest::new(address).unwrap();
        let (opened, _) = tokio::join!(client.connect(&request), async {
            let received = requests.recv().await.unwrap();
            assert_eq!(received.0.uri(), target, "{address}");
            h2_server::accept(received)
        });
        opened.unwrap();
    }
}

#[tokio::test]
async fn server_without_the_setting_gets_no_request() {
    let (stream, mut requests) = serve(server::Builder::new());
    let error = rejected(Client::handshake(stream).await.unwrap_err());
    assert_eq!(error, E::NoExtendedConnect);
    let text = "the server does not speak WebSocket over HTTP/2; use HTTP/1.1";
    assert_eq!(error.to_string(), text);
    // The client has dropped the stream.
    assert!(requests.recv().await.is_none());

    // A connection of h2 whose SETTINGS have not arrived, or do not have it.
    let (stream, mut requests) = serve(server::Builder::new());
    let (sender, mut connection) = h2::client::handshake(stream).await.unwrap();
    let error = Client::from(sender.clone()).connect(&request()).await.unwrap_err();
    assert_eq!(rejected(error), E::NoExtendedConnect);
    let error = Client::new(sender.clone(), &mut connection).await.unwrap_err();
    assert_eq!(rejected(error), E::NoExtendedConnect);
    drop((sender, connection));
    assert!(requests.recv().await.is_none());
}

#[tokio::test]
async fn connection_of_h2_opens_websockets_once_its_settings_have_arrived() {
    let (stream, mut requests) = serve(builder());
    let (sender, mut connection) = h2::client::handshake(stream).await.unwrap();
    let client = Client::new(sender.clone(), &mut connection).await.unwrap();
    tokio::spawn(connection);
    let _first = h2_server::open(&client, &mut requests).await;
    let _second = h2_server::open(&Client::from(sender), &mut requests).await;
}

#[tokio::test]
async fn server_that_requires_http_1_1_is_named() {
    let (client, mut requests) = h2_server::client(builder()).await;
    let request = request();
    let (opened, _) = tokio::join!(client.connect(&request), async {
        requests.recv().await.unwrap().1.send_reset(Reason::HTTP_1_1_REQUIRED);
    });
    assert_eq!(rejected(opened.unwrap_err()), E::NoExtendedConnect);
}

#[tokio::test]
async fn stream_that_ends_before_the_response_is_a_lost_connection() {
    // RST_STREAM
    for reason in [Reason::REFUSED_STREAM, Reason::CANCEL, Reason::NO_ERROR] {
        let (client, mut requests) = h2_server::client(builder()).await;
        let request = request();
        let (opened, _) = tokio::join!(client.connect(&request), async {
            requests.recv().await.unwrap().1.send_reset(reason);
        });
        assert!(matches!(opened.unwrap_err(), Error::ConnectionLost), "{reason}");
    }
    // GOAWAY, and the end of the connection with and without a request.
    for (has_goaway, has_request) in [(true, true), (false, true), (false, false)] {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (end, mut ends) = tokio::sync::oneshot::channel::<()>();
        tokio::spawn(async move {
            let mut connection = builder().handshake::<_, Bytes>(far).await.unwrap();
            let accepted = tokio::select! {
                accepted = connection.accept() => accepted.unwrap().unwrap(),
                _ = &mut ends, if !has_request => return,
            };
            if has_goaway {
                connection.abrupt_shutdown(Reason::NO_ERROR);
                let _ = poll_fn(|cx| connection.poll_closed(cx)).await;
            }
            drop(accepted);
        });
        let (client, connection) = Client::handshake(near).await.unwrap();
        let connection = tokio::spawn(connection);
        if !has_request {
            drop(end);
            let _ = connection.await.unwrap();
        }
        let error = client.connect(&request()).await.unwrap_err();
        assert!(matches!(error, Error::ConnectionLost), "{has_goaway} {has_request}: {error:?}");
    }
    // Before the SETTINGS.
    let (near, far) = tokio::io::duplex(1 << 16);
    drop(far);
    assert!(matches!(Client::handshake(near).await.unwrap_err(), Error::ConnectionLost));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_at_the_deadline() {
    let start = Instant::now();
    let (near, _far) = tokio::io::duplex(1 << 16);
    let error = Client::handshake(near).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut(TimedOut::Handshake)), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 10);

    let (client, mut requests) = h2_server::client(builder()).await;
    let start = Instant::now();
    let error = client.connect(&request()).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut(TimedOut::Handshake)), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 10);
    // The request is cancelled.
    let (_, mut respond) = requests.recv().await.unwrap();
    let reset = poll_fn(|cx| respond.poll_reset(cx)).await.unwrap();
    assert_eq!(reset, Reason::CANCEL);
}

#[tokio::test(start_paused = true)]
async fn wait_for_a_free_stream_ends_at_the_deadline() {
    let mut one = builder();
    one.max_concurrent_streams(1);
    let (client, mut requests) = h2_server::client(one).await;
    let (socket, sender, receiver) = h2_server::open(&client, &mut requests).await;
    let error = client.connect(&request()).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut(TimedOut::Handshake)), "{error:?}");
    // It is cancelled when there is a free stream.
    drop((socket, sender, receiver));
    let (_, mut respond) = requests.recv().await.unwrap();
    let reset = poll_fn(|cx| respond.poll_reset(cx)).await.unwrap();
    assert_eq!(reset, Reason::CANCEL);
    drop(respond);
    let _opened = h2_server::open(&client, &mut requests).await;
}

#[tokio::test(start_paused = true)]
async fn refusal_has_the_status_the_fields_and_the_beginning_of_the_body() {
    /// The status, a field, the body in chunks, and whether the stream ends after it.
    type Row = (u16, (&'static str, &'static str), &'static [&'static str], bool);
    let rows: [Row; 5] = [
        (403, ("x-reason", "origin"), &["no ", "entry"], true),
        (401, ("www-authenticate", "Bearer"), &[], true),
        (302, ("location", "https://other.example/"), &[], true),
        (503, ("retry-after", "9"), &["later"], false),
        (404, ("content-length", "4"), &["none"], false),
    ];
    for (status, (name, value), body, ends) in rows {
        let (client, mut requests) = h2_server::client(builder()).await;
        let start = Instant::now();
        let request = request();
        let (opened, _sender) = tokio::join!(client.connect(&request), async {
            let (_, mut respond) = requests.recv().await.unwrap();
            let response = Response::builder().status(status).header(name, value).body(());
            let mut sender = respond.send_response(response.unwrap(), false).unwrap();
            for chunk in body {
                sender.send_data(Bytes::from(*chunk), false).unwrap();
            }
            if ends {
                sender.send_data(Bytes::new(), true).unwrap();
            }
            sender
        });
        let error = rejected(opened.unwrap_err());
        let text = error.to_string();
        let E::UnexpectedStatus(response) = error else { panic!("{text}") };
        assert!(text.contains(&format!("answered {status} instead of 200")), "{text}");
        assert_eq!((response.status(), response.headers().get(name)), (status, Some(value)));
        assert_eq!(response.body(), &body.concat());
        // The last of them is complete by its Content-Length; the one before is not waited for.
        assert_eq!(
            (response.is_complete(), start.elapsed()),
            match status {
                503 => (false, Duration::from_secs(1)),
                _ => (true, Duration::ZERO),
            }
        );
    }
}

/// The result of a client's handshake over HTTP/1.1 with these fields in the response.
fn by_http_1_1(request: &ClientRequest, config: &Config, fields: &[(&str, &str)]) -> Result<(), E> {
    let request = request.clone().websocket_key([0; 16]);
    let entropy = Entropy::from_seed([7; 32]);
    let mut handshake = ClientHandshake::new(&request, config.clone(), entropy);
    let accept = accept_key("AAAAAAAAAAAAAAAAAAAAAA==").unwrap();
    let mut head = format!(
        "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n",
        accept
    );
    fields.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    handshake.input().put_slice(format!("{head}\r\n").as_bytes());
    handshake.receive().map(|opened| assert!(opened.is_some()))
}

#[tokio::test]
async fn response_is_judged_as_over_http_1_1() {
    const SUBPROTOCOL: &str = "sec-websocket-protocol";
    const EXTENSIONS: &str = "sec-websocket-extensions";
    let rows: [&[(&str, &str)]; 11] = [
        &[],
        &[(SUBPROTOCOL, "chat")],
        &[(SUBPROTOCOL, "soap")],
        &[(SUBPROTOCOL, "")],
        &[(SUBPROTOCOL, "chat"), (SUBPROTOCOL, "chat")],
        &[(SUBPROTOCOL, "chat"), (EXTENSIONS, "permessage-deflate")],
        &[(SUBPROTOCOL, "chat"), (EXTENSIONS, "permessage-deflate; server_max_window_bits=99")],
        &[(SUBPROTOCOL, "chat"), (EXTENSIONS, "x-other")],
        &[(SUBPROTOCOL, "chat"), (EXTENSIONS, ",")],
        &[(SUBPROTOCOL, "chat"), ("x-long", "long"), ("x-more", "more")],
        // §5: it is not processed.
        &[(SUBPROTOCOL, "chat"), ("x-many", "a"), ("x-many", "b"), ("x-many", "c"), ("x", "d")],
    ];
    let offer = request().subprotocol("chat").unwrap().require_subprotocol();
    let (client, mut requests) = h2_server::client(builder()).await;
    let mut accepted = 0;
    for fields in rows {
        // Seven fields at most, with the three that only HTTP/1.1 has.
        for config in [Config::new(), Config::new().deflate(Deflate::new())] {
            let options = Options::new().config(config.clone());
            let (opened, _sender) = tokio::join!(client.connect_with(&options, &offer), async {
                let (_, mut respond) = requests.recv().await.unwrap();
                let mut response = Response::builder().status(204);
                for (name, value) in fields {
                    response = response.header(*name, *value);
                }
                respond.send_response(response.body(()).unwrap(), false).unwrap()
            });
            let found = opened.map(|_| ()).map_err(rejected);
            assert_eq!(found, by_http_1_1(&offer, &config, fields), "{fields:?}");
            accepted += usize::from(found.is_ok());
        }
    }
    assert!((5..12).contains(&accepted), "{accepted} rows are accepted");
}

#[tokio::test]
async fn head_over_a_limit_is_refused() {
    let (client, mut requests) = h2_server::client(builder()).await;
    for (size, is_kept) in [(17 * 1024, true), (100 * 1024, false)] {
        let request = request();
        let (opened, sent) = tokio::join!(client.connect(&request), async {
            let (_, mut respond) = requests.recv().await.unwrap();
            let response = Response::builder().header("x-large", "x".repeat(size)).body(());
            respond.send_response(response.unwrap(), false)
        });
        let error = opened.unwrap_err();
        match is_kept {
            true => assert!(matches!(rejected(error), E::Head(HeadError::LineTooLong { .. }))),
            // h2 does not send it, or resets the stream that it receives it on.
            false => assert!(matches!(error, Error::Io(_)), "{error:?} {sent:?}"),
        }
    }
}
