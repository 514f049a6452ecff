//! Parameters of the offer and the response: RFC 7692 §5, §7.1, as tables with a row per rule.
//!
//! The parameters go through a request's head, as they would: quoted values, white space and all.
#![cfg(feature = "deflate")]

use bytes::BufMut;
use sansocket::deflate::{Agreed, Deflate, InvalidAnswer, NAME, Window};
use sansocket::{Config, Request, ServerHandshake};

/// A request that offers these extensions.
fn request(extensions: &str) -> Request {
    let mut server = ServerHandshake::new(Config::new());
    let head = format!(
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: {extensions}\r\n\r\n"
    );
    server.input().put_slice(head.as_bytes());
    server.receive().unwrap().unwrap()
}

/// The answer to the first offer that is not declined, without its name.
fn answer(deflate: &Deflate, offers: &str) -> Option<(Agreed, String)> {
    let request = request(offers);
    let (agreed, answer) =
        request.extensions().find_map(|offer| deflate.answer(offer.parameters()))?;
    let parameters = answer.strip_prefix(NAME).unwrap();
    Some((agreed, parameters.trim_start_matches("; ").to_owned()))
}

/// What a client makes of an answer, given without its name.
fn accept(deflate: &Deflate, parameters: &str) -> Result<Agreed, InvalidAnswer> {
    let separator = if parameters.is_empty() { "" } else { "; " };
    let request = request(&format!("{NAME}{separator}{parameters}"));
    let answer =
        request.extensions().next().unwrap_or_else(|| panic!("{parameters} breaks the grammar"));
    deflate.accept(answer.parameters())
}

/// `15 keeps, 9 starts anew`: ours and the peer's.
fn words(agreed: Agreed) -> String {
    let word = |window: Window| {
        format!(
            "{} {}",
            window.bits(),
            if window.context_takeover() { "keeps" } else { "starts anew" }
        )
    };
    format!("{}, {}", word(agreed.ours()), word(agreed.peers()))
}

fn largest() -> Deflate {
    Deflate::speed()
}

#[test]
fn the_offer_follows_from_the_options() {
    for (deflate, offer) in [
        (Deflate::new(), "permessage-deflate; client_max_window_bits=12"),
        (largest(), "permessage-deflate; client_max_window_bits"),
        (
            Deflate::memory(),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits",
        ),
        (
            largest().max_window_bits(9).peer_max_window_bits(10),
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9",
        ),
        (
            largest().peer_no_context_takeover(true),
            "permessage-deflate; server_no_context_takeover; client_max_window_bits",
        ),
        (
            largest().no_context_takeover(true),
            "permessage-deflate; client_no_context_takeover; client_max_window_bits",
        ),
        // §7.1.2.2: the server need not limit our window, though we do
        (Deflate::new().offer_client_max_window_bits(false), "permessage-deflate"),
        (
            Deflate::memory().offer_client_max_window_bits(false),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        ),
        // §7.1.3: a second offer, if it differs
        (
            largest().peer_max_window_bits(10).offer_fallback(true),
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits, permessage-deflate",
        ),
        (
            Deflate::new().offer_fallback(true),
            "permessage-deflate; client_max_window_bits=12, permessage-deflate",
        ),
        (
            Deflate::new().offer_fallback(true).offer_client_max_window_bits(false),
            "permessage-deflate",
        ),
        // What is out of range counts as the nearest.
        (
            largest().max_window_bits(0).peer_max_window_bits(7),
            "permessage-deflate; server_max_window_bits=8; client_max_window_bits=8",
        ),
        (
            largest().max_window_bits(16).peer_max_window_bits(255),
            "permessage-deflate; client_max_window_bits",
        ),
    ] {
        assert_eq!(deflate.offer(), offer);
    }
}

