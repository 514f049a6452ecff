//! Header fields of the opening handshake, received and sent: RFC 6455 §4.2.1, §9.1, §10.2, RFC 9110
//! §5.

use bytes::BufMut;
use sansocket::HeadError as H;
use sansocket::InvalidField::{self, DuplicateSubprotocol, Name, Reserved, Subprotocol};
use sansocket::RequestError as E;
use sansocket::{
    AcceptOptions, ClientHandshake, ClientRequest, Config, HttpResponse, Request, ServerHandshake,
};
use support::{Chunking, drain, entropy};

// RFC 9110 §5.4 leaves the limits to the recipient: bytes of a head, bytes of a line with its end,
// fields.
const MAX_HEAD: usize = 16 * 1024;
const MAX_LINE: usize = 8 * 1024;
const MAX_FIELDS: usize = 100;

/// A good request with these lines more; it has five fields of its own, `Host` among them.
fn request(host: &str, lines: &[&[u8]]) -> Vec<u8> {
    let head = format!(
        "GET /chat HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    );
    let lines: Vec<u8> = lines.iter().flat_map(|line| [line, &b"\r\n"[..]].concat()).collect();
    [head.into_bytes(), lines, b"\r\n".to_vec()].concat()
}

/// What a handshake comes to, and how many bytes it needed for that.
fn receive(bytes: &[u8], chunking: Chunking) -> (Result<Request, E>, usize) {
    let mut handshake = ServerHandshake::new(Config::new());
    let mut len = 0;
    for chunk in chunking.split(bytes) {
        handshake.input().put_slice(chunk);
        len += chunk.len();
        match handshake.receive() {
            Ok(None) => {}
            Ok(Some(request)) => return (Ok(request), len),
            Err(rejection) => return (Err(*rejection.error()), len),
        }
    }
    panic!("neither a request nor an error")
}

fn with(lines: &[&[u8]]) -> Request {
    receive(&request("example.com", lines), Chunking::Whole).0.unwrap()
}

fn refused(lines: &[&[u8]]) -> E {
    receive(&request("example.com", lines), Chunking::Whole).0.unwrap_err()
}

/// The values of a field in a response that is all there is in the output.
fn values(output: &[u8], name: &str) -> Vec<String> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut fields);
    assert_eq!(head.parse(output), Ok(httparse::Status::Complete(output.len())));
    let named = head.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
    named.map(|field| String::from_utf8(field.value.to_vec()).unwrap()).collect()
}

#[test]
fn the_server_chooses_by_its_preference_among_the_offered_subprotocols() {
    for (offered, spoken, chosen) in [
        (&[][..], &["chat"][..], None), // §4.2.2 no. 4: nothing that was not offered
        (&["chat, superchat"], &[], None), //
        (&["chat, superchat"], &["superchat", "chat"], Some("superchat")), // the server's order
        (&["chat, superchat"], &["chat", "superchat"], Some("chat")), //
        (&["chat", "superchat"], &["soap", "superchat"], Some("superchat")), // several lines are one list
        (&["chat"], &["soap"], None),                                        // none in common
        (&["chat"], &["cha", "chatt", "Chat", "CHAT"], None), // tokens are the same or not
        (&[",, chat ,\t,", ""], &["chat"], Some("chat")),     // RFC 9110 §5.6.1.2: empty elements
        (&["chat, chat", "chat"], &["chat"], Some("chat")),   // twice, and chosen once
        (&["__proto__, constructor"], &["constructor"], Some("constructor")),
    ] {
        let lines: Vec<_> =
            offered.iter().map(|list: &&str| format!("Sec-WebSocket-Protocol: {list}")).collect();
        let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
        let accept = spoken
            .iter()
            .fold(AcceptOptions::new(), |accept, name: &&str| accept.subprotocol(name).unwrap());
        let mut connection = with(&lines).accept_with(&accept);
        assert_eq!(connection.subprotocol(), chosen, "{offered:?} {spoken:?}");
        let sent = values(&drain(&mut connection), "Sec-WebSocket-Protocol");
        assert_eq!(
            sent.iter().map(String::as_str).collect::<Vec<_>>(),
            Vec::from_iter(chosen),
            "{offered:?} {spoken:?}"
        );
    }
    let request = with(&[b"Sec-WebSocket-Protocol: b,a", b"X: y", b"sec-websocket-protocol: , c"]);
    assert_eq!(request.subprotocols().collect::<Vec<_>>(), ["b", "a", "c"]); // §4.2.1 no. 8: in the client's order
    assert_eq!(values(&drain(&mut request.accept()), "Sec-WebSocket-Protocol"), [""; 0]);
}

