//! Negotiation of compression in the opening handshake, in both roles: RFC 7692 §5, §7.1; RFC 6455
//! §4.1, §9.1.
//!
//! The result is checked by what the connection then sends and accepts, not by its getters.
#![cfg(feature = "deflate")]

use bytes::{Buf, BufMut};
use sansocket::deflate::{Deflate, InvalidAnswer};
use sansocket::{
    ClientHandshake, ClientRequest, Compress, Config, Connection, Event, Message, ResponseError,
    Role, ServerHandshake,
};
use support::deflate::{HELLO, agreed, frames, json, noise, opened};
use support::table::describe;
use support::{Chunking, connection, drain, entropy, feed, hex, masked, unmasked};

/// A client's offer, and the connection that comes of this answer, if any.
fn client(config: Config, answer: &str) -> (Option<String>, Result<Connection, ResponseError>) {
    let request = ClientRequest::new("ws://localhost/").unwrap();
    let mut client = ClientHandshake::new(&request, config, entropy());
    let head = String::from_utf8(client.output().chunk().to_vec()).unwrap();
    let offer = head
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: "))
        .map(String::from);
    let mut server = ServerHandshake::new(Config::new());
    server.input().put(client.output());
    let response = drain(&mut server.receive().unwrap().unwrap().accept());
    let head = response.strip_suffix(b"\r\n").unwrap();
    let fields: String =
        answer.lines().map(|line| format!("Sec-WebSocket-Extensions: {line}\r\n")).collect();
    client.input().put_slice(&[head, fields.as_bytes(), b"\r\n"].concat());
    (offer, client.receive().map(|opened| opened.unwrap().0))
}

/// The server's answer to these offers, and its connection.
fn server(config: Config, offers: &str) -> (Option<String>, Connection) {
    let fields: String =
        offers.lines().map(|line| format!("Sec-WebSocket-Extensions: {line}\r\n")).collect();
    let mut server = ServerHandshake::new(config);
    server.input().put_slice(
        format!(
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
        )
        .as_bytes(),
    );
    let mut connection = server.receive().unwrap().unwrap().accept();
    let head = String::from_utf8(drain(&mut connection)).unwrap();
    let answers: Vec<_> =
        head.lines().filter_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: ")).collect();
    assert!(answers.len() <= 1, "{head}");
    (answers.first().map(|answer| (*answer).into()), connection)
}

/// What a connection does: `plain`, or `ours 12 keeps, theirs anew`. A window of 8 is compressed
/// for as one of 9.
fn seen(mut connection: Connection) -> String {
    let mut send = |message: &[u8]| {
        connection.send(Message::from(message.to_vec()).compress(Compress::Always)).unwrap();
        let [(first, payload)] = &frames(&mut connection)[..] else { panic!("not one frame") };
        (*first, payload.len())
    };
    let text = json(200);
    let ((first, alone), (_, again)) = (send(text.as_bytes()), send(text.as_bytes()));
    let bits = (9..=15).rev().find(|bits| {
        let half = noise((1 << bits) - 300);
        send(&half.repeat(2)).1 < half.len() * 3 / 2
    });
    let frame = |payload: &str| match connection.role() {
        Role::Server => masked(0xc1, &hex(payload)),
        Role::Client => unmasked(0xc1, &hex(payload)),
    };
    let bytes = [frame(HELLO), frame("f200110000")].concat();
    match (first, bits, describe(&feed(&mut connection, &bytes, Chunking::Whole)).as_str()) {
        (0x82, None, "error 1002") => "plain".into(),
        (0xc2, Some(bits), theirs) => {
            let ours = if again < alone / 2 { "keeps" } else { "anew" };
            let theirs = match theirs {
                "text 48656c6c6f, text 48656c6c6f" => "keeps",
                "text 48656c6c6f, error 1007" => "anew",
                other => panic!("{other}"),
            };
            format!("ours {bits} {ours}, theirs {theirs}")
        }
        other => panic!("{other:?}"),
    }
}