#[test]
fn the_response_follows_from_offer_and_options() {
    let ours = || largest().max_window_bits(12);
    let peers = || largest().peer_max_window_bits(11);
    for (deflate, offer, expected, agreed) in [
        // §7.1.3's examples
        (largest(), "permessage-deflate", "", "15 keeps, 15 keeps"),
        (
            largest(),
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
            "server_max_window_bits=10",
            "10 keeps, 15 keeps",
        ),
        // §7.1.1.1: what the offer requests is done, and confirmed; what we do unasked is not
        // announced
        (
            largest(),
            "permessage-deflate; server_no_context_takeover",
            "server_no_context_takeover",
            "15 starts anew, 15 keeps",
        ),
        (largest().no_context_takeover(true), "permessage-deflate", "", "15 starts anew, 15 keeps"),
        // §7.1.1.2: a hint, made binding
        (
            largest(),
            "permessage-deflate; client_no_context_takeover",
            "client_no_context_takeover",
            "15 keeps, 15 starts anew",
        ),
        (
            largest().peer_no_context_takeover(true),
            "permessage-deflate",
            "client_no_context_takeover",
            "15 keeps, 15 starts anew",
        ),
        // §7.1.2.1: the same, also where our window is smaller; not sent if not requested
        (
            largest(),
            "permessage-deflate; server_max_window_bits=15",
            "server_max_window_bits=15",
            "15 keeps, 15 keeps",
        ),
        (
            largest(),
            "permessage-deflate; server_max_window_bits=8",
            "server_max_window_bits=8",
            "8 keeps, 15 keeps",
        ),
        (
            ours(),
            "permessage-deflate; server_max_window_bits=15",
            "server_max_window_bits=15",
            "12 keeps, 15 keeps",
        ),
        (
            ours(),
            "permessage-deflate; server_max_window_bits=9",
            "server_max_window_bits=9",
            "9 keeps, 15 keeps",
        ),
        (ours(), "permessage-deflate", "", "12 keeps, 15 keeps"),
        // §7.1.2.2: the smaller of hint and wish; nothing if the client did not offer it
        (largest(), "permessage-deflate; client_max_window_bits", "", "15 keeps, 15 keeps"),
        (largest(), "permessage-deflate; client_max_window_bits=15", "", "15 keeps, 15 keeps"),
        (
            largest(),
            "permessage-deflate; client_max_window_bits=8",
            "client_max_window_bits=8",
            "15 keeps, 8 keeps",
        ),
        (
            peers(),
            "permessage-deflate; client_max_window_bits",
            "client_max_window_bits=11",
            "15 keeps, 11 keeps",
        ),
        (
            peers(),
            "permessage-deflate; client_max_window_bits=15",
            "client_max_window_bits=11",
            "15 keeps, 11 keeps",
        ),
        (
            peers(),
            "permessage-deflate; client_max_window_bits=9",
            "client_max_window_bits=9",
            "15 keeps, 9 keeps",
        ),
        (peers(), "permessage-deflate", "", "15 keeps, 15 keeps"),
        // Any order, white space, quotes (§5.2, RFC 6455 §9.1)
        (
            largest(),
            "permessage-deflate ;client_max_window_bits = \"10\" ; server_max_window_bits=\"1\\1\";client_no_context_takeover",
            "client_no_context_takeover; server_max_window_bits=11; client_max_window_bits=10",
            "11 keeps, 10 starts anew",
        ),
        // All of it
        (
            Deflate::memory().peer_max_window_bits(10),
            "permessage-deflate; client_max_window_bits; server_max_window_bits=9; client_no_context_takeover; \
             server_no_context_takeover",
            "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=10",
            "9 starts anew, 10 starts anew",
        ),
        // The first offer that will do, in the client's order (§5)
        (
            largest(),
            "permessage-deflate; server_max_window_bits=7, permessage-deflate; server_max_window_bits=9, permessage-deflate",
            "server_max_window_bits=9",
            "9 keeps, 15 keeps",
        ),
        (largest(), "permessage-deflate; mode=fast, permessage-deflate", "", "15 keeps, 15 keeps"),
    ] {
        let (at_server, text) =
            answer(&deflate, offer).unwrap_or_else(|| panic!("{offer} was declined"));
        assert_eq!((text.as_str(), words(at_server).as_str()), (expected, agreed), "{offer}");
    }
}

