//! axum's routes with the extractor.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};
use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use sansocket::axum::{
    CloseFrame, Message, Options, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code,
};
use sansocket::deflate::Deflate;
use sansocket::{
    ClientRequest, CloseCode, Config, Error, Event, Guard, HandshakeError, ResponseError, TimedOut,
    Timeouts,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::serve::{connect, http2, request};

/// Serves a router on loopback; returns the address.
async fn listen(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let app = app.route("/settings", get(|| async {}));
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

type Client = sansocket::tokio::WebSocket<sansocket::tokio::MaybeTlsStream>;

async fn open(address: &str) -> Client {
    sansocket::tokio::connect(&format!("ws://{address}/ws")).await.unwrap()
}

/// The status with which a request is refused, and the body of the response.
async fn refused(address: &str, request: &str, header: Option<(&str, &str)>) -> (u16, String) {
    let mut request = ClientRequest::new(request).unwrap();
    if let Some((name, value)) = header {
        request = request.header(name, value).unwrap();
    }
    let stream = TcpStream::connect(address).await.unwrap();
    match sansocket::tokio::connect_with_stream(stream, &request).await {
        Err(sansocket::Error::Handshake(HandshakeError::Response(
            ResponseError::UnexpectedStatus(response),
        ))) => (response.status(), String::from_utf8(response.body().to_vec()).unwrap()),
        other => panic!("{other:?}"),
    }
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let is_echoed = matches!(message, Message::Text(_) | Message::Binary(_));
        if is_echoed && socket.send(message).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn route_echoes_and_closes() {
    let app = Router::new().route("/ws", any(async |ws: WebSocketUpgrade| ws.on_upgrade(echo)));
    let mut socket = open(&listen(app).await).await;
    for message in ["", "text", "ä€😀"] {
        socket.send(message).await.unwrap();
        assert_eq!(socket.recv().await.unwrap(), Some(message.into()));
    }
    assert!(socket.close(CloseCode::NORMAL, "").await.unwrap().was_clean());
}

#[tokio::test]
async fn control_frames_are_messages_and_the_end_is_none() {
    let (seen, mut log) = mpsc::unbounded_channel();
    let handler = async |ws: WebSocketUpgrade, State(seen): State<mpsc::UnboundedSender<_>>| {
        ws.on_upgrade(async move |mut socket| {
            socket.send(Message::Ping("a".into())).await.unwrap();
            while let Some(received) = socket.recv().await {
                seen.send(Some(received.unwrap())).unwrap();
            }
            seen.send(None).unwrap();
        })
    };
    let app = Router::new().route("/ws", any(handler)).with_state(seen);
    let mut socket = open(&listen(app).await).await;
    socket.ping().await.unwrap();
    socket.close(CloseCode::new(4001).unwrap(), "bye").await.unwrap();
    let mut messages = vec![];
    while let Some(Some(message)) = log.recv().await {
        messages.push(message);
    }
    assert!(matches!(&messages[0], Message::Ping(_)), "{messages:?}");
    let close = Message::Close(Some(CloseFrame { code: 4001, reason: "bye".into() }));
    assert_eq!(messages[1..], [Message::Pong("a".into()), close][..]);
}

#[tokio::test]
async fn close_frame_of_a_handler_arrives_with_code_and_reason() {
    let app = Router::new().route(
        "/ws",
        any(async |ws: WebSocketUpgrade| {
            ws.on_upgrade(async |mut socket| {
                let bad = CloseFrame { code: 1006, reason: Utf8Bytes::from_static("") };
                let error = socket.send(Message::Close(Some(bad))).await.unwrap_err();
                assert!(error.to_string().contains("1006"), "{error}");
                let frame = CloseFrame {
                    code: close_code::AWAY,
                    reason: Utf8Bytes::from_static("Goodbye"),
                };
                socket.send(Message::Close(Some(frame))).await.unwrap();
                while socket.recv().await.is_some() {}
            })
        }),
    );
    let mut socket = open(&listen(app).await).await;
    assert_eq!(socket.recv().await.unwrap(), None);
    let closed = socket.closed().unwrap();
    assert_eq!((closed.code(), closed.reason()), (1001, "Goodbye"));
}

#[tokio::test]
async fn halves_of_stream_ext_send_and_receive() {
    let app = Router::new().route(
        "/ws",
        any(async |ws: WebSocketUpgrade| {
            ws.on_upgrade(async |socket| {
                let (mut sender, mut receiver) = socket.split();
                while let Some(Ok(Message::Text(text))) = receiver.next().await {
                    sender.send(Message::text(text.to_uppercase())).await.unwrap();
                }
            })
        }),
    );
    let mut socket = open(&listen(app).await).await;
    socket.send("loud").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some("LOUD".into()));
}

#[tokio::test]
async fn settings_of_the_route_reach_the_connection() {
    let handler = async |ws: WebSocketUpgrade| {
        let offered: Vec<_> = ws.requested_protocols().map(String::from).collect();
        let ws = ws.protocols(["b", "no token", "a"]).max_message_size(4).deflate(Deflate::new());
        assert_eq!(ws.selected_protocol().unwrap(), "b");
        ws.header("X-Offered", offered.join("+")).unwrap().on_upgrade(async |mut socket| {
            let name = socket.protocol().unwrap().to_str().unwrap().to_owned();
            socket.send(name.into()).await.unwrap();
            assert!(socket.get_ref().deflate().is_some());
            let error = socket.recv().await.unwrap().unwrap_err();
            assert!(matches!(error, sansocket::Error::Protocol(_)), "{error:?}");
            assert!(socket.recv().await.is_none(), "after an error");
        })
    };
    let address = listen(Router::new().route("/ws", any(handler))).await;
    let request = ClientRequest::new(&format!("ws://{address}/ws")).unwrap();
    let request = request.subprotocol("a").unwrap().subprotocol("b").unwrap();
    let options = sansocket::tokio::Options::new().config(Config::new().deflate(Deflate::new()));
    let stream = TcpStream::connect(&address).await.unwrap();
    let (mut socket, response) = options.connect_with_stream(stream, &request).await.unwrap();
    assert_eq!(response.headers().get("X-Offered"), Some("a+b"));
    assert_eq!(socket.subprotocol(), Some("b"));
    assert_eq!(socket.recv().await.unwrap(), Some("b".into()));
    socket.send("12345").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), None);
    assert_eq!(socket.closed().unwrap().code(), 1009);
}