fn with(deflate: Deflate) -> Config {
    Config::new().deflate(deflate)
}

fn nine() -> Config {
    with(Deflate::speed().max_window_bits(9).peer_max_window_bits(9))
}

fn anew() -> Config {
    with(Deflate::speed().no_context_takeover(true).peer_no_context_takeover(true))
}

const KEEPS: &str = "ours 15 keeps, theirs keeps";
const ANEW: &str = "ours 15 anew, theirs anew";

/// §5: what is offered stands in the request, and where nothing is, the field does not either.
#[test]
fn the_request_carries_the_offer() {
    for (config, expected) in [
        (with(Deflate::new()), Some("permessage-deflate; client_max_window_bits=12")),
        (
            anew(),
            Some(
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits",
            ),
        ),
        (Config::new(), None),
    ] {
        let (offer, opened) = client(config, "");
        assert_eq!((offer.as_deref(), opened.map(seen).as_deref()), (expected, Ok("plain")));
    }
}

/// §7.1.3: a server that declines the first offer accepts the second, in both roles of ours.
#[test]
fn a_client_falls_back_to_its_second_offer() {
    let small = || Deflate::speed().no_context_takeover(true).peer_max_window_bits(9);
    let fallback = || with(small().offer_fallback(true));
    let (offers, opened) = client(fallback(), "permessage-deflate");
    let offers = offers.unwrap();
    let (first, second) = offers.split_once(", ").unwrap();
    assert_eq!(opened.map(seen).as_deref(), Ok("ours 15 anew, theirs keeps"));
    let missing = InvalidAnswer::Missing("server_max_window_bits");
    let (_, opened) = client(with(small()), "permessage-deflate");
    assert_eq!(opened.map(drop), Err(ResponseError::Deflate(missing)));

    // Our server accepts the first, and one that knows no parameters would see the second.
    let (answer, connection) = server(with(Deflate::speed()), &offers);
    assert_eq!(answer, server(with(Deflate::speed()), first).0);
    assert_eq!(seen(connection), "ours 9 keeps, theirs anew");
    assert_eq!(second, "permessage-deflate");
    let (pair, _) = support::deflate::opened(fallback(), with(Deflate::speed()), Chunking::Whole);
    assert_eq!(seen(pair.client), "ours 15 anew, theirs keeps");
    assert_eq!(seen(pair.server), "ours 9 keeps, theirs anew");
}

