//! Bad input at every door of a server: HTTP/1.1, HTTP/2 by the client of h2, and HTTP/2 by frames
//! that no client sends. RFC 6455 §4.2.1, RFC 8441 §5, RFC 9113 §8.
//!
//! | input | test |
//! |---|---|
//! | CONNECT without `:protocol`, or with another one | `every_bad_request_of_http_2_…` |
//! | two `Host`, `Host` and `:authority` that differ | the same, and `…_of_http_1_1_…` |
//! | `Connection`, `Upgrade`; pseudo-header fields that are missing | `frames_that_no_client_…` |
//! | a body | both versions, `body_of_an_upgrade_…`, `connect_that_ends_its_stream_…` |
//! | a handler that does not accept, or never returns | `handler_that_…` |
//! | clients that leave half-way, 20,000 of them | `half_way.rs`: tasks, descriptors, memory |
//! | the same behind axum, in a group | `routes_of_axum_…`, `group_is_empty_…` |

use axum::Router;
use axum::extract::State;
use axum::routing::any;
use bytes::Bytes;
use futures_util::future::poll_immediate;
use h2::Reason;
use h2::client::SendRequest;
use h2::ext::Protocol;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use sansocket::RequestError as E;
use sansocket::axum::{WebSocket, WebSocketUpgrade};
use sansocket::group::Group;
use sansocket::hyper::Options;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};

use crate::serve::{request, response, serve, sockets, spawn_echo, until_no_task_is_left};

/// Names the error of a bad request in a field, and echoes on a good one.
async fn service(mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    let upgrade = match Options::new().upgrade(&mut request) {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            let error = format!("{:?}", rejection.error());
            let mut response = rejection.into_response::<Full<Bytes>>();
            response.headers_mut().insert("x-error", error.parse().unwrap());
            return response;
        }
    };
    let (response, on_upgrade) = upgrade.accept();
    spawn_echo(on_upgrade);
    response
}

/// A client of HTTP/2 that has the server's SETTINGS.
async fn client() -> SendRequest<Bytes> {
    let (near, far) = sockets().await;
    serve(far, service);
    let (sender, connection) = h2::client::handshake(near).await.unwrap();
    tokio::spawn(connection);
    let mut ready = sender.clone().ready().await.unwrap();
    let plain = Request::get("http://localhost:9001/").body(()).unwrap();
    ready.send_request(plain, true).unwrap().0.await.unwrap();
    assert!(sender.is_extended_connect_protocol_enabled());
    sender
}

/// The status and the error, or the code of RST_STREAM; none at the end of the connection.
type Answer = Result<(u16, String), Option<Reason>>;

async fn answer(sender: SendRequest<Bytes>, request: Request<()>) -> Answer {
    let mut sender = sender.ready().await.unwrap();
    let (response, _body) = sender.send_request(request, false).unwrap();
    let response = response.await.map_err(|error| error.reason())?;
    let error = response.headers().get("x-error").map_or("", |it| it.to_str().unwrap());
    Ok((response.status().as_u16(), error.to_owned()))
}

fn is(status: u16, error: E) -> Answer {
    Ok((status, format!("{error:?}")))
}

/// The method, `:protocol`, the target, and the fields without the version.
type Row = (
    &'static str,
    Option<&'static str>,
    &'static str,
    &'static [(&'static str, &'static str)],
    fn() -> Answer,
);

const URL: &str = "http://localhost:9001/ws";

