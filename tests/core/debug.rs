//! `Debug` output ends in logs: it shows no content, no keys and no header values.

use bytes::BufMut;
use sansocket::proxy::{Proxies, Proxy, Tunnel};
use sansocket::wire::{Header, Opcode, Utf8Validator};
use sansocket::{
    ClientHandshake, ClientRequest, CloseCode, CloseFrame, Config, Event, HttpResponse, Message,
    Role, ServerHandshake, Text,
};
use support::{Chunking, connection, entropy, feed, masked};

#[test]
fn debug_shows_no_content_keys_or_header_values() {
    let mut shown = Vec::new();
    let mut show = |value: &dyn std::fmt::Debug| shown.push(format!("{value:?} {value:#?}"));

    show(&Message::from("SECRET"));
    show(&Text::from("SECRET"));
    show(&CloseFrame::new(CloseCode::NORMAL, "SECRET").unwrap());
    for frame in [
        masked(0x81, b"SECRET"),
        masked(0x89, b"SECRET"),
        masked(0x8a, b"SECRET"),
        masked(0x88, b"\x03\xe8SECRET"),
    ] {
        let mut server = connection(Role::Server, Config::new());
        let events: Vec<Event> = feed(&mut server, &frame, Chunking::Whole);
        show(&events);
        show(&server);
        show(&server.closed());
    }
    let mut utf8 = Utf8Validator::new();
    utf8.push(b"\xf0\x9f\x98").unwrap();
    show(&utf8);
    show(&Header {
        fin: true,
        rsv1: false,
        opcode: Opcode::Text,
        mask: Some([83, 69, 67, 82]),
        payload_len: 1,
    });
    show(&entropy());

    let request = ClientRequest::new("ws://localhost/path?token=SECRET")
        .unwrap()
        .header("Authorization", "SECRET")
        .unwrap();
    show(&request);
    show(request.uri());
    show(&ClientHandshake::new(&request, Config::new(), entropy()));
    show(&HttpResponse::new(200).unwrap().header("Set-Cookie", "SECRET").unwrap().body("SECRET"));

    let proxy = Proxy::parse("socks5h://SECRET:SECRET@localhost").unwrap();
    show(&proxy);
    show(&proxy.to_string());
    show(&Tunnel::new(&proxy, "localhost", 443, &Config::new()));
    show(&Proxies::from(Proxy::parse("http://SECRET:SECRET@localhost").unwrap()));
    show(&Proxies::from_vars(|_| Some("socks9://SECRET@localhost".into())));

    let head = b"GET /path?token=SECRET HTTP/1.1\r\nHost: a\r\nCookie: SECRET\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Extensions: a; b=SECRET\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let mut handshake = ServerHandshake::new(Config::new());
    handshake.input().put_slice(&head[..40]);
    show(&handshake);
    handshake.input().put_slice(&head[40..]);
    let accepted = handshake.receive().unwrap().unwrap();
    show(&accepted);
    show(&accepted.extensions().collect::<Vec<_>>());
    show(accepted.headers());
    show(&accepted.reject(&HttpResponse::new(404).unwrap()));

    for text in shown {
        // Nor addresses, in which any number may be.
        for secret in ["SECRET", "240", "159", "83,", "0x"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