/// The responses of ten servers to three offers are accepted or fail as the RFC requires.
#[test]
fn responses_of_ten_servers_are_accepted_or_fail_by_the_rfc() {
    let simple = || with(Deflate::speed());
    let nines = "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9";
    let both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    let missing = |name| Err(ResponseError::Deflate(InvalidAnswer::Missing(name)));
    for (server, config, answer, expected) in [
        ("ws", simple(), "permessage-deflate", Ok(KEEPS)),
        ("ws", nine(), nines, Ok("ours 9 keeps, theirs keeps")),
        ("ws", anew(), both, Ok(ANEW)),
        ("uvicorn with websockets", simple(), "permessage-deflate", Ok(KEEPS)),
        ("uvicorn with websockets", anew(), both, Ok(ANEW)),
        (
            "websockets",
            simple(),
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
            Ok("ours 12 keeps, theirs keeps"),
        ),
        ("websockets", nine(), nines, Ok("ours 9 keeps, theirs keeps")),
        (
            "websockets",
            anew(),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; \
             client_max_window_bits=12",
            Ok("ours 12 anew, theirs anew"),
        ),
        (
            "uvicorn, hypercorn with wsproto",
            simple(),
            "permessage-deflate; client_max_window_bits=15",
            Ok(KEEPS),
        ),
        ("uvicorn, hypercorn with wsproto", nine(), nines, Ok("ours 9 keeps, theirs keeps")),
        (
            "uvicorn, hypercorn with wsproto",
            anew(),
            &format!("{both}; client_max_window_bits=15"),
            Ok(ANEW),
        ),
        (
            "Chromium's debugger",
            simple(),
            "permessage-deflate; client_max_window_bits=15",
            Ok(KEEPS),
        ),
        ("aiohttp", simple(), "permessage-deflate", Ok(KEEPS)),
        (
            "aiohttp",
            nine(),
            "permessage-deflate; server_max_window_bits=9",
            Ok("ours 9 keeps, theirs keeps"),
        ), // we keep our word
        ("aiohttp", anew(), "permessage-deflate; server_no_context_takeover", Ok(ANEW)),
        ("tornado", simple(), "permessage-deflate", Ok(KEEPS)),
        ("tornado", nine(), nines, Ok("ours 9 keeps, theirs keeps")),
        ("tornado", anew(), "permessage-deflate", missing("server_no_context_takeover")), // §7.1.1.1
        (
            "Bun",
            simple(),
            "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
            Ok(ANEW),
        ), // unasked
        ("Bun", nine(), "", Ok("plain")),
        (
            "Bun",
            anew(),
            "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
            Ok(ANEW),
        ),
        ("Deno", simple(), "", Ok("plain")),
        ("Deno", nine(), "", Ok("plain")),
        ("Deno", anew(), "", Ok("plain")),
    ] {
        let opened = client(config, answer).1.map(seen);
        assert_eq!(opened.as_deref().map_err(Clone::clone), expected, "{server}: {answer}");
    }
}

/// RFC 6455 §4.1 no. 5, RFC 7692 §7: what the client did not offer, or can't be, fails the
/// connection, with the reason.
#[test]
fn an_invalid_extension_response_fails_the_connection() {
    use InvalidAnswer::{InvalidValue, Missing, Repeated, UnknownParameter, WindowTooLarge};
    use ResponseError::{Deflate as D, Extension};
    const SERVER_BITS: &str = "server_max_window_bits";
    const CLIENT_BITS: &str = "client_max_window_bits";
    for (answer, error) in [
        ("permessage-deflate, permessage-deflate", Extension), // two of them
        ("permessage-deflate\npermessage-deflate", Extension),
        (
            "permessage-deflate; server_no_context_takeover, permessage-deflate; client_no_context_takeover",
            Extension,
        ),
        ("permessage-deflate, x-webkit-deflate-frame", Extension), // and one that was not offered
        ("x-webkit-deflate-frame", Extension),
        ("permessage-bzip2", Extension),
        ("permessage-deflate; x=\"", Extension), // no list at all
        ("permessage-deflate,=", Extension),
        ("permessage-deflate; a; b", D(UnknownParameter)),
        ("permessage-deflate; x-speed=9", D(UnknownParameter)),
        (
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            D(Repeated("server_no_context_takeover")),
        ),
        (
            "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
            D(Repeated(SERVER_BITS)),
        ),
        ("permessage-deflate; client_max_window_bits", D(InvalidValue(CLIENT_BITS))),
        ("permessage-deflate; server_max_window_bits", D(InvalidValue(SERVER_BITS))),
        ("permessage-deflate; server_max_window_bits=7", D(InvalidValue(SERVER_BITS))),
        ("permessage-deflate; server_max_window_bits=16", D(InvalidValue(SERVER_BITS))), // CVE-2026-2229
        ("permessage-deflate; server_max_window_bits=1000", D(InvalidValue(SERVER_BITS))),
        ("permessage-deflate; server_max_window_bits=-15", D(InvalidValue(SERVER_BITS))),
        ("permessage-deflate; client_max_window_bits=08", D(InvalidValue(CLIENT_BITS))),
        (
            "permessage-deflate; client_no_context_takeover=1",
            D(InvalidValue("client_no_context_takeover")),
        ),
        ("permessage-deflate; __proto__", D(UnknownParameter)),
    ] {
        let (_, opened) = client(with(Deflate::speed()), answer);
        assert_eq!(opened.map(drop), Err(error), "{answer}");
    }
    for (answer, error) in [
        (
            "permessage-deflate; server_max_window_bits=10",
            WindowTooLarge { offered: 9, answered: 10 },
        ),
        ("permessage-deflate; client_max_window_bits=9", Missing(SERVER_BITS)),
    ] {
        assert_eq!(client(nine(), answer).1.map(drop), Err(D(error)), "{answer}");
    }
    // Without an offer, any answer.
    for answer in ["permessage-deflate", "permessage-deflate; server_max_window_bits=10", "x"] {
        let (offer, opened) = client(Config::new(), answer);
        assert_eq!((offer, opened.map(drop)), (None, Err(Extension)));
    }
    // In other spellings it is the same answer.
    for answer in [
        "permessage-deflate; client_max_window_bits=\"1\\2\"",
        ", permessage-deflate ;client_max_window_bits = 12,",
    ] {
        assert_eq!(
            client(with(Deflate::speed()), answer).1.map(seen).as_deref(),
            Ok("ours 12 keeps, theirs keeps"),
            "{answer}"
        );
    }
}