const ROWS: &[Row] = &[
    ("CONNECT", Some("websocket"), URL, &[], || Ok((200, String::new()))),
    // RFC 9113 §8.5: a CONNECT without :protocol has no :scheme and :path.
    ("CONNECT", None, "localhost:9001", &[], || is(501, E::ConnectProtocol)),
    ("CONNECT", Some("connect-udp"), URL, &[], || is(501, E::ConnectProtocol)),
    ("CONNECT", Some("WebSocket"), URL, &[], || is(501, E::ConnectProtocol)),
    ("CONNECT", Some(""), URL, &[], || is(501, E::ConnectProtocol)),
    ("GET", None, URL, &[], || is(405, E::NotConnect)),
    // h2 finds a :protocol that is not of a CONNECT.
    ("GET", Some("websocket"), URL, &[], || Err(Some(Reason::PROTOCOL_ERROR))),
    ("CONNECT", Some("websocket"), URL, &[("host", "localhost:9001")], || Ok((200, String::new()))),
    ("CONNECT", Some("websocket"), URL, &[("host", "a.example")], || is(400, E::Host)),
    (
        "CONNECT",
        Some("websocket"),
        URL,
        &[("host", "localhost:9001"), ("host", "localhost:9001")],
        || is(400, E::Host),
    ),
    ("CONNECT", Some("websocket"), URL, &[("sec-websocket-protocol", "a b")], || {
        is(400, E::MalformedSubprotocols)
    }),
    // hyper finds a body of a CONNECT, and ends the connection.
    ("CONNECT", Some("websocket"), URL, &[("content-length", "5")], || Err(None)),
    ("CONNECT", Some("websocket"), URL, &[("te", "trailers")], || Ok((200, String::new()))),
];

/// The request of a row, with a version.
fn request_of(
    (method, protocol, target): (&str, Option<&'static str>, &str),
    fields: &[(&str, &str)],
) -> Request<()> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let mut request = request.header("sec-websocket-version", "13").body(()).unwrap();
    if let Some(protocol) = protocol {
        request.extensions_mut().insert(Protocol::from_static(protocol));
    }
    request
}

#[tokio::test]
async fn every_bad_request_of_http_2_has_a_typed_error() {
    for &(method, protocol, target, fields, expected) in ROWS {
        let request = request_of((method, protocol, target), fields);
        let found = answer(client().await, request).await;
        assert_eq!(found, expected(), "{method} {protocol:?} {target} {fields:?}");
    }
    until_no_task_is_left().await;
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let len = u8::try_from(payload.len()).unwrap();
    [&[0, 0, len, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// A field of HPACK that is not indexed (RFC 7541 §6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}

/// Sends HEADERS with these fields on a connection of its own; returns `:status`, or the code of
/// RST_STREAM or GOAWAY.
async fn frames(stream: &mut DuplexStream, fields: &[(&str, &str)]) -> Result<Vec<u8>, u32> {
    let block: Vec<u8> = fields.iter().flat_map(|(name, value)| field(name, value)).collect();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    // SETTINGS, its acknowledgement, and HEADERS with END_HEADERS.
    let sent = [preface, &*frame(4, 0, 0, &[]), &frame(4, 1, 0, &[]), &frame(1, 4, 1, &block)];
    stream.write_all(&sent.concat()).await.unwrap();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let len = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; len];
        stream.read_exact(&mut payload).await.unwrap();
        let code = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
        match head[3] {
            1 => return Ok(payload),
            3 => return Err(code(0)),
            7 => return Err(code(4)),
            _ => {}
        }
    }
}

#[tokio::test]
async fn frames_that_no_client_of_http_2_sends_are_refused() {
    const GOOD: [(&str, &str); 6] = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":path", "/ws"),
        (":authority", "localhost:9001"),
        ("sec-websocket-version", "13"),
    ];
    let protocol_error = Err(Reason::PROTOCOL_ERROR.into());
    /// A pseudo-header field that is left out, and fields that are added.
    type Row = (&'static str, &'static [(&'static str, &'static str)]);
    let malformed: [Row; 9] = [
        // §5: "They MUST NOT be included in the CONNECT request"; h2 finds them.
        ("", &[("connection", "upgrade")]),
        ("", &[("upgrade", "websocket")]),
        ("", &[("transfer-encoding", "chunked")]),
        ("", &[("te", "gzip")]),
        // §4: ":scheme and :path … MUST also be included"
        (":scheme", &[]),
        (":path", &[]),
        (":protocol", &[]),
        (":method", &[]),
        // RFC 9113 §8.2.1: names are lower case.
        ("", &[("Origin", "http://localhost:9001")]),
    ];
    // `:status` 200 and 400 have numbers 8 and 12 in HPACK's static table. `Host` stands in for
    // `:authority`.
    let answered: [(Row, u8); 3] = [
        (("", &[]), 0x80 + 8),
        ((":authority", &[("host", "localhost:9001")]), 0x80 + 8),
        ((":authority", &[]), 0x80 + 12),
    ];
    let rows = malformed.into_iter().map(|row| (row, protocol_error));
    for ((left_out, added), expected) in rows.chain(answered.map(|(row, status)| (row, Ok(status))))
    {
        let (mut near, far) = tokio::io::duplex(1 << 16);
        serve(far, service);
        let kept = GOOD.iter().filter(|(name, _)| *name != left_out);
        let fields: Vec<_> = kept.chain(added).copied().collect();
        let found = frames(&mut near, &fields).await.map(|block| block[0]);
        assert_eq!(found, expected, "{left_out} {added:?}");
    }
    until_no_task_is_left().await;
}