/// What no parameter may be, in an offer or an answer (§7).
fn invalid() -> Vec<(String, InvalidAnswer)> {
    use InvalidAnswer::{InvalidValue, Repeated, UnknownParameter};
    let mut lines = Vec::new();
    for name in ["server_max_window_bits", "client_max_window_bits"] {
        for value in [
            "0",
            "7",
            "16",
            "08",
            "015",
            "+9",
            "-9",
            "9.",
            "1e1",
            "0x9",
            "a",
            "99999999999999999999",
            "256",
            "264",
        ] {
            lines.push((format!("{name}={value}"), InvalidValue(name)));
            lines.push((format!("{name}=\"{value}\""), InvalidValue(name)));
        }
        lines.push((format!("{name}=10; {name}=10"), Repeated(name)));
        lines.push((format!("{name}=10; server_no_context_takeover; {name}=11"), Repeated(name)));
    }
    lines.push(("server_max_window_bits".into(), InvalidValue("server_max_window_bits")));
    lines.push((
        "client_max_window_bits; client_max_window_bits=9".into(),
        Repeated("client_max_window_bits"),
    ));
    for name in ["server_no_context_takeover", "client_no_context_takeover"] {
        for value in ["true", "1", "0", "15", "\"true\""] {
            lines.push((format!("{name}={value}"), InvalidValue(name)));
        }
        lines.push((format!("{name}; {name}"), Repeated(name)));
    }
    for name in [
        "mode=fast",
        "x",
        "server_max_window_bit=9",
        "Server_Max_Window_Bits=9",
        "constructor",
        "__proto__",
    ] {
        lines.push((name.into(), UnknownParameter));
    }
    lines
}

#[test]
fn an_invalid_offer_is_declined() {
    for (offer, _) in invalid() {
        assert_eq!(answer(&largest(), &format!("permessage-deflate; {offer}")), None, "{offer}");
    }
    // What a header can't say: an empty value.
    for name in ["server_max_window_bits", "client_max_window_bits", "server_no_context_takeover"] {
        assert_eq!(largest().answer([(name, Some("".into()))]), None, "{name}");
    }
}

#[test]
fn an_invalid_response_fails_the_connection() {
    use InvalidAnswer::{InvalidValue, Missing, NotOffered, WindowTooLarge};
    for (answer, error) in invalid() {
        assert_eq!(accept(&largest(), &answer), Err(error), "{answer}");
        assert_eq!(accept(&largest().offer_fallback(true), &answer), Err(error), "{answer}");
    }
    let plain = || Deflate::new().offer_client_max_window_bits(false);
    let strict = || largest().peer_no_context_takeover(true);
    let small = || largest().peer_max_window_bits(9);
    for (deflate, answer, error) in [
        // §7.1.2.2: a value, in an answer
        (largest(), "client_max_window_bits", InvalidValue("client_max_window_bits")),
        (plain(), "client_max_window_bits", InvalidValue("client_max_window_bits")),
        // and only if it was offered
        (plain(), "client_max_window_bits=12", NotOffered("client_max_window_bits")),
        (plain(), "client_max_window_bits=15", NotOffered("client_max_window_bits")),
        // §7.1.3: the answer must grant one of the offers, not a part of each
        (
            strict().offer_fallback(true),
            "client_max_window_bits=12",
            Missing("server_no_context_takeover"),
        ),
        (
            small().offer_fallback(true),
            "client_max_window_bits=9",
            Missing("server_max_window_bits"),
        ),
        // §7.1.1.1, §7.1.2.1: what was requested
        (strict(), "", Missing("server_no_context_takeover")),
        (strict(), "client_no_context_takeover", Missing("server_no_context_takeover")),
        (small(), "", Missing("server_max_window_bits")),
        (small(), "client_max_window_bits=9", Missing("server_max_window_bits")),
        (small(), "server_max_window_bits=10", WindowTooLarge { offered: 9, answered: 10 }),
        (small(), "server_max_window_bits=15", WindowTooLarge { offered: 9, answered: 15 }),
    ] {
        assert_eq!(accept(&deflate, answer), Err(error), "{answer}");
    }
}

