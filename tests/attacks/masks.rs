//! Bytes on the wire: RFC 6455 §5.3, §10.3. No attacker chooses a client's bytes, and no
//! uninitialized memory is sent.

use std::collections::HashMap;

use bytes::{Buf, BufMut};
use sansocket::{
    ClientHandshake, ClientRequest, CloseCode, Config, Connection, Entropy, Kind, Role,
    ServerHandshake,
};

use super::{ROLES, from_peer, take};
use support::allocator::poisoned;
use support::{connection, drain, entropy};

/// "Talking to yourself" (2011): a page makes a browser send bytes that a proxy parses as a
/// request. A thousand masked frames of every kind contain no part of the request.
#[test]
fn huang_2011_and_cve_2025_10148_chosen_bytes_are_masked_on_the_wire() {
    let chosen = b"GET /script.js HTTP/1.1\r\nHost: target\r\n\r\n";
    let mut client = Connection::client(Config::new(), Entropy::from_os().unwrap());
    for _ in 0..250 {
        client.send(&chosen[..]).unwrap();
        client.ping(chosen).unwrap();
        client.send_fragment(Kind::Binary, &chosen[..], false).unwrap();
        client.send_fragment(Kind::Binary, chosen.repeat(200), true).unwrap();
        take(&mut client, &from_peer(Role::Client, 0x89, chosen));
    }
    let output = drain(&mut client);
    assert!(output.len() > 250 * chosen.len() * 203);
    // By chance four chosen bytes may appear once in 2 million positions; eight do not.
    assert!(!output.windows(8).any(|bytes| chosen.windows(8).any(|piece| piece == bytes)));
}

/// Predictable keys show as repeated differences between consecutive keys.
#[test]
fn k12_differences_of_masking_keys_do_not_repeat() {
    let mut client = Connection::client(Config::new(), Entropy::from_os().unwrap());
    let mut differences: HashMap<(u32, u32), usize> = HashMap::new();
    let mut last = 0;
    for _ in 0..20_000 {
        client.send("").unwrap();
        let key = u32::from_be_bytes(drain(&mut client)[2..6].try_into().unwrap());
        *differences.entry((key.wrapping_sub(last), key ^ last)).or_default() += 1;
        last = key;
    }
    assert!(differences.len() > 19_990, "{}", differences.len());
}

/// All bytes that both sides of a conversation write.
fn conversation() -> Vec<u8> {
    let mut handshake =
        ClientHandshake::new(&ClientRequest::new("ws://h/path").unwrap(), Config::new(), entropy());
    let mut server = ServerHandshake::new(Config::new());
    let mut written = handshake.output().chunk().to_vec();
    server.input().put(handshake.output());
    let mut server = server.receive().unwrap().unwrap().accept();
    let answer = drain(&mut server);
    handshake.input().put_slice(&answer);
    written.extend(answer);
    let (mut client, _) = handshake.receive().unwrap().unwrap();
    for len in [0, 1, 100, 125, 126, 4095, 4096, 4097, 65_535, 65_536, 100_000] {
        client.send(vec![len as u8; len]).unwrap();
        server.send("x".repeat(len)).unwrap();
        client.ping(vec![1; len.min(125)]).unwrap();
        server.pong(vec![2; len.min(125)]).unwrap();
        let (forth, back) = (drain(&mut client), drain(&mut server));
        take(&mut server, &forth);
        take(&mut client, &back);
        written.extend([forth, back, drain(&mut server)].concat());
    }
    client.close(sansocket::CloseFrame::new(CloseCode::NORMAL, "so long").unwrap());
    let close = drain(&mut client);
    take(&mut server, &close);
    written.extend([close, drain(&mut server)].concat());
    written
}

/// The bug sent a ping with uninitialized memory. The output must not depend on the content of new
/// allocations.
#[test]
fn ghsa_2mhh_output_contains_no_uninitialized_memory() {
    let clean = conversation();
    for poison in [0x00, 0xa5, 0x5a, 0xff] {
        assert!(poisoned(poison, conversation) == clean, "{poison:02x}");
    }
}

/// Received events must not depend on the content of new allocations.
#[test]
fn rustsec_2020_0123_events_contain_no_uninitialized_memory() {
    for role in ROLES {
        let bytes = [
            from_peer(role, 0x01, &[b'a'; 300]),
            from_peer(role, 0x80, &[b'b'; 70_000]),
            from_peer(role, 0x89, b"?"),
        ]
        .concat();
        let receive = || {
            support::feed(
                &mut connection(role, Config::new()),
                &bytes,
                support::Chunking::Random(1),
            )
        };
        assert!(poisoned(0xa5, receive) == receive());
    }
}
