//! Subprotocols and extensions that were not offered: RFC 6455 §4.1 no. 5 and 6, §4.2.2 no. 4.

use bytes::{Buf, BufMut};
use sansocket::{
    AcceptOptions, ClientHandshake, ClientRequest, Config, ResponseError as E, ServerHandshake,
};

use support::{drain, entropy};

const NAMES: [&str; 4] = ["chat", "chat.v2", "Chat", "c"];

/// All subsets of the names.
fn all_subsets() -> impl Iterator<Item = Vec<&'static str>> {
    (0..1 << NAMES.len()).map(|set| {
        NAMES
            .into_iter()
            .enumerate()
            .filter(|(i, _)| set >> i & 1 == 1)
            .map(|(_, name)| name)
            .collect()
    })
}

fn ask(offered: &[&str]) -> ClientHandshake {
    let request = offered.iter().fold(ClientRequest::new("ws://h/").unwrap(), |request, name| {
        request.subprotocol(name).unwrap()
    });
    ClientHandshake::new(&request, Config::new(), entropy())
}

/// Every offer with every set that a server supports. Both sides report the same subprotocol.
#[test]
fn h16_server_selects_its_first_offered_subprotocol_or_none() {
    for offered in all_subsets() {
        for supported in all_subsets() {
            let mut client = ask(&offered);
            let mut server = ServerHandshake::new(Config::new());
            server.input().put(client.output());
            let accept = supported
                .iter()
                .fold(AcceptOptions::new(), |accept, name| accept.subprotocol(name).unwrap());
            let mut server = server.receive().unwrap().unwrap().accept_with(&accept);
            let expected = supported.iter().copied().find(|ours| offered.contains(ours));
            assert_eq!(server.subprotocol(), expected, "{offered:?} {supported:?}");
            client.input().put_slice(&drain(&mut server));
            assert_eq!(
                client.receive().unwrap().unwrap().0.subprotocol(),
                expected,
                "{offered:?} {supported:?}"
            );
        }
    }
}

/// Every offer with every list in the response: only a single offered name opens the connection.
#[test]
fn k5_response_with_a_subprotocol_that_was_not_offered_fails() {
    for offered in all_subsets() {
        let mut server = ServerHandshake::new(Config::new());
        server.input().put(ask(&offered).output());
        let plain =
            String::from_utf8(drain(&mut server.receive().unwrap().unwrap().accept())).unwrap();
        for answered in all_subsets() {
            for separator in [", ", ",", "\r\nSec-WebSocket-Protocol: ", " ", ";"] {
                let answer =
                    format!("Sec-WebSocket-Protocol: {}\r\n\r\n", answered.join(separator));
                let mut client = ask(&offered);
                client
                    .input()
                    .put_slice((plain.trim_end().to_owned() + "\r\n" + &answer).as_bytes());
                match client.receive() {
                    Ok(opened) => {
                        assert!(
                            answered.len() == 1 && offered.contains(&answered[0]),
                            "{offered:?} {answer}"
                        );
                        assert_eq!(opened.unwrap().0.subprotocol(), Some(answered[0]));
                    }
                    Err(E::Subprotocol) => {
                        assert!(
                            answered.len() != 1 || !offered.contains(&answered[0]),
                            "{offered:?} {answer}"
                        )
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }
}

/// The client offers no extension, so every extension in the response is an error.
#[test]
fn k5_response_with_an_extension_that_was_not_offered_fails() {
    for extension in [
        "permessage-deflate",
        "permessage-deflate; server_no_context_takeover",
        "x-webkit-deflate-frame",
        "a, b",
        "a; b=c",
        "\"\"",
        ";",
    ] {
        let (mut client, mut server) = (ask(&[]), ServerHandshake::new(Config::new()));
        let request = String::from_utf8(client.output().chunk().to_vec()).unwrap();
        assert!(!request.contains("Extensions"));
        server.input().put_slice(request.as_bytes());
        let answer =
            String::from_utf8(drain(&mut server.receive().unwrap().unwrap().accept())).unwrap();
        let answer = answer.trim_end().to_owned()
            + &format!("\r\nSec-WebSocket-Extensions: {extension}\r\n\r\n");
        client.input().put_slice(answer.as_bytes());
        assert!(matches!(client.receive(), Err(E::Extension)), "{extension}");
    }
}