#[test]
fn the_application_adds_headers_to_the_response() {
    let accept = AcceptOptions::new()
        .header("Set-Cookie", "a=1")
        .unwrap()
        .header("Set-Cookie", b"b=\xff")
        .unwrap();
    let output = drain(&mut with(&[]).accept_with(&accept.header("X-Empty", "").unwrap()));
    assert!(output.ends_with(b"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=\xff\r\nX-Empty: \r\n\r\n"));
}

#[test]
fn unknown_extensions_are_parsed_and_declined() {
    // §9.1: name, then the parameters with their values
    type Offer = (&'static str, &'static [(&'static str, Option<&'static str>)]);
    let table: [(&[&[u8]], &[Offer]); 5] = [
        (&[b"Sec-WebSocket-Extensions: foo"], &[("foo", &[])]),
        (
            &[b"Sec-WebSocket-Extensions: a;b , c ;d=1;\te = 2 ,,"],
            &[("a", &[("b", None)]), ("c", &[("d", Some("1")), ("e", Some("2"))])],
        ),
        (
            &[b"Sec-WebSocket-Extensions: a", b"Sec-WebSocket-Extensions: ,b"],
            &[("a", &[]), ("b", &[])],
        ),
        (
            &[b"Sec-WebSocket-Extensions: a; b=\"c\" ; d=\"\\e\\f\", g"],
            &[("a", &[("b", Some("c")), ("d", Some("ef"))]), ("g", &[])],
        ),
        (
            &[b"Sec-WebSocket-Extensions: __proto__; constructor", b"X: y"],
            &[("__proto__", &[("constructor", None)])],
        ),
    ];
    for (lines, expected) in table {
        let request = with(lines);
        let names: Vec<_> = request.extensions().map(|extension| extension.name()).collect();
        assert_eq!(names, expected.iter().map(|offer| offer.0).collect::<Vec<_>>());
        for (extension, (_, parameters)) in request.extensions().zip(expected) {
            let read: Vec<_> = extension
                .parameters()
                .map(|(name, value)| (name, value.map(|v| v.into_owned())))
                .collect();
            let expected: Vec<_> =
                parameters.iter().map(|(name, value)| (*name, value.map(String::from))).collect();
            assert_eq!(read, expected);
        }
        assert_eq!(values(&drain(&mut request.accept()), "Sec-WebSocket-Extensions"), [""; 0]);
    }
}

#[test]
fn long_lists_take_linear_time() {
    // H16, H17; CVE-2021-32640, CVE-2020-7662. 10⁴ items don't fit into a head; what fits is read
    // once.
    for name in ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"] {
        for item in ["a,", ",", "a ,", "a, "] {
            assert_eq!(
                refused(&[format!("{name}: {}b", item.repeat(10_000)).as_bytes()]).status(),
                Some(431)
            );
            with(&[format!("{name}: {}b", item.repeat(2_500)).as_bytes()]);
        }
    }
    let items = with(&[format!("Sec-WebSocket-Protocol: {}b", "a,".repeat(4_000)).as_bytes()]);
    assert_eq!(
        (
            items.subprotocols().count(),
            items.accept_with(&AcceptOptions::new().subprotocol("b").unwrap()).subprotocol()
        ),
        (4_001, Some("b"))
    );
    let offers: Vec<_> = (0..40).map(|i| format!("x{i}")).collect();
    let line = format!("Sec-WebSocket-Extensions: {}", offers.join(","));
    assert_eq!(with(&[line.as_bytes()]).extensions().count(), 32);
    // What is passed over must be well-formed all the same, as must what stands on a line of its
    // own.
    for end in [",x40;=", ",x40 x41", ",x40; y=\"", "\r\nSec-WebSocket-Extensions: (x40)"] {
        assert_eq!(refused(&[format!("{line}{end}").as_bytes()]), E::MalformedExtensions, "{end}");
    }
    let parameters = |n| format!("Sec-WebSocket-Extensions: many{}, few; a", ";a".repeat(n));
    let names = |n| {
        with(&[parameters(n).as_bytes()])
            .extensions()
            .map(|extension| extension.name().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (names(16), names(17), names(4_000)),
        (vec!["many".into(), "few".into()], vec!["few".into()], vec!["few".into()])
    );
}