#[tokio::test]
async fn every_bad_request_of_http_1_1_has_a_typed_error() {
    for (lines, status, error) in [
        ("Host: localhost:9001\r\n", 400, E::Host),
        ("Content-Length: 5\r\n", 400, E::Body),
        ("Transfer-Encoding: chunked\r\n", 400, E::Body),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400, E::Key),
        ("Sec-WebSocket-Protocol: ,\r\n", 400, E::MalformedSubprotocols),
        ("Sec-WebSocket-Version: 8\r\n", 426, E::WebSocketVersion),
    ] {
        let (mut client, server) = sockets().await;
        serve(server, service);
        let head = response(&mut client, request(lines).as_bytes()).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{lines}: {head}");
        assert!(head.contains(&format!("x-error: {error:?}\r\n")), "{lines}: {head}");
    }
    until_no_task_is_left().await;
}

#[tokio::test]
async fn body_of_an_upgrade_is_not_read_as_frames() {
    // A text frame and a Close frame as the body of the request.
    let body = b"\x81\x82\0\0\0\0hi\x88\x82\0\0\0\0\x03\xe8";
    let head = request(&format!("Content-Length: {}\r\n", body.len()));
    let (mut client, server) = sockets().await;
    serve(server, service);
    let refused = response(&mut client, &[head.as_bytes(), body].concat()).await;
    assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
    // The next request of the connection, or its end, follows: no frames.
    client.shutdown().await.unwrap();
    let mut rest = vec![];
    client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
    drop(client);
    until_no_task_is_left().await;
}

#[tokio::test]
async fn handler_that_never_accepts_is_dropped_with_the_client() {
    async fn never(mut request: Request<Incoming>) -> Response<Full<Bytes>> {
        let _upgrade = match Options::new().upgrade(&mut request) {
            Ok(upgrade) => upgrade,
            Err(rejection) => return rejection.into_response(),
        };
        std::future::pending().await
    }
    let (mut client, server) = sockets().await;
    serve(server, never);
    client.write_all(request("").as_bytes()).await.unwrap();
    drop(client);

    let (near, far) = sockets().await;
    serve(far, never);
    let (client, connection) = sansocket::h2::Client::handshake(near).await.unwrap();
    tokio::spawn(connection);
    let request = sansocket::ClientRequest::new(URL.replace("http", "ws").as_str()).unwrap();
    let connecting = client.connect(&request);
    let soon = std::time::Duration::from_millis(20);
    assert!(tokio::time::timeout(soon, connecting).await.is_err(), "it was accepted");
    drop(client);
    until_no_task_is_left().await;
}

#[tokio::test]
async fn connect_that_ends_its_stream_is_accepted_and_lost() {
    let mut sender = client().await.ready().await.unwrap();
    let request = Request::connect(URL)
        .header("sec-websocket-version", "13")
        .extension(Protocol::from_static("websocket"))
        .body(())
        .unwrap();
    // HEADERS with END_STREAM
    let (response, _) = sender.send_request(request, true).unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    while let Some(data) = body.data().await {
        assert_eq!(data.unwrap(), "");
    }
    drop((sender, body));
    until_no_task_is_left().await;
}

