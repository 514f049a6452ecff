//! Spans and events of connections in HTTP servers.

use std::time::Duration;

use axum::body::Body;
use axum::routing::any;
use axum::{Extension, Router};
use sansocket::axum::{Options, WebSocketUpgrade};
use sansocket::hyper::testing::request;
use sansocket::{ClientRequest, CloseCode, Guard, Timeouts};
use tower::ServiceExt;

use crate::collector::Collector;

/// Runs this on a runtime whose clock is paused, and collects what happens.
fn collect(test: impl Future<Output = ()>) -> Collector {
    let collector = Collector::default();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    collector.on(|| runtime.block_on(test));
    collector
}

fn client(uri: &str) -> ClientRequest {
    ClientRequest::new(uri).unwrap().header("Cookie", "secret").unwrap()
}

#[test]
fn span_of_a_route_has_the_path_without_the_query() {
    let collector = collect(async {
        let app = Router::new().route(
            "/chat/{room}",
            any(async |ws: WebSocketUpgrade| {
                ws.protocols(["v1"])
                    .on_upgrade(async |mut socket| while socket.recv().await.is_some() {})
            }),
        );
        let uri = client("ws://localhost/chat/7?token=secret").subprotocol("v1").unwrap();
        let (request, client) = request::<Body>(&uri).unwrap();
        let response = app.oneshot(request).await.unwrap();
        let (mut socket, _) = client.connect(&response).unwrap();
        socket.close(CloseCode::NORMAL, "").await.unwrap();
        tokio::task::yield_now().await;
    });
    assert_eq!(collector.spans("server"), ["websocket role=server path=/chat/7 subprotocol=v1"]);
    let events = collector.events("server");
    assert_eq!(events[0], "handshake accepted");
    assert!(events.iter().any(|event| event.starts_with("close received code=1000")), "{events:?}");
    assert!(!collector.all().contains("secret"), "{}", collector.all());
}

#[test]
fn refusal_by_the_guard_is_an_event() {
    let collector = collect(async {
        let app = Router::new()
            .route("/", any(async |ws: WebSocketUpgrade| ws.on_upgrade(async |_| unreachable!())));
        let (request, _) = request::<Body>(&client("ws://other.example/?secret")).unwrap();
        assert_eq!(app.oneshot(request).await.unwrap().status(), 421);
    });
    let events = collector.events("");
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(events[0].starts_with("handshake refused status=421 error="), "{events:?}");
    // An application that has never heard of a guard reads what to call.
    assert!(events[1].starts_with("refused by the default guard"), "{events:?}");
    assert!(events[1].contains("Options::guard(Guard::hosts"), "{events:?}");
    assert!(!collector.all().contains("secret"), "{}", collector.all());
}

#[test]
fn refusal_by_a_guard_of_the_application_is_no_warning() {
    let collector = collect(async {
        let options = Options::new().guard(Guard::loopback());
        let app = Router::new()
            .route("/", any(async |ws: WebSocketUpgrade| ws.on_upgrade(async |_| unreachable!())))
            .layer(Extension(options));
        let (request, _) = request::<Body>(&client("ws://other.example/")).unwrap();
        assert_eq!(app.oneshot(request).await.unwrap().status(), 421);
    });
    let events = collector.events("");
    assert!(events.len() == 1 && events[0].starts_with("handshake refused"), "{events:?}");
}

#[test]
fn upgrade_that_fails_is_logged_by_default() {
    let collector = collect(async {
        let app = Router::new().route(
            "/",
            any(async |ws: WebSocketUpgrade| {
                let soon =
                    Timeouts { handshake: Some(Duration::from_secs(1)), ..Timeouts::default() };
                drop(ws.timeouts(soon).on_upgrade(async |_| unreachable!()));
            }),
        );
        let (sender, connection) = tokio::io::duplex(1024);
        let service = hyper_util::service::TowerToHyperService::new(app);
        let io = hyper_util::rt::TokioIo::new(connection);
        let served = hyper::server::conn::http1::Builder::new()
            .serve_connection(io, service)
            .with_upgrades();
        tokio::spawn(served);
        let mut sender = sender;
        let head = crate::serve::request("").replace("/ws", "/");
        crate::serve::response(&mut sender, head.as_bytes()).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    });
    let events = collector.events("");
    assert!(events.iter().any(|event| event.starts_with("upgrade failed error=")), "{events:?}");
}

#[test]
fn clients_of_http_2_have_a_span_and_their_refusals_an_event() {
    let collector = collect(async {
        let (client, mut requests) = crate::h2_server::client(crate::h2_server::builder()).await;
        let address = self::client("ws://localhost/chat?token=secret");
        let (opened, streams) = tokio::join!(client.connect(&address), async {
            crate::h2_server::accept(requests.recv().await.unwrap())
        });
        drop((opened.unwrap(), streams));
        let (refused, ()) = tokio::join!(client.connect(&address), async {
            let (_, mut respond) = requests.recv().await.unwrap();
            let response = http::Response::builder().status(403).body(()).unwrap();
            respond.send_response(response, true).unwrap();
        });
        refused.unwrap_err();
        let (reset, ()) = tokio::join!(client.connect(&address), async {
            requests.recv().await.unwrap().1.send_reset(h2::Reason::REFUSED_STREAM);
        });
        reset.unwrap_err();
    });
    assert_eq!(collector.spans("client"), ["websocket role=client path=/chat"; 3]);
    let events = collector.events("client");
    assert_eq!(events[0], "handshake accepted");
    assert!(events.iter().any(|event| event.contains("status=403")), "{events:?}");
    assert!(events.last().unwrap().contains("handshake failed"), "{events:?}");
    assert!(!collector.all().contains("secret"), "{}", collector.all());
}
