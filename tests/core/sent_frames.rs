//! `Config::max_sent_frame_size`: a larger message leaves in several frames (RFC 6455 §5.4).

use sansocket::{Config, Kind, Role};
use support::{connection, drain, unmasked};

fn sent(limit: u32, send: impl FnOnce(&mut sansocket::Connection)) -> Vec<u8> {
    let mut server = connection(Role::Server, Config::new().max_sent_frame_size(limit));
    send(&mut server);
    drain(&mut server)
}

#[test]
fn message_above_the_limit_is_sent_in_several_frames() {
    let in_three = [unmasked(0x01, b"abc"), unmasked(0x00, b"def"), unmasked(0x80, b"g")].concat();
    assert_eq!(sent(3, |server| server.send("abcdefg").unwrap()), in_three);
    assert_eq!(sent(3, |server| server.send_ref("abcdefg").unwrap()), in_three, "borrowed");
    let in_two = [unmasked(0x01, b"abc"), unmasked(0x80, b"def")].concat();
    assert_eq!(sent(3, |server| server.send("abcdef").unwrap()), in_two, "no empty frame");
    for limit in [7, 8, u32::MAX] {
        let whole = unmasked(0x81, b"abcdefg");
        assert_eq!(sent(limit, |server| server.send("abcdefg").unwrap()), whole);
    }
    let bytes = [unmasked(0x02, b"a"), unmasked(0x80, b"b")].concat();
    assert_eq!(sent(0, |server| server.send(vec![b'a', b'b']).unwrap()), bytes, "at least 1");
}

#[test]
fn fragment_above_the_limit_is_sent_in_several_frames() {
    let frames = [
        unmasked(0x01, b"abc"),
        unmasked(0x00, b"d"),
        unmasked(0x00, b"efg"),
        unmasked(0x80, b"h"),
    ];
    let written = sent(3, |server| {
        server.send_fragment(Kind::Text, "abcd", false).unwrap();
        server.send_fragment(Kind::Text, "efgh", true).unwrap();
    });
    assert_eq!(written, frames.concat());
}

/// Control frames are never fragmented (§5.4).
#[test]
fn control_frames_have_no_limit() {
    let written = sent(1, |server| {
        server.ping("ping").unwrap();
        server.close(sansocket::CloseCode::NORMAL);
    });
    assert_eq!(written, [unmasked(0x89, b"ping"), unmasked(0x88, b"\x03\xe8")].concat());
}

/// The client's frames are masked with keys of their own, and arrive as one message.
#[test]
fn fragments_of_a_client_are_one_message() {
    let config = Config::new().max_sent_frame_size(1000);
    let mut client = connection(Role::Client, config);
    let message = vec![7_u8; 10_001];
    client.send(message.clone()).unwrap();
    let mut server = connection(Role::Server, Config::new().max_frame_size(1000));
    let events = support::feed(&mut server, &drain(&mut client), support::Chunking::Whole);
    assert_eq!(events, [sansocket::Event::Message(message.into())]);
}