/// A router whose handlers accept, take the upgrade and answer themselves, or never answer.
fn routes(group: &Group) -> Router {
    let handler = async |State(group): State<Group>, ws: WebSocketUpgrade| {
        let receive = async |mut socket: WebSocket| while socket.recv().await.is_some() {};
        let response = ws.group(&group, None).on_upgrade(receive);
        // The client may leave after the upgrade was accepted, and before the response is there.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        response
    };
    let ignores = async |_: WebSocketUpgrade| "not a WebSocket";
    let never = async |ws: WebSocketUpgrade| {
        let _ws = ws;
        std::future::pending::<()>().await;
    };
    Router::new()
        .route("/ws", any(handler))
        .route("/ignores", any(ignores))
        .route("/never", any(never))
        .with_state(group.clone())
}

/// Serves a router on one connection, in a task.
fn serve_router(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, app: Router) {
    tokio::spawn(async move {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http2().enable_connect_protocol();
        let service = TowerToHyperService::new(app);
        let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
    });
}

#[tokio::test]
async fn routes_of_axum_answer_bad_requests_as_the_service_does() {
    let group = Group::new();
    for (lines, status) in [
        ("Host: localhost:9001\r\n", 400),
        ("Content-Length: 5\r\n", 400),
        ("Transfer-Encoding: chunked\r\n", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400),
        ("Sec-WebSocket-Version: 8\r\n", 426),
        ("Origin: https://evil.example\r\n", 403),
    ] {
        let (mut client, server) = tokio::io::duplex(4096);
        serve_router(server, routes(&group));
        let head = response(&mut client, request(lines).as_bytes()).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{lines}: {head}");
    }
    for &(method, protocol, target, fields, expected) in ROWS {
        let (near, far) = tokio::io::duplex(1 << 16);
        serve_router(far, routes(&group));
        let (sender, connection) = h2::client::handshake(near).await.unwrap();
        tokio::spawn(connection);
        let request = request_of((method, protocol, target), fields);
        let mut ready = sender.clone().ready().await.unwrap();
        let settings = Request::get("http://localhost:9001/settings").body(()).unwrap();
        ready.send_request(settings, true).unwrap().0.await.unwrap();
        let found = answer(sender, request).await.map(|(status, _)| status);
        // A CONNECT without a path is on no route.
        let expected = match expected().map(|(status, _)| status) {
            Ok(501) if !target.ends_with("/ws") => Ok(404),
            expected => expected,
        };
        assert_eq!(found, expected, "{method} {protocol:?} {target} {fields:?}");
    }
    group.empty().await;
    until_no_task_is_left().await;
}

#[tokio::test]
async fn handler_of_axum_that_ignores_the_upgrade_answers_as_it_likes() {
    let group = Group::new();
    let (mut client, server) = tokio::io::duplex(4096);
    serve_router(server, routes(&group));
    let ignored = request("").replace("/ws", "/ignores");
    for _ in 0..2 {
        let answer = response(&mut client, ignored.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("not a WebSocket"));
    }
    // One that waits for ever is dropped with the client.
    client.write_all(request("").replace("/ws", "/never").as_bytes()).await.unwrap();
    drop(client);
    until_no_task_is_left().await;
}

#[tokio::test]
async fn group_is_empty_after_upgrades_that_clients_drop_half_way() {
    let group = Group::new();
    let app = routes(&group);
    let request = request("");
    for at in 0..1000 {
        let (mut client, server) = tokio::io::duplex(4096);
        serve_router(server, app.clone());
        client.write_all(&request.as_bytes()[..request.len() - at % 3]).await.unwrap();
        for _ in 0..at % 7 {
            tokio::task::yield_now().await;
        }
    }
    let (near, far) = tokio::io::duplex(1 << 16);
    serve_router(far, app);
    let (client, connection) = sansocket::h2::Client::handshake(near).await.unwrap();
    tokio::spawn(connection);
    let request = sansocket::ClientRequest::new("ws://localhost:9001/ws").unwrap();
    for at in 0..1000 {
        let mut connecting = Box::pin(client.connect(&request));
        for _ in 0..at % 7 {
            if poll_immediate(&mut connecting).await.is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    drop(client);
    until_no_task_is_left().await;
    assert!(group.is_empty(), "{} are left", group.len());
}