#[tokio::test]
async fn guard_is_on_by_default_and_lists_names() {
    let default = Router::new().route("/ws", any(async |ws: WebSocketUpgrade| ws.on_upgrade(echo)));
    let address = listen(default.clone()).await;
    let local = format!("ws://{address}/ws");
    let evil = Some(("Origin", "https://evil.example"));
    assert_eq!(refused(&address, &local, evil).await.0, 403);
    let (status, body) = refused(&address, "ws://chat.example/ws", None).await;
    assert!(status == 421 && body.contains("name"), "{status} {body}");

    let guard = Guard::hosts(["https://chat.example"]).unwrap();
    let listed = default.clone().layer(Extension(Options::new().guard(guard.clone())));
    let address = listen(listed).await;
    let request = ClientRequest::new("ws://chat.example/ws").unwrap();
    let stream = TcpStream::connect(&address).await.unwrap();
    sansocket::tokio::connect_with_stream(stream, &request).await.unwrap();
    // The names of the loopback interface stay.
    sansocket::tokio::connect(&format!("ws://{address}/ws")).await.unwrap();

    let open = any(async |ws: WebSocketUpgrade| ws.allow_every_host_and_origin().on_upgrade(echo));
    let address = listen(Router::new().route("/ws", open)).await;
    let request = ClientRequest::new("ws://other.example/ws").unwrap();
    let request = request.header("Origin", "https://evil.example").unwrap();
    let stream = TcpStream::connect(&address).await.unwrap();
    sansocket::tokio::connect_with_stream(stream, &request).await.unwrap();
}

#[tokio::test]
async fn one_route_serves_pages_and_connections() {
    async fn handler(ws: Option<WebSocketUpgrade>) -> Response {
        match ws {
            Some(ws) => ws.on_upgrade(echo),
            None => "a page".into_response(),
        }
    }
    let address = listen(Router::new().route("/ws", any(handler))).await;
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let plain = b"GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert!(crate::serve::response(&mut stream, plain).await.ends_with("a page"));
    let mut sender = http2(TcpStream::connect(&address).await.unwrap()).await;
    let plain = http::Request::get("http://localhost/ws").body(Default::default()).unwrap();
    assert_eq!(sender.send_request(plain).await.unwrap().status(), 200);
    open(&address).await;
}

#[tokio::test]
async fn route_serves_http_2_with_any_and_refuses_it_with_get() {
    let handler = async |ws: WebSocketUpgrade| ws.deflate(Deflate::new()).on_upgrade(echo);
    let app = Router::new().route("/ws", any(handler)).route("/get", get(handler));
    let mut sender = http2(TcpStream::connect(&listen(app).await).await.unwrap()).await;
    let refused = sender.send_request(connect("/get", &[])).await.unwrap();
    assert_eq!(refused.status(), 405);
    let offer = &[("sec-websocket-extensions", "permessage-deflate")];
    let response = sender.send_request(connect("/ws", offer)).await.unwrap();
    assert_eq!(response.status(), 200);
    let answer = response.headers()["sec-websocket-extensions"].to_str().unwrap().to_owned();
    assert!(answer.starts_with("permessage-deflate"), "{answer}");
    let stream = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    let mut socket = sansocket::tokio::WebSocket::client(stream, Config::new()).unwrap();
    socket.send("over HTTP/2").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some("over HTTP/2".into()));
}