/// §7.1.3: an answer that does not grant the requests of the first offer grants the second.
#[test]
fn the_fallback_accepts_what_the_first_offer_does_not() {
    let deflate = Deflate::memory().max_window_bits(10).peer_max_window_bits(9);
    for (answer, agreed) in [
        ("", "10 starts anew, 15 keeps"),
        ("server_max_window_bits=10", "10 starts anew, 10 keeps"),
        ("server_no_context_takeover", "10 starts anew, 15 starts anew"),
        ("client_no_context_takeover", "10 starts anew, 15 keeps"),
        (
            "server_no_context_takeover; server_max_window_bits=9; client_max_window_bits=8",
            "8 starts anew, 9 starts anew",
        ),
    ] {
        let fallback = deflate.clone().offer_fallback(true);
        assert_eq!(accept(&fallback, answer).map(words).as_deref(), Ok(agreed), "{answer}");
        assert_eq!(accept(&deflate, answer).is_ok(), answer.contains("client_max"), "{answer}");
    }
}

/// What servers were seen to answer, to each of three offers.
#[test]
fn responses_of_other_servers_parse() {
    let simple = largest;
    let nine = || largest().max_window_bits(9).peer_max_window_bits(9);
    let anew = || largest().no_context_takeover(true).peer_no_context_takeover(true);
    for (server, deflate, answer, expected) in [
        ("ws, uvicorn/websockets", simple(), "", Ok("15 keeps, 15 keeps")),
        (
            "ws, uvicorn/websockets",
            nine(),
            "server_max_window_bits=9; client_max_window_bits=9",
            Ok("9 keeps, 9 keeps"),
        ),
        (
            "ws, uvicorn/websockets",
            anew(),
            "server_no_context_takeover; client_no_context_takeover",
            Ok(ANEW),
        ),
        // §7.1.2: a server may limit both windows
        (
            "websockets",
            simple(),
            "server_max_window_bits=12; client_max_window_bits=12",
            Ok("12 keeps, 12 keeps"),
        ),
        (
            "websockets",
            nine(),
            "server_max_window_bits=9; client_max_window_bits=9",
            Ok("9 keeps, 9 keeps"),
        ),
        (
            "websockets",
            anew(),
            "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12",
            Ok("12 starts anew, 12 starts anew"),
        ),
        // as largely as it likes
        (
            "wsproto (uvicorn, hypercorn), Chromium's debugger",
            simple(),
            "client_max_window_bits=15",
            Ok("15 keeps, 15 keeps"),
        ),
        (
            "wsproto, and we want less",
            Deflate::new(),
            "client_max_window_bits=15",
            Ok("12 keeps, 15 keeps"),
        ),
        (
            "wsproto",
            nine(),
            "server_max_window_bits=9; client_max_window_bits=9",
            Ok("9 keeps, 9 keeps"),
        ),
        (
            "wsproto",
            anew(),
            "server_no_context_takeover; client_no_context_takeover; client_max_window_bits=15",
            Ok(ANEW),
        ),
        ("aiohttp", simple(), "", Ok("15 keeps, 15 keeps")),
        // §7.1.2.2, §7.1.1.2: hints need no answer, and we keep to them
        ("aiohttp", nine(), "server_max_window_bits=9", Ok("9 keeps, 9 keeps")),
        ("aiohttp", anew(), "server_no_context_takeover", Ok(ANEW)),
        ("tornado", simple(), "", Ok("15 keeps, 15 keeps")),
        (
            "tornado",
            nine(),
            "server_max_window_bits=9; client_max_window_bits=9",
            Ok("9 keeps, 9 keeps"),
        ),
        // §7.1.1.1: a request does
        ("tornado", anew(), "", Err(InvalidAnswer::Missing("server_no_context_takeover"))),
        // §7.1.1: "even if the extension negotiation offer … didn't include" them
        ("Bun", simple(), "client_no_context_takeover; server_no_context_takeover", Ok(ANEW)),
        ("Bun", anew(), "client_no_context_takeover; server_no_context_takeover", Ok(ANEW)),
        (
            "in quotes",
            simple(),
            "client_max_window_bits=\"10\"; server_max_window_bits=\"11\"",
            Ok("10 keeps, 11 keeps"),
        ),
        (
            "smallest",
            simple(),
            "client_max_window_bits=8; server_max_window_bits=8",
            Ok("8 keeps, 8 keeps"),
        ),
    ] {
        let agreed = accept(&deflate, answer).map(words);
        assert_eq!(agreed.as_deref().map_err(|&error| error), expected, "{server}: {answer}");
    }
}