#[test]
fn an_origin_matches_only_as_a_whole() {
    // H15, §10.2, RFC 6454 §4–§6; CVE-2026-22689, CVE-2026-34403, CVE-2026-44985
    let allowed = ["https://good.com", "http://localhost:8080", "HTTPS://[2001:db8::1]"];
    for (origin, good) in [
        ("https://good.com", true),
        ("HTTPS://Good.COM", true),
        ("https://good.com:443", true), // the default port
        ("http://localhost:8080", true),
        ("https://[2001:DB8::1]:443", true),
        ("http://good.com", false), // scheme
        ("http://good.com:443", false),
        ("https://good.com:80", false), // port
        ("https://good.com:4430", false),
        ("http://localhost", false),
        ("http://localhost:80800", false),
        ("https://good.com.evil.com", false), // suffix trick
        ("https://evilgood.com", false),      // prefix trick
        ("https://www.good.com", false),
        ("https://good.co", false),
        ("https://good.com.", false),
        ("https://good.com@evil.com", false),
        ("https://evil.com@good.com", false),
        ("https://good.com/", false), // an origin has no path
        ("https://good.com/chat", false),
        ("https://evil.com/https://good.com", false),
        ("https://good.com#", false),
        ("https://good.com?", false),
        ("https://evil.com\thttps://good.com", false),
        ("https://evil.com https://good.com", false), // RFC 6454 §7.1: a list of origins
        ("https://good.com, https://good.com", false),
        ("good.com", false),
        ("//good.com", false),
        ("https:good.com", false),
        ("https:///good.com", false),
        ("https://", false),
        ("://good.com", false),
        ("null", false), // sandboxed pages, files
        ("", false),
        ("*", false),
    ] {
        let request = with(&[format!("Origin: {origin}").as_bytes()]);
        assert_eq!(request.origin_is_one_of(allowed), good, "{origin}");
        assert_eq!(request.origin(), Some(origin));
    }
    assert!(!with(&[]).origin_is_one_of(allowed), "no origin is not one of them");
    assert!(!with(&[b"Origin: https://good.com"]).origin_is_one_of::<&str>([]));
    assert!(
        !with(&[b"Origin: https://good.com", b"Origin: https://good.com"])
            .origin_is_one_of(allowed),
        "two of them"
    );
    assert!(!with(&[b"Origin: https://good.com\xff"]).origin_is_one_of(allowed));
    assert!(!with(&[b"Origin: null"]).origin_is_one_of(["null", "*", ""]));
}

#[test]
fn same_origin_compares_scheme_host_and_port() {
    for (origin, host, same) in [
        ("http://a.com", "a.com", true),
        ("https://a.com", "a.com", true), // TLS may end before the server
        ("https://A.com", "a.COM:443", true),
        ("http://a.com:80", "a.com", true),
        ("http://a.com:8080", "a.com:8080", true),
        ("http://[::1]:8080", "[::1]:8080", true),
        ("http://a.com", "a.com:443", false),
        ("http://a.com:8080", "a.com", false),
        ("http://a.com", "a.com:8080", false),
        ("http://b.a.com", "a.com", false),
        ("http://a.com.evil.com", "a.com", false),
        ("http://a.com/", "a.com", false),
        ("http://a.com@evil.com", "a.com", false),
        ("null", "null", false),
        ("a.com", "a.com", false),
    ] {
        let bytes = request(host, &[format!("Origin: {origin}").as_bytes()]);
        assert_eq!(
            receive(&bytes, Chunking::Whole).0.unwrap().origin_is_host(),
            same,
            "{origin} {host}"
        );
    }
    assert!(!with(&[]).origin_is_host());
    assert!(
        !with(&[b"Origin: http://example.com", b"Origin: http://example.com"]).origin_is_host()
    );
}

#[test]
fn an_app_scheme_is_never_the_origin_of_a_host() {
    // An app with the origin capacitor://localhost is not the server on port 80 of localhost.
    for scheme in ["capacitor", "ionic", "tauri", "app", "chrome-extension", "ftp", "ws"] {
        let bytes = request("localhost", &[format!("Origin: {scheme}://localhost").as_bytes()]);
        assert!(!receive(&bytes, Chunking::Whole).0.unwrap().origin_is_host(), "{scheme}");
    }
    assert!(
        with(&[b"Origin: capacitor://localhost"]).origin_is_one_of(["capacitor://localhost"]),
        "but it can be named"
    );
}

