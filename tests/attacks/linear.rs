//! Quadratic work: four times the input costs four times as many allocations and allocated bytes.
//!
//! Repeated copies show as allocated bytes: a message that is copied for each fragment allocates
//! sixteen times as many.

use bytes::BufMut;
use sansocket::{AcceptOptions, ClientHandshake, ClientRequest, Config, Role, ServerHandshake};

use super::{ROLES, announced, from_peer, take};
use support::allocator::{Cost, cost};
use support::{connection, entropy, masked};

/// Runs work of a size and of four times that size; the cost may be at most six times.
fn assert_linear(what: &str, size: usize, work: impl Fn(usize)) {
    // A first run excludes thread-local setup.
    work(size);
    let costs = [size, 4 * size].map(|size| cost(|| work(size)).1);
    let [once, four_times] =
        costs.each_ref().map(|Cost { allocations, taken, .. }| (*allocations, *taken));
    assert!(
        four_times.0 <= 6 * once.0 && four_times.1 <= 6 * once.1,
        "{what}: {once:?} became {four_times:?}"
    );
}

#[test]
fn cve_2026_65623_joining_fragments_is_linear() {
    for role in ROLES {
        assert_linear("fragments", 4000, |n| {
            let mut us = connection(role, Config::new());
            take(&mut us, &from_peer(role, 0x01, b"some letters"));
            for _ in 1..n {
                take(&mut us, &from_peer(role, 0x00, b"some letters"));
            }
            assert_eq!(take(&mut us, &from_peer(role, 0x80, b"")), 1);
        });
    }
}

#[test]
fn aiohttp_13350_payload_received_byte_by_byte_is_linear() {
    for role in ROLES {
        assert_linear("a payload", 16_000, |n| {
            let mut us = connection(role, Config::new());
            take(&mut us, &announced(role, 0x82, 16 << 20));
            for _ in 0..n {
                take(&mut us, b"x");
            }
        });
    }
}

#[test]
fn r3_many_small_frames_are_linear() {
    for role in ROLES {
        for first in [0x81, 0x89, 0x8a] {
            let frame = from_peer(role, first, b"a hundred of them in a read");
            assert_linear("frames", 50, |n| {
                let mut us = connection(role, Config::new());
                for _ in 0..n {
                    take(&mut us, &frame.repeat(100));
                }
            });
        }
    }
}

/// Frames are consumed from the front of a read without moving the rest.
#[test]
fn r3_many_frames_in_one_read_are_linear() {
    assert_linear("one read", 5000, |n| {
        let mut server = connection(Role::Server, Config::new());
        assert_eq!(take(&mut server, &masked(0x81, b"x").repeat(n)), n);
    });
}

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// Accepts a request with additional lines, in chunks of this size, and calls every getter.
fn serve(lines: &str, chunk: usize) {
    let mut handshake = ServerHandshake::new(Config::new());
    let bytes = format!("{REQUEST}{lines}\r\n");
    let mut request = None;
    for chunk in bytes.as_bytes().chunks(chunk) {
        handshake.input().put_slice(chunk);
        request = handshake.receive().unwrap();
    }
    let request = request.unwrap();
    let parameters =
        request.extensions().map(|extension| extension.parameters().count()).sum::<usize>();
    assert!(
        parameters <= 32 * 16
            && request.headers().iter().count() >= 5
            && request.subprotocols().count() <= 4001
    );
    drop(request.accept_with(&AcceptOptions::new().subprotocol("none-of-these").unwrap()));
}

/// CVE-2023-43669: the whole head was parsed again for every read.
#[test]
fn cve_2023_43669_head_received_byte_by_byte_is_linear() {
    assert_linear("a head, byte by byte", 1900, |n| serve(&format!("X: {}\r\n", "x".repeat(n)), 1));
    assert_linear("lines", 20, |n| serve(&"name: value\r\n".repeat(n), 1));
    let request = ClientRequest::new("ws://h/").unwrap();
    assert_linear("a response, byte by byte", 1900, |n| {
        let mut handshake = ClientHandshake::new(&request, Config::new(), entropy());
        let head =
            format!("HTTP/1.1 403 Forbidden\r\nX: {}\r\nContent-Length: 9\r\n\r\n", "x".repeat(n));
        for byte in head.bytes() {
            handshake.input().put_u8(byte);
            assert!(handshake.receive().unwrap().is_none());
        }
    });
}

/// CVE-2021-32640 (Sec-WebSocket-Protocol), CVE-2020-7662 and CVE-2020-7663
/// (Sec-WebSocket-Extensions): patterns that were matched in exponential or quadratic time.
#[test]
fn cve_2021_32640_and_cve_2020_7662_parsing_of_lists_is_linear() {
    for (name, item) in [
        ("Protocol", "a,"),
        ("Protocol", " ,"),
        ("Protocol", "a \t,"),
        ("Extensions", "a,"),
        ("Extensions", " ,"),
        ("Extensions", "a; b=\"\\c\","),
        ("Extensions", "a; b = c \t,"),
    ] {
        let n = 1900 / item.len();
        assert_linear(item, n, |n| {
            serve(&format!("Sec-WebSocket-{name}: {}z\r\n", item.repeat(n)), 4096)
        });
    }
    assert_linear("parameters", 900, |n| {
        serve(&format!("Sec-WebSocket-Extensions: x{}\r\n", ";a".repeat(n)), 4096)
    });
    assert_linear("a quoted string", 900, |n| {
        serve(&format!("Sec-WebSocket-Extensions: x; y=\"{}\"\r\n", "\\a".repeat(n)), 4096);
    });
}