const ANEW: &str = "15 starts anew, 15 starts anew";

/// A response has no parameter that was not offered, but for `client_no_context_takeover`, which no
/// server can do without. Netty 4.1's client fails on any other, nhooyr's 1.8 on every window.
#[test]
fn a_response_announces_only_what_was_offered() {
    let names = [
        "server_no_context_takeover",
        "client_no_context_takeover",
        "server_max_window_bits",
        "client_max_window_bits",
    ];
    for (deflate, offer) in
        configurations().iter().flat_map(|deflate| (0..16).map(move |offer| (deflate, offer)))
    {
        let offered: Vec<_> =
            (0..4).filter(|bit| offer & 1 << bit > 0).map(|at| names[at]).collect();
        let parameters = offered
            .iter()
            .map(|&name| (name, (name == "server_max_window_bits").then(|| "13".into())));
        let (_, answer) = deflate.answer(parameters).unwrap();
        for parameter in answer.split("; ").skip(1) {
            let name = parameter.split('=').next().unwrap();
            assert!(
                offered.contains(&name) || name == "client_no_context_takeover",
                "{deflate:?}: {answer} to {offered:?}"
            );
            // Netty fails on a smaller window than it offers.
            assert!(name != "server_max_window_bits" || parameter.ends_with("=13"), "{answer}");
        }
    }
}

/// Every window and takeover, in both directions.
fn configurations() -> Vec<Deflate> {
    let mut configurations = Vec::new();
    for (ours, peers) in (8..=15).flat_map(|ours| (8..=15).map(move |peers| (ours, peers))) {
        for takeover in 0..4 {
            let deflate = largest().max_window_bits(ours).peer_max_window_bits(peers);
            configurations.push(
                deflate
                    .no_context_takeover(takeover & 1 > 0)
                    .peer_no_context_takeover(takeover & 2 > 0),
            );
        }
    }
    configurations
}

/// Whatever two endpoints want, each can decompress what the other may send: a window that the
/// sender limits unasked is smaller than the receiver's.
#[test]
fn client_and_server_agree_on_windows_that_suffice() {
    let configurations = configurations();
    for client in &configurations {
        for server in configurations.iter().step_by(7) {
            let request = request(&client.offer());
            let offer = request.extensions().next().unwrap();
            let (at_server, text) = server.answer(offer.parameters()).unwrap();
            let at_client =
                accept(client, text.strip_prefix(NAME).unwrap().trim_start_matches("; ")).unwrap();
            let suffices = |receiver: Window, sender: Window| {
                receiver.bits() >= sender.bits()
                    && receiver.context_takeover() >= sender.context_takeover()
            };
            assert_eq!(at_client.ours(), at_server.peers(), "{} {text}", client.offer());
            assert!(suffices(at_client.peers(), at_server.ours()), "{} {text}", client.offer());
        }
    }
}

#[test]
fn parameter_errors_name_the_parameter() {
    let error = accept(&Deflate::memory(), "").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server's answer to permessage-deflate lacks server_no_context_takeover, which was offered; offer less, \
         or no compression"
    );
    let error =
        accept(&largest().peer_max_window_bits(9), "server_max_window_bits=10").unwrap_err();
    assert!(
        error.to_string().ends_with("has server_max_window_bits=10, larger than the 9 offered"),
        "{error}"
    );
    let plain = largest().offer_client_max_window_bits(false);
    assert_eq!(
        accept(&plain, "client_max_window_bits=9").unwrap_err().to_string(),
        "the server's answer to permessage-deflate has client_max_window_bits, which was not offered; offer it, or \
         no compression"
    );
    assert!(!accept(&largest(), "secret=1").unwrap_err().to_string().contains("secret"));
}
