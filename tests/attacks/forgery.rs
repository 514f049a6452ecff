//! Forged keys and responses: RFC 6455 §4.1 no. 4, §4.2.1 no. 5.

use bytes::{Buf, BufMut};
use sansocket::{
    ClientHandshake, ClientRequest, Config, HeadError as H, ResponseError as E, ServerHandshake,
};

use support::{drain, entropy};

/// A handshake that has sent its request, and the valid response.
fn requested() -> (ClientHandshake, Vec<u8>) {
    let mut handshake =
        ClientHandshake::new(&ClientRequest::new("ws://h/").unwrap(), Config::new(), entropy());
    let mut server = ServerHandshake::new(Config::new());
    server.input().put(handshake.output());
    let answer = drain(&mut server.receive().unwrap().unwrap().accept());
    (handshake, answer)
}

fn receive(answer: &[u8]) -> Result<(), E> {
    let (mut handshake, _) = requested();
    handshake.input().put_slice(answer);
    handshake.receive().map(|opened| assert!(opened.is_some(), "{}", answer.escape_ascii()))
}

/// Every byte of the accept key is replaced by every other byte. The base64 text is compared, not
/// the bytes that it encodes.
#[test]
fn k1_accept_key_with_one_changed_byte_fails() {
    let (_, answer) = requested();
    let start = answer.windows(8).position(|name| name == b"Accept: ").unwrap() + 8;
    assert_eq!(&answer[start + 27..][..3], b"=\r\n");
    assert_eq!(receive(&answer), Ok(()));
    for place in start..start + 28 {
        for byte in 0..=255 {
            let mut forged = answer.clone();
            forged[place] = byte;
            match receive(&forged) {
                Ok(()) => assert_eq!(forged, answer),
                Err(E::AcceptKey | E::Head(H::Malformed)) => assert_ne!(forged, answer),
                Err(other) => panic!("{other} {}", forged.escape_ascii()),
            }
        }
    }
}

/// Parts of the accept key, and responses to other keys, as from a cache or a server with a fixed
/// response.
#[test]
fn k1_truncated_replayed_and_reflected_responses_fail() {
    let (_, answer) = requested();
    let text = String::from_utf8(answer).unwrap();
    let accept = text.split_once("Accept: ").unwrap().1.trim_end();
    for forged in (0..28)
        .map(|len| &accept[..len])
        .chain((1..28).map(|from| &accept[from..]))
        .chain(["dGhlIHNhbXBsZSBub25jZQ==", "x"])
    {
        assert_eq!(receive(text.replace(accept, forged).as_bytes()), Err(E::AcceptKey), "{forged}");
    }
    // The response to one connection does not open another.
    let request = ClientRequest::new("ws://h/").unwrap();
    let mut other =
        ClientHandshake::new(&request, Config::new(), sansocket::Entropy::from_seed([9; 32]));
    other.input().put_slice(text.as_bytes());
    assert!(matches!(other.receive(), Err(E::AcceptKey)));
    // Nor does its own key or request that is sent back.
    for echo in [
        "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {key}\r\n\r\n",
        "{request}",
    ] {
        let (mut handshake, _) = requested();
        let mut again = ClientHandshake::new(&request, Config::new(), entropy());
        let request = String::from_utf8(again.output().chunk().to_vec()).unwrap();
        let key = &request.split_once("Key: ").unwrap().1[..24];
        handshake
            .input()
            .put_slice(echo.replace("{key}", key).replace("{request}", &request).as_bytes());
        assert!(handshake.receive().is_err(), "{echo}");
    }
}

/// Every byte of a key is replaced by every other byte: a valid key has 22 base64 digits and two
/// padding characters.
#[test]
fn h7_key_with_a_byte_outside_base64_is_400() {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    for place in 0..24 {
        for byte in 0..=255_u8 {
            let mut key = *b"dGhlIHNhbXBsZSBub25jZQ==";
            key[place] = byte;
            let head = [
                b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ",
                &key[..],
                b"\r\n\r\n",
            ];
            let mut server = ServerHandshake::new(Config::new());
            server.input().put_slice(&head.concat());
            let is_key = key[..22].iter().all(|&byte| is_base64(byte)) && key[22..] == *b"==";
            match server.receive() {
                Ok(Some(_)) => assert!(is_key, "{}", key.escape_ascii()),
                Err(rejection) => {
                    let error = rejection.error();
                    assert!(
                        !is_key && error.status() == Some(400),
                        "{error} {}",
                        key.escape_ascii()
                    );
                }
                Ok(None) => panic!("{}", key.escape_ascii()),
            }
        }
    }
}