#[test]
fn a_line_end_in_a_given_value_is_an_error() {
    // H18, RFC 9110 §5.1, §5.5; CVE-2026-47072, CVE-2026-1527
    let value = || Err(InvalidField::Value { name: "X".into() });
    let mut table: Vec<(&str, &[u8], Result<(), InvalidField>)> = vec![
        ("X", b"a\tb", Ok(())),
        ("X!#$%&'*+-.^_`|~9", b"\x80\xff", Ok(())),
        ("X", b"", Ok(())),
        ("X", b"\0", value()),
        ("X", b"a\r\nY: b", value()),
        ("X", b"a\rb", value()),
        ("X", b"a\nb", value()),
        ("X", b"a\x7f", value()),
        ("X", b"\x1b[0m", value()),
    ];
    for name in [
        "",
        " ",
        "a b",
        "a:",
        "X: y\r\nZ",
        "X\r",
        "X\n",
        "X\0",
        "\u{e4}",
        "a/b",
        "a\"",
        "(",
        "a,b",
        "\t",
    ] {
        table.push((name, b"v", Err(Name)));
    }
    // What frames the message, and what is the handshake's.
    for name in
        ["host", "Upgrade", "CONNECTION", "Content-Length", "transfer-encoding", "Trailer", "TE"]
    {
        table.push((name, b"v", Err(Reserved { name: name.into() })));
    }
    for name in [
        "Sec-WebSocket-Accept",
        "sec-websocket-key",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
    ] {
        table.push((name, b"v", Err(Reserved { name: name.into() })));
    }
    for (name, value, expected) in table {
        let case = format!("{name:?} {}", value.escape_ascii());
        assert_eq!(AcceptOptions::new().header(name, value).map(drop), expected, "{case}");
        assert_eq!(
            HttpResponse::new(403).unwrap().header(name, value).map(drop),
            expected,
            "{case}"
        );
        assert_eq!(
            ClientRequest::new("ws://h").unwrap().header(name, value).map(drop),
            expected,
            "{case}"
        );
    }
    for (name, expected) in [
        ("chat.v1+json", Ok(())), // §4.1 no. 10
        ("first", Err(DuplicateSubprotocol)),
        ("", Err(Subprotocol)),
        ("a\r\nX: y", Err(Subprotocol)),
        ("a\0", Err(Subprotocol)),
        ("a b", Err(Subprotocol)),
        ("a,b", Err(Subprotocol)),
        ("a/b", Err(Subprotocol)),
        ("\u{e4}", Err(Subprotocol)),
    ] {
        let client = ClientRequest::new("ws://h").unwrap().subprotocol("first").unwrap();
        assert_eq!(client.subprotocol(name).map(drop), expected, "{name:?}");
        assert_eq!(
            AcceptOptions::new().subprotocol("first").unwrap().subprotocol(name).map(drop),
            expected,
            "{name:?}"
        );
    }
}

#[test]
fn head_limits_are_exact() {
    // H14; CVE-2024-37890, CVE-2026-54465, CVE-2023-43669
    let line = |len: usize| [b"X: ", &vec![b'x'; len - 5][..]].concat();
    let empty = request("example.com", &[]).len();
    let head =
        |len: usize| request("example.com", &[&line(MAX_LINE), &line(len - empty - MAX_LINE)]);
    let fields = |n: usize| request("example.com", &vec![&b"a:"[..]; n - 5]);
    let half = |rest: usize| {
        request("example.com", &[&line(MAX_HEAD - MAX_LINE - (empty - 2)), &line(rest)])
    };
    let start =
        |len: usize| [b"GET /", &vec![b'x'; len - 16][..], &request("h", &[])[9..]].concat();
    for (good, bad, error) in [
        (head(MAX_HEAD), head(MAX_HEAD + 1), E::Head(H::TooLong { limit: MAX_HEAD })),
        (
            request("h", &[&line(MAX_LINE)]),
            request("h", &[&line(MAX_LINE + 1)]),
            E::Head(H::LineTooLong { limit: MAX_LINE }),
        ),
        (start(MAX_LINE), start(MAX_LINE + 1), E::Head(H::LineTooLong { limit: MAX_LINE })),
        (
            fields(MAX_FIELDS),
            fields(MAX_FIELDS + 1),
            E::Head(H::TooManyFields { limit: MAX_FIELDS }),
        ),
        // Where a line and the head reach their limits with the same byte, the head's is reported.
        (half(MAX_LINE - 2), half(MAX_LINE + 1), E::Head(H::TooLong { limit: MAX_HEAD })),
    ] {
        assert_eq!(error.status(), Some(431)); // RFC 6585 §5
        for chunking in [
            Chunking::Whole,
            Chunking::Bytewise,
            Chunking::At(MAX_LINE),
            Chunking::At(bad.len() - 1),
            Chunking::Random(1),
        ] {
            assert!(receive(&good, chunking).0.is_ok(), "{error} {chunking:?}");
            assert_eq!(receive(&bad, chunking).0.unwrap_err(), error, "{chunking:?}");
        }
    }
}

