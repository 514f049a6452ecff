//! Whatever a peer sends before the connection is open, in either role: no panic, and the same verdict whole and byte by byte.
#![no_main]

use bytes::{Buf, BufMut};
use libfuzzer_sys::fuzz_target;
use sansocket::{ClientHandshake, ClientRequest, Config, Entropy, ServerHandshake};

/// What the handshake came to, and what it answered.
fn serve(bytes: &[u8], size: usize) -> (String, Vec<u8>) {
    let mut handshake = ServerHandshake::new(Config::new());
    for chunk in bytes.chunks(size) {
        if !handshake.wants_read() {
            break;
        }
        handshake.input().put_slice(chunk);
        match handshake.receive() {
            Ok(None) => {}
            Ok(Some(request)) => {
                let verdict = format!("{:?} {:?}", *request, request.subprotocols().collect::<Vec<_>>());
                let _ = (request.path(), request.query(), request.origin_is_host(), request.extensions().count());
                return (verdict, request.accept().output().chunk().to_vec());
            }
            Err(mut rejection) => {
                let response = rejection.output().chunk().to_vec();
                assert!(response.starts_with(b"HTTP/1.1 ") && response.windows(4).any(|end| end == b"\r\n\r\n"));
                return (format!("{:?}", rejection.error()), response);
            }
        }
    }
    (String::new(), Vec::new())
}

fn ask(bytes: &[u8], size: usize) -> String {
    let request = ClientRequest::new("ws://localhost/").expect("an address").subprotocol("a").expect("a token");
    let mut handshake = ClientHandshake::new(&request, Config::new(), Entropy::from_seed([7; 32]));
    for chunk in bytes.chunks(size) {
        if !handshake.wants_read() {
            break;
        }
        handshake.input().put_slice(chunk);
        match handshake.receive() {
            Ok(None) => {}
            Ok(Some((connection, response))) => return format!("{response:?} {:?}", connection.subprotocol()),
            Err(error) => return format!("{error:?}"),
        }
    }
    handshake.end_input();
    format!("{:?}", handshake.receive().err())
}

fuzz_target!(|bytes: &[u8]| {
    let size = bytes.len().max(1);
    assert_eq!(serve(bytes, 1), serve(bytes, size));
    assert_eq!(ask(bytes, 1), ask(bytes, size));
});