/// An extension that was not offered is seen whatever its size: bounds are for offers, where what
/// is skipped is declined.
#[test]
fn a_long_extension_response_is_read_to_its_end() {
    let long = format!("permessage-deflate, x{}", "; a".repeat(17));
    assert_eq!(client(with(Deflate::speed()), &long).1.map(drop), Err(ResponseError::Extension));
    let long = format!("x{}, permessage-deflate", "; a".repeat(17));
    assert_eq!(client(with(Deflate::speed()), &long).1.map(drop), Err(ResponseError::Extension));
}

/// §5: the offers come in the client's order, and the first that can be accepted is; if none can,
/// there is no compression.
#[test]
fn the_first_acceptable_offer_is_chosen() {
    for (config, offers, answer, expected) in [
        (with(Deflate::speed()), "permessage-deflate", Some("permessage-deflate"), KEEPS),
        // Browsers
        (
            with(Deflate::speed()),
            "permessage-deflate; client_max_window_bits",
            Some("permessage-deflate"),
            KEEPS,
        ),
        (
            with(Deflate::new()),
            "permessage-deflate; client_max_window_bits",
            Some("permessage-deflate"),
            "ours 12 keeps, theirs keeps",
        ),
        (
            with(Deflate::memory()),
            "permessage-deflate",
            Some("permessage-deflate; client_no_context_takeover"),
            ANEW,
        ),
        // The second, because the first can't be: unknown, out of range, twice, another extension
        (
            with(Deflate::speed()),
            "permessage-deflate; mode=9, permessage-deflate; server_max_window_bits=10",
            Some("permessage-deflate; server_max_window_bits=10"),
            "ours 10 keeps, theirs keeps",
        ),
        (
            with(Deflate::speed()),
            "permessage-deflate; server_max_window_bits=16\npermessage-deflate; server_no_context_takeover",
            Some("permessage-deflate; server_no_context_takeover"),
            "ours 15 anew, theirs keeps",
        ),
        (
            with(Deflate::speed()),
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover, permessage-deflate",
            Some("permessage-deflate"),
            KEEPS,
        ),
        (
            with(Deflate::speed()),
            "permessage-bzip2, permessage-deflate",
            Some("permessage-deflate"),
            KEEPS,
        ),
        (
            with(Deflate::speed()),
            &format!("permessage-deflate{}, permessage-deflate", "; a".repeat(17)),
            Some("permessage-deflate"),
            KEEPS,
        ),
        // The first of two that can be
        (
            with(Deflate::speed()),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover, permessage-deflate",
            Some("permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
            ANEW,
        ),
        // Quoted
        (
            with(Deflate::speed()),
            "permessage-deflate; server_max_window_bits=\"9\"",
            Some("permessage-deflate; server_max_window_bits=9"),
            "ours 9 keeps, theirs keeps",
        ),
        // A window of 8 is granted
        (
            with(Deflate::speed()),
            "permessage-deflate; server_max_window_bits=8",
            Some("permessage-deflate; server_max_window_bits=8"),
            "ours 9 keeps, theirs keeps",
        ),
        // None
        (with(Deflate::speed()), "", None, "plain"),
        (with(Deflate::speed()), "x-webkit-deflate-frame", None, "plain"),
        (with(Deflate::speed()), "permessage-deflate; x", None, "plain"),
        (with(Deflate::speed()), "permessage-deflate; server_max_window_bits", None, "plain"),
        (
            with(Deflate::speed()),
            "permessage-deflate; client_max_window_bits=\"07\", permessage-deflate; __proto__",
            None,
            "plain",
        ),
        (with(Deflate::speed()), "Permessage-Deflate; constructor", None, "plain"),
        (Config::new(), "permessage-deflate; client_max_window_bits", None, "plain"),
    ] {
        let (answered, connection) = server(config, offers);
        assert_eq!(
            (answered.as_deref(), seen(connection).as_str()),
            (answer, expected),
            "{offers}"
        );
    }
}

/// Compression is off by default (§8: secrets), and off unless both sides enable it.
#[test]
fn compression_is_off_unless_both_sides_ask_for_it() {
    let on = || with(Deflate::speed());
    for (client, server, expected) in [
        (Config::new(), Config::new(), "plain"),
        (on(), Config::new(), "plain"),
        (Config::new(), on(), "plain"),
        (Config::default(), on(), "plain"),
        (on(), on(), KEEPS),
    ] {
        let (pair, answer) = opened(client, server, Chunking::Whole);
        assert_eq!((seen(pair.client).as_str(), seen(pair.server).as_str()), (expected, expected));
        assert_eq!(answer.is_some(), expected != "plain");
    }
}

/// Frames in the same read as the handshake are already compressed.
#[test]
fn frames_after_the_handshake_are_already_compressed() {
    let request = ClientRequest::new("ws://localhost/").unwrap();
    let mut client = ClientHandshake::new(&request, with(Deflate::speed()), entropy());
    let mut server = ServerHandshake::new(with(Deflate::speed()));
    server.input().put(client.output());
    server.input().put_slice(&masked(0xc1, &hex(HELLO)));
    let mut server = server.receive().unwrap().unwrap().accept();
    assert_eq!(server.receive(), Some(Event::Message("Hello".into())));
    server.send(json(500)).unwrap();
    client.input().put(server.output());
    let (mut client, _) = client.receive().unwrap().unwrap();
    assert_eq!(client.receive(), Some(Event::Message(json(500).into())));
}

/// After a handshake of another library, `with_deflate` sets the parameters; it does nothing unless
/// the configuration enables compression.
#[test]
fn with_deflate_sets_what_another_handshake_agreed() {
    for role in [Role::Client, Role::Server] {
        for (deflate, expected) in [
            (Deflate::speed(), KEEPS),
            (Deflate::memory(), ANEW),
            (Deflate::new(), "ours 12 keeps, theirs keeps"),
            (Deflate::new().peer_no_context_takeover(true), "ours 12 keeps, theirs anew"),
            (
                Deflate::new().no_context_takeover(true).max_window_bits(9),
                "ours 9 anew, theirs keeps",
            ),
        ] {
            let agreed = agreed(&deflate);
            assert_eq!(seen(connection(role, with(deflate)).with_deflate(&agreed)), expected);
            assert_eq!(
                seen(connection(role, Config::new()).with_deflate(&agreed)),
                expected,
                "the level alone is the configuration's"
            );
        }
        assert_eq!(seen(connection(role, with(Deflate::speed()))), "plain");
    }
}