#[test]
fn an_endless_head_is_rejected_at_the_limit() {
    let start = &b"GET / HTTP/1.1\r\n"[..];
    for (head, repeated, most) in [
        (start, &b"a: b\r\n"[..], start.len() + 6 * MAX_FIELDS + 3), // CVE-2024-37890
        (start, b"aaaaaaa", start.len() + MAX_LINE + 1),
        (start, &[&b"X: "[..], &[b'x'; 8000], b"\r\n"].concat(), MAX_HEAD + 1),
        (b"", b"G", MAX_LINE + 1),
        (b"", b"\r\n", 4), // H13
        (b"", b"\0", MAX_LINE + 1),
    ] {
        let bytes = [head, &repeated.repeat(100_000 / repeated.len())].concat();
        let (result, len) = receive(&bytes, Chunking::Bytewise);
        assert!(result.is_err() && len <= most, "{len} bytes of {}", repeated.escape_ascii());
    }
}

#[test]
fn the_reported_limit_does_not_depend_on_splits() {
    let long = |len: usize| vec![b'x'; len];
    let many: &[u8] = &b"a: b\r\n".repeat(MAX_FIELDS);
    for bytes in [
        [b"GET / HTTP/1.1\r\nX: ", &long(20_000)[..], b"\r\n\r\n"].concat(), // a line over both limits
        [&long(20_000)[..], b"\r\n\r\n"].concat(),
        [
            b"GET / HTTP/1.1\r\nX: ",
            &long(8_000)[..],
            b"\r\nY: ",
            &long(1_000),
            b"\r\nZ: ",
            &long(20_000),
            b"\r\n\r\n",
        ]
        .concat(),
        [b"GET / HTTP/1.1\r\n", many, b"X: ", &long(9_000), b"\r\n\r\n"].concat(), // a field too many, and too long
        [b"GET / HTTP/1.1\r\n", many, b"X: ", &long(20_000), b"\r\n\r\n"].concat(),
    ] {
        let whole = receive(&bytes, Chunking::Whole).0.unwrap_err();
        let cuts = [
            Chunking::Bytewise,
            Chunking::At(MAX_LINE + 100),
            Chunking::At(MAX_HEAD + 1),
            Chunking::Random(2),
        ];
        for chunking in cuts {
            assert_eq!(receive(&bytes, chunking).0.unwrap_err(), whole, "{chunking:?}");
        }
    }
}

#[test]
fn debug_shows_no_header_values() {
    let lines: [&[u8]; 3] =
        [b"Cookie: hunter2", b"Authorization: Bearer hunter2", b"Sec-WebSocket-Protocol: chat"];
    let bytes = [request("h", &lines), b"hunter2".to_vec()].concat();
    let mut waiting = ServerHandshake::new(Config::new());
    waiting.input().put_slice(&bytes[..bytes.len() - 9]);
    let mut refusing = ServerHandshake::new(Config::new());
    refusing.input().put_slice(b"GET / HTTP/1.1\r\nCookie: hunter2\r\n\r\nhunter2");
    let accepted = receive(&bytes, Chunking::Whole).0.unwrap();
    let request = ClientRequest::new("ws://h/").unwrap().header("Cookie", "hunter2").unwrap();
    let mut client = ClientHandshake::new(&request, Config::new(), entropy());
    client
        .input()
        .put_slice(b"HTTP/1.1 403 Forbidden\r\nSet-Cookie: hunter2\r\nContent-Length: 8\r\n\r\n");
    assert!(client.receive().unwrap().is_none());
    let reply =
        HttpResponse::new(403).unwrap().header("Set-Cookie", "hunter2").unwrap().body("hunter2");
    let shown = [
        ("the waiting handshake", format!("{waiting:?}")),
        ("the fields", format!("{:?}", accepted.headers())),
        ("the head", format!("{:?}", &*accepted)),
        ("the request", format!("{accepted:?}")),
        ("the rejection", format!("{:?}", refusing.receive().unwrap_err())),
        ("the client's request", format!("{request:?}")),
        ("the client's handshake", format!("{client:?}")),
        (
            "the acceptance",
            format!("{:?}", AcceptOptions::new().header("Set-Cookie", "hunter2").unwrap()),
        ),
        ("the reply", format!("{reply:?}")),
    ];
    let numbers = b"hunter2".map(|byte| byte.to_string()).join(", ");
    let leaked =
        shown.iter().filter(|(_, shown)| shown.contains("hunter2") || shown.contains(&numbers));
    assert_eq!(leaked.map(|(what, _)| *what).collect::<Vec<_>>(), [""; 0]);
}
