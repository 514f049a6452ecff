//! Routes and services in tests without a port, over both versions of HTTP: RFC 8441 §5.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::{any, get, post};
use http::Request;
use sansocket::axum::{Message, WebSocketUpgrade};
use sansocket::deflate::Deflate;
use sansocket::hyper::testing::{
    TestClient, http2_request, http2_request_with, request, request_with,
};
use sansocket::tokio::Options;
use sansocket::{ClientRequest, CloseCode, Config, Error, InvalidUri};
use tower::ServiceExt;

async fn echo(ws: WebSocketUpgrade) -> Response {
    ws.protocols(["chat"]).deflate(Deflate::new()).on_upgrade(async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if let Message::Text(_) = message {
                socket.send(message).await.unwrap();
            }
        }
    })
}

/// Makes a request of one of the versions.
type Make = fn(&ClientRequest, &Options) -> Result<(Request<Body>, TestClient), Error>;

const VERSIONS: [(Make, u16); 2] = [(request_with, 101), (http2_request_with, 200)];

#[tokio::test]
async fn route_is_the_same_over_both_versions() {
    let app = Router::new().route("/ws/{room}", any(echo));
    let uri = ClientRequest::new("ws://localhost/ws/7?a=b").unwrap().subprotocol("chat").unwrap();
    let options = Options::new().config(Config::new().deflate(Deflate::new()));
    for (make, status) in VERSIONS {
        let (request, client) = make(&uri, &options).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let (mut socket, response) = client.connect(&response).unwrap();
        assert_eq!(response.status(), status);
        assert_eq!((socket.subprotocol(), socket.deflate().is_some()), (Some("chat"), true));
        let text = "long ".repeat(1000);
        socket.send(text.as_str()).await.unwrap();
        assert_eq!(socket.recv().await.unwrap(), Some(text.into()));
        assert!(socket.close(CloseCode::NORMAL, "").await.unwrap().was_clean());
    }
}

#[tokio::test]
async fn request_of_http_2_is_that_of_the_example() {
    // RFC 8441 §5.1
    let uri = ClientRequest::new("wss://server.example.com/chat").unwrap();
    let uri = uri.header("Origin", "http://www.example.com").unwrap();
    let (request, _) = http2_request::<()>(&uri).unwrap();
    assert_eq!((request.method().as_str(), request.version()), ("CONNECT", http::Version::HTTP_2));
    assert_eq!(request.uri(), "https://server.example.com/chat");
    let protocol = request.extensions().get::<hyper::ext::Protocol>().unwrap();
    assert_eq!(protocol.as_str(), "websocket");
    assert_eq!(request.headers().len(), 2);
}

#[test]
fn path_that_is_too_long_for_an_http_server_is_an_error() {
    let path = "a".repeat(usize::from(u16::MAX));
    let uri = ClientRequest::new(&format!("ws://localhost/{path}")).unwrap();
    for make in [request::<()>, http2_request::<()>] {
        assert!(matches!(make(&uri), Err(Error::Uri(InvalidUri::Path))));
    }
}

#[tokio::test]
async fn service_of_hyper_is_tested_over_both_versions() {
    let uri = ClientRequest::new("ws://localhost/").unwrap();
    for make in [request::<()>, http2_request::<()>] {
        let (mut request, client) = make(&uri).unwrap();
        let upgrade = sansocket::hyper::Options::new().upgrade(&mut request).unwrap();
        let (response, on_upgrade) = upgrade.accept::<()>();
        tokio::spawn(async move {
            let mut socket = on_upgrade.await?;
            socket.send("welcome").await?;
            socket.close(CloseCode::GOING_AWAY, "bye").await
        });
        let (mut socket, _) = client.connect(&response).unwrap();
        assert_eq!(socket.recv().await.unwrap(), Some("welcome".into()));
        assert_eq!(socket.recv().await.unwrap(), None);
        assert_eq!(socket.closed().unwrap().code(), 1001);
    }
}

#[tokio::test]
async fn guard_refuses_hosts_and_pages_over_both_versions() {
    let app = Router::new().route("/", any(echo));
    for (host, origin, status) in [
        ("localhost", "http://localhost", None),
        ("localhost", "https://evil.example", Some(403)),
        ("evil.example", "http://evil.example", Some(421)),
    ] {
        let uri = ClientRequest::new(&format!("ws://{host}/")).unwrap();
        let uri = uri.header("Origin", origin).unwrap();
        for (make, _) in VERSIONS {
            let (request, client) = make(&uri, &Options::new()).unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            let found = client.connect(&response).err().map(|_| response.status().as_u16());
            assert_eq!(found, status, "{host} {origin}");
        }
    }
}

/// The error of a client, and whether the handler was called.
async fn refused(app: &Router, (request, client): (Request<Body>, TestClient)) -> String {
    let response = app.clone().oneshot(request).await.unwrap();
    client.connect(&response).unwrap_err().to_string()
}

/// The docs of `sansocket::axum` say so.
#[tokio::test]
async fn route_of_get_or_post_refuses_http_2_itself_and_the_client_names_the_remedy() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let handler = async |ws: Result<WebSocketUpgrade, sansocket::http::Rejection>| {
        CALLS.fetch_add(1, Relaxed);
        match ws {
            Ok(ws) => ws.on_upgrade(async |_| ()),
            Err(rejection) => rejection.into_response::<Body>(),
        }
    };
    let app = Router::new().route("/get", get(handler)).route("/post", post(handler));
    let uri = |path| ClientRequest::new(&format!("ws://localhost{path}")).unwrap();
    for (path, allow) in [("/get", "GET,HEAD"), ("/post", "POST")] {
        let text = refused(&app, http2_request(&uri(path)).unwrap()).await;
        assert_eq!(
            text,
            format!(
                "the server answered 405 instead of 200; Allow: {allow}; a WebSocket over HTTP/2 \
                 begins with CONNECT, which the route must take"
            )
        );
    }
    // Over HTTP/1.1 it is no question of CONNECT.
    let text = refused(&app, request(&uri("/post")).unwrap()).await;
    assert_eq!(text, "the server answered 405 instead of 101; Allow: POST");
    assert_eq!(CALLS.load(Relaxed), 0, "axum has called a handler");

    // A POST that is called one.
    let (mut posted, _) = request::<Body>(&uri("/post")).unwrap();
    *posted.method_mut() = http::Method::POST;
    let response = app.clone().oneshot(posted).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["allow"]),
        (405, &"GET".parse().unwrap())
    );
    // A route for pages that a client of HTTP/2 asks for.
    let page = Request::get("http://localhost/get").version(http::Version::HTTP_2);
    let response = app.oneshot(page.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["allow"]),
        (405, &"CONNECT".parse().unwrap())
    );
    assert_eq!(CALLS.load(Relaxed), 2);
}
