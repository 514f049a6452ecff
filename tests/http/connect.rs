//! The opening handshake over HTTP/2: RFC 8441 §4 and §5, and RFC 9220 §3.

use http::{Method, Request, Version};
use sansocket::http::UpgradeRequest;
use sansocket::{AcceptOptions, Config, Guard, RequestError as E};

type Fields = &'static [(&'static str, &'static str)];

const URL: &str = "https://server.example.com/chat";
const VERSION: (&str, &str) = ("sec-websocket-version", "13");

/// The method, `:protocol`, the target, the fields; the status and the error.
type Row = (&'static str, Option<&'static str>, &'static str, Fields, Result<(), (u16, E)>);

const ROWS: &[Row] = &[
    ("CONNECT", Some("websocket"), URL, &[VERSION], Ok(())),
    // §5: Sec-WebSocket-Key is not processed.
    ("CONNECT", Some("websocket"), URL, &[VERSION, ("sec-websocket-key", "?")], Ok(())),
    ("CONNECT", Some("websocket"), URL, &[VERSION, ("host", "server.example.com")], Ok(())),
    ("CONNECT", Some("websocket"), URL, &[VERSION, ("content-length", "0")], Ok(())),
    ("GET", None, URL, &[VERSION], Err((405, E::NotConnect))),
    ("GET", Some("websocket"), URL, &[VERSION], Err((405, E::NotConnect))),
    ("CONNECT", None, URL, &[VERSION], Err((501, E::ConnectProtocol))),
    ("CONNECT", Some("connect-udp"), URL, &[VERSION], Err((501, E::ConnectProtocol))),
    ("CONNECT", Some("WebSocket"), URL, &[VERSION], Err((501, E::ConnectProtocol))),
    // §4: ":scheme and :path … MUST also be included"
    ("CONNECT", Some("websocket"), "server.example.com:443", &[VERSION], Err((400, E::Target))),
    // Neither `:authority` nor `Host`, and the one in place of the other.
    ("CONNECT", Some("websocket"), "/chat", &[VERSION], Err((400, E::Host))),
    ("CONNECT", Some("websocket"), "/chat", &[VERSION, ("host", "server.example.com")], Ok(())),
    (
        "CONNECT",
        Some("websocket"),
        "https://u@server.example.com/",
        &[VERSION],
        Err((400, E::Host)),
    ),
    ("CONNECT", Some("websocket"), URL, &[VERSION, ("host", "other.example")], Err((400, E::Host))),
    (
        "CONNECT",
        Some("websocket"),
        URL,
        &[VERSION, ("host", "server.example.com"), ("host", "server.example.com")],
        Err((400, E::Host)),
    ),
    // §5: "They MUST NOT be included in the CONNECT request"
    (
        "CONNECT",
        Some("websocket"),
        URL,
        &[VERSION, ("connection", "upgrade")],
        Err((400, E::ConnectionField)),
    ),
    (
        "CONNECT",
        Some("websocket"),
        URL,
        &[VERSION, ("upgrade", "websocket")],
        Err((400, E::ConnectionField)),
    ),
    ("CONNECT", Some("websocket"), URL, &[VERSION, ("content-length", "5")], Err((400, E::Body))),
    ("CONNECT", Some("websocket"), URL, &[], Err((426, E::WebSocketVersion))),
    (
        "CONNECT",
        Some("websocket"),
        URL,
        &[VERSION, ("sec-websocket-protocol", "a b")],
        Err((400, E::MalformedSubprotocols)),
    ),
    (
        "CONNECT",
        Some("websocket"),
        URL,
        &[VERSION, ("sec-websocket-extensions", ",")],
        Err((400, E::MalformedExtensions)),
    ),
];

fn parts(method: &str, target: &str, version: Version, fields: Fields) -> http::request::Parts {
    let mut request = Request::builder().method(method).uri(target).version(version);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

#[test]
fn extended_connect_is_accepted_or_refused_with_a_status() {
    for version in [Version::HTTP_2, Version::HTTP_3] {
        for &(method, protocol, target, fields, expected) in ROWS {
            let parts = parts(method, target, version, fields);
            let checked = UpgradeRequest::extended_connect(Config::new(), &parts, protocol);
            let found = checked.map(|_| ()).map_err(|it| (it.status().as_u16(), *it.error()));
            assert_eq!(found, expected, "{method} {protocol:?} {target} {fields:?}");
        }
    }
}

#[test]
fn acceptance_over_http_2_is_200_without_a_key() {
    // RFC 8441 §5.1
    let fields: Fields = &[
        VERSION,
        ("sec-websocket-protocol", "chat, superchat"),
        ("sec-websocket-extensions", "permessage-deflate"),
        ("origin", "http://www.example.com"),
    ];
    let parts = parts("CONNECT", URL, Version::HTTP_2, fields);
    let config = Config::new().deflate(sansocket::deflate::Deflate::new());
    let upgrade = UpgradeRequest::extended_connect(config, &parts, Some("websocket")).unwrap();
    assert_eq!(upgrade.host(), Some("server.example.com"));
    let options = AcceptOptions::new().subprotocol("chat").unwrap();
    let (connection, response) = upgrade.allow_every_host_and_origin().accept_with(&options);
    let fields: Vec<_> = response.headers().keys().map(|name| name.as_str()).collect();
    assert_eq!(response.status(), 200);
    assert_eq!(fields, ["sec-websocket-protocol", "sec-websocket-extensions"]);
    assert_eq!(connection.subprotocol(), Some("chat"));
    assert!(connection.deflate().is_some());
}

#[test]
fn host_of_a_guard_is_the_authority_or_else_the_host_field() {
    let guard = Guard::hosts(["server.example.com"]).unwrap();
    let upgrade = |target, fields| {
        let parts = parts("CONNECT", target, Version::HTTP_2, fields);
        UpgradeRequest::extended_connect(Config::new(), &parts, Some("websocket"))
    };
    let status = |upgrade: UpgradeRequest| {
        upgrade.check(&guard).map(drop).map_err(|it| it.status().as_u16())
    };
    assert_eq!(status(upgrade(URL, &[VERSION]).unwrap()), Ok(()));
    assert_eq!(status(upgrade("https://evil.example/chat", &[VERSION]).unwrap()), Err(421));
    let by_host = |host| -> Fields { Box::leak(Box::new([VERSION, ("host", host)])) };
    assert_eq!(status(upgrade("/chat", by_host("server.example.com")).unwrap()), Ok(()));
    assert_eq!(status(upgrade("/chat", by_host("evil.example")).unwrap()), Err(421));
    let page = &[VERSION, ("origin", "https://evil.example")];
    assert_eq!(status(upgrade(URL, page).unwrap()), Err(403));
}

#[test]
fn rejection_over_http_2_has_no_field_of_a_connection() {
    let parts = parts("CONNECT", URL, Version::HTTP_2, &[]);
    let rejection =
        UpgradeRequest::extended_connect(Config::new(), &parts, Some("websocket")).unwrap_err();
    let text = rejection.body_text();
    let response = rejection.into_response::<bytes::Bytes>();
    assert!(!text.is_empty() && text == *response.body(), "{text}");
    // RFC 9113 §8.2.2
    assert!(!response.headers().contains_key("connection"));
    assert!(!response.headers().contains_key("upgrade"));
    assert_eq!(response.headers()["sec-websocket-version"], "13");
}

#[test]
fn method_of_a_refused_request_is_named() {
    let parts = parts(Method::GET.as_str(), URL, Version::HTTP_2, &[VERSION]);
    let rejection = UpgradeRequest::extended_connect(Config::new(), &parts, None).unwrap_err();
    assert_eq!(rejection.into_response::<bytes::Bytes>().headers()["allow"], "CONNECT");
}

#[test]
fn success_is_no_refusal_over_http_2() {
    let ok = sansocket::HttpResponse::new(200).unwrap().body("a page");
    let parts = parts("CONNECT", URL, Version::HTTP_2, &[VERSION]);
    let upgrade = UpgradeRequest::extended_connect(Config::new(), &parts, Some("websocket"));
    let rejection = upgrade.unwrap().reject(&ok);
    // RFC 8441 §5: a 200 would open the WebSocket.
    assert_eq!(rejection.status(), 403);
}