#[tokio::test]
async fn upgrade_whose_response_is_not_sent_is_reported() {
    let (failed, mut failures) = mpsc::unbounded_channel();
    let handler = async |ws: WebSocketUpgrade, State(failed): State<mpsc::UnboundedSender<_>>| {
        let soon = Timeouts { handshake: Some(Duration::from_millis(10)), ..Timeouts::default() };
        let report = move |error| failed.send(error).unwrap();
        let upgrade = ws.timeouts(soon).on_failed_upgrade(report);
        drop(upgrade.on_upgrade(async |_| panic!("it was not upgraded")));
        "another response"
    };
    let app = Router::new().route("/ws", any(handler)).with_state(failed);
    let mut stream = TcpStream::connect(listen(app).await).await.unwrap();
    let response = crate::serve::response(&mut stream, request("").as_bytes()).await;
    assert!(response.ends_with("another response"), "{response}");
    let error = failures.recv().await.unwrap();
    assert!(matches!(error, Error::TimedOut(TimedOut::Handshake)), "{error:?}");
}

#[tokio::test]
async fn refusal_of_a_route_is_an_unexpected_status_in_a_test_without_a_port() {
    use axum::body::Body;
    use sansocket::hyper::testing::request;
    use tower::ServiceExt;

    let app = Router::new().route("/page", get(async || "a page"));
    for (path, status) in [("/page", 200), ("/nothing", 404)] {
        let uri = ClientRequest::new(&format!("ws://localhost{path}")).unwrap();
        let (request, client) = request::<Body>(&uri).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let error = client.connect(&response).unwrap_err();
        let is_status = matches!(&error, Error::Handshake(HandshakeError::Response(
            ResponseError::UnexpectedStatus(response))) if response.status() == status);
        assert!(is_status, "{error:?}");
    }
}

/// The docs of `sansocket::axum` say so.
#[tokio::test(start_paused = true)]
async fn axum_serve_holds_a_client_that_sends_nothing_or_half_a_request() {
    let app = Router::new().route("/ws", any(async |ws: WebSocketUpgrade| ws.on_upgrade(echo)));
    let address = listen(app).await;
    for sent in [&b""[..], b"PRI * HTTP/2.0", b"GET /ws HTTP/1.1\r\nHost:"] {
        let mut client = TcpStream::connect(&address).await.unwrap();
        client.write_all(sent).await.unwrap();
        let hour = Duration::from_secs(3600);
        let read = tokio::time::timeout(hour, client.read_u8()).await;
        assert!(read.is_err(), "{sent:?}: {read:?}");
    }
}

/// A loop of axum's users ends at the first message that is no text, and axum sends no pings.
#[tokio::test(start_paused = true)]
async fn keep_alive_pings_leave_a_loop_over_texts_alone() {
    use axum::body::Body;
    use sansocket::hyper::testing::request_with;
    use tower::ServiceExt;

    async fn by_recv(mut socket: WebSocket) {
        while let Some(Ok(Message::Text(text))) = socket.recv().await {
            socket.send(Message::Text(text)).await.unwrap();
        }
    }
    async fn by_stream(mut socket: WebSocket) {
        while let Some(Ok(Message::Text(text))) = socket.next().await {
            socket.send(Message::Text(text)).await.unwrap();
        }
    }
    let app = Router::new()
        .route("/recv", any(async |ws: WebSocketUpgrade| ws.on_upgrade(by_recv)))
        .route("/stream", any(async |ws: WebSocketUpgrade| ws.on_upgrade(by_stream)));
    // As a browser, which sends no pings.
    let options =
        sansocket::tokio::Options::new().timeouts(Timeouts { ping: None, ..Timeouts::default() });
    for path in ["/recv", "/stream"] {
        let uri = ClientRequest::new(&format!("ws://localhost{path}")).unwrap();
        let (request, client) = request_with::<Body>(&uri, &options).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let mut client = client.connect(&response).unwrap().0;
        for _ in 0..3 {
            let event = client.recv_event().await.unwrap();
            assert!(matches!(event, Some(Event::Ping(_))), "{event:?}");
        }
        client.send("still there").await.unwrap();
        assert_eq!(client.recv().await.unwrap(), Some("still there".into()));
    }
}
