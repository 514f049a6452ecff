//! Memory of a connection: what it holds and allocates follows what is in use. RFC 6455 §10.4.
#![cfg(feature = "std")]

use bytes::{Buf, BufMut};
use sansocket::{
    ClientHandshake, ClientRequest, CloseOutcome, Config, Connection, Error, Event, Kind, Message,
    ProtocolError, Role, ServerHandshake,
};
use support::allocator::{LARGE, cost, exclusive};
use support::{Chunking, connection, drain, entropy, feed, hex, masked, unmasked};

/// Feeds bytes, and drops the events.
fn take(connection: &mut Connection, bytes: &[u8]) {
    connection.input().put_slice(bytes);
    while connection.receive().is_some() {}
}

#[test]
fn sizes_of_what_is_passed_around() {
    assert!(size_of::<Event>() <= 64, "{}", size_of::<Event>());
    assert!(size_of::<Message>() <= 40, "{}", size_of::<Message>());
    assert!(size_of::<ProtocolError>() <= 16, "{}", size_of::<ProtocolError>());
    assert!(size_of::<Error>() <= 32, "{}", size_of::<Error>());
    assert!(size_of::<Connection>() <= 416, "{}", size_of::<Connection>());
}

#[test]
fn a_new_connection_holds_nothing() {
    let _exclusive = exclusive();
    let (server, cost_of_server) = cost(|| connection(Role::Server, Config::new()));
    assert_eq!((cost_of_server.held, server.bytes_held()), (0, 0));
    // A client's generator of masking keys is made before it.
    let entropy = entropy();
    let (client, cost_of_client) = cost(|| Connection::client(Config::new(), entropy));
    assert_eq!((cost_of_client.held, client.bytes_held()), (0, 0));
}

#[test]
fn a_connection_fresh_from_its_handshake_holds_nothing() {
    let _exclusive = exclusive();
    let request = ClientRequest::new("ws://localhost/").unwrap();
    let mut client = ClientHandshake::new(&request, Config::new(), entropy());
    let mut server = ServerHandshake::new(Config::new());
    server.input().put(client.output());
    let mut server = server.receive().unwrap().unwrap().accept();
    client.input().put(server.output());
    let (mut client, _) = client.receive().unwrap().unwrap();
    assert_eq!((client.bytes_held(), server.bytes_held()), (0, 0));
    assert_eq!((client.receive(), server.receive()), (None, None));
    assert_eq!((client.bytes_held(), server.bytes_held()), (0, 0));
    server.send("waits").unwrap();
    assert!(server.bytes_held() >= 7);
}

/// A kept message holds its own size, and not the block that it arrived in.
#[test]
fn a_kept_message_does_not_pin_its_read_block() {
    let _exclusive = exclusive();
    let mut server = connection(Role::Server, Config::new());
    let batch = masked(0x82, &[7; 100]).repeat(500);
    let (kept, small) = cost(|| {
        server.input().put_slice(&batch);
        let kept = server.receive();
        while server.receive().is_some() {}
        kept
    });
    assert!(kept.is_some() && small.held <= 256, "{}", small.held);

    let large = masked(0x82, &[7; 50_000]);
    let (kept, cost) = cost(|| {
        server.input().put_slice(&large);
        let kept = server.receive();
        server.receive();
        kept
    });
    assert!(kept.is_some());
    assert_eq!((cost.held, server.bytes_held()), (50_000, 0));
}

/// The next read buffer is larger if the last read filled it, half if most of it stayed empty, and
/// otherwise the same.
#[test]
fn the_read_buffer_adapts_to_the_size_of_reads() {
    let _exclusive = exclusive();
    let mut server = connection(Role::Server, Config::new());
    let room = |server: &mut Connection| server.input().chunk_mut().len();
    let small = room(&mut server);
    take(&mut server, &hex("82ff0000000000800000 00000000"));
    for _ in 0..8 {
        let fill = vec![0; room(&mut server)];
        take(&mut server, &fill);
    }
    let large = room(&mut server);
    assert!(large >= 8 * small, "{large}");
    for _ in 0..8 {
        let almost = vec![0; room(&mut server) - 1];
        take(&mut server, &almost);
        assert_eq!(room(&mut server), large);
    }
    server.receive();
    assert_eq!(room(&mut server), large / 2);
    for _ in 0..8 {
        server.receive();
        server.input();
    }
    assert_eq!(room(&mut server), small);
}

/// A reader that is always some messages behind holds those, and none before them.
#[test]
fn a_backlog_holds_only_the_messages_in_it() {
    let _exclusive = exclusive();
    let mut server = connection(Role::Server, Config::new());
    let frame = masked(0x82, &[7; 1000]);
    server.input().put_slice(&frame.repeat(10));
    let (_, cost) = cost(|| {
        for _ in 0..2000 {
            server.input().put_slice(&frame);
            assert!(
                matches!(server.receive(), Some(Event::Message(message)) if message.len() == 1000)
            );
        }
    });
    assert!(cost.peak < 64 * 1024 && server.bytes_held() < 64 * 1024, "{}", cost.peak);
}

/// CVE-2026-65623: what was received is not copied again for every fragment.
#[test]
fn fragments_are_joined_in_linear_time() {
    let _exclusive = exclusive();
    let grown = |fragments: usize| {
        let mut server = connection(Role::Server, Config::new());
        let before = LARGE.get();
        take(&mut server, &masked(0x02, &[0; 60]));
        for _ in 0..fragments {
            take(&mut server, &masked(0x00, &[0; 60]));
        }
        LARGE.get() - before
    };
    assert!(grown(4096) <= 8, "{}", grown(4096));
    assert!(grown(16_384) <= 10, "{}", grown(16_384));
}

/// The block is kept for the next message, and the connection holds nothing.
#[test]
fn an_idle_connection_holds_nothing_after_a_large_message_came_and_went() {
    let _exclusive = exclusive();
    for role in [Role::Server, Role::Client] {
        let payload = vec![b'x'; 1 << 20];
        let frame =
            if role == Role::Server { masked(0x81, &payload) } else { unmasked(0x81, &payload) };
        let echo = |us: &mut Connection| {
            let mut events = 0;
            for chunk in frame.chunks(64 * 1024) {
                us.input().put_slice(chunk);
                while let Some(event) = us.receive() {
                    let Event::Message(message) = event else { panic!("{event:?}") };
                    us.send(message).unwrap();
                    events += 1;
                }
            }
            drain(us);
            us.input();
            us.receive();
            events
        };
        // A client masks a copy; and what a message outgrew may be kept too.
        let (events, first) = cost(|| echo(&mut connection(role, Config::new())));
        assert!(events == 1 && first.held <= 3 << 20, "{role:?}: {}", first.held);
        let mut us = connection(role, Config::new());
        for _ in 0..5 {
            let (events, again) = cost(|| echo(&mut us));
            assert_eq!((events, us.bytes_held()), (1, 0), "{role:?}");
            assert!(
                again.held <= 512 * 1024,
                "{role:?}: no large block is taken again: {}",
                again.held
            );
        }
        let (_, steady) = cost(|| (0..5).map(|_| echo(&mut us)).sum::<usize>());
        assert_eq!((steady.held, us.bytes_held()), (0, 0), "{role:?}");
    }
}

/// An unused reservation goes back when there is nothing to receive; what is left of a block does
/// not pin it.
#[test]
fn an_unused_read_reservation_is_freed() {
    let _exclusive = exclusive();
    let mut server = connection(Role::Server, Config::new());
    let (_, idle) = cost(|| {
        server.input();
        assert!(server.bytes_held() >= 4096);
        assert_eq!(server.receive(), None);
    });
    assert_eq!(idle.held, 0);

    let (_, half_a_header) =
        cost(|| take(&mut server, &[masked(0x82, &[0; 60_000]), vec![0x82]].concat()));
    assert!(half_a_header.held <= 64, "{}", half_a_header.held);
}

/// CVE-2022-35922 and its like: a claim is not a reason to take memory.
#[test]
fn an_announced_length_allocates_nothing() {
    let _exclusive = exclusive();
    for exponent in 16..=63_u32 {
        for len in [1 << exponent, (1_u64 << exponent) - 1, (1 << 63) - 1 - u64::from(exponent)] {
            let len = len.clamp(65_536, (1 << 63) - 1);
            for limit in [Config::UNLIMITED, usize::MAX as u64, 1 << 63] {
                let mut server = connection(Role::Server, Config::new().max_message_size(limit));
                let header = [&[0x82, 0xff][..], &len.to_be_bytes(), &[0; 4]].concat();
                let (_, cost) = cost(|| {
                    take(&mut server, &header);
                    take(&mut server, b"x");
                });
                assert!(cost.peak < 8 * 1024, "{len}: {}", cost.peak);
                // On a 32-bit processor, no memory has room for it.
                let refused = len > isize::MAX as u64;
                assert_eq!(server.closed().is_some(), refused, "{len}");
            }
        }
    }
}

#[test]
fn a_frame_over_the_limit_is_rejected_by_its_header() {
    let _exclusive = exclusive();
    let mut server = connection(Role::Server, Config::new());
    let (events, cost) =
        cost(|| feed(&mut server, &hex("82ff7fffffffffffffff00000000"), Chunking::Bytewise));
    assert!(
        matches!(&events[..], [Event::Closed(closed)] if closed.sent().unwrap().code().get() == 1009)
    );
    assert!(cost.peak < 8 * 1024, "{}", cost.peak);
}

/// The end of a read is kept for the next one, again and again.
#[test]
fn repeatedly_kept_bytes_do_not_accumulate() {
    let _exclusive = exclusive();
    let mut server = connection(Role::Server, Config::new());
    let frame = masked(0x82, &[7; 1000]);
    let (_, cost) = cost(|| {
        for round in 0..2000 {
            // Cut at a place that is now in the header, now in the payload, and now between two
            // frames.
            for part in [&frame[..round % frame.len()], &frame[round % frame.len()..]] {
                let mut received = part.to_vec();
                let mut received = &mut received[..];
                while server.receive_from(&mut received).is_some() {}
            }
        }
    });
    assert_eq!((cost.held, server.bytes_held()), (0, 0));
    assert!(cost.peak < 8 * 1024, "{}", cost.peak);
}

/// Small frames are written from one block, which stays until all is written, also large payloads
/// behind them.
#[test]
fn partly_written_output_holds_at_most_twice_what_is_unwritten() {
    let _exclusive = exclusive();
    let mut us = connection(Role::Server, Config::new());
    (0..36).for_each(|_| us.send(vec![7; 4096]).unwrap());
    us.send(vec![7; 16 * 1024]).unwrap();
    let most = us.buffered_amount();
    let block = us.output().chunk().len();
    us.output().advance(block);
    assert_eq!(us.buffered_amount(), 16 * 1024);
    assert!(us.bytes_held() <= 2 * most, "{} bytes are held for {most}", us.bytes_held());
    us.output().advance(16 * 1024);
    assert_eq!(us.bytes_held(), 0);
}

/// Held for a message that is not whole: at most twice what was really received.
#[test]
fn a_dribbled_message_holds_at_most_twice_its_bytes() {
    let _exclusive = exclusive();
    let mut server = connection(Role::Server, Config::new());
    let header = hex("82ff0000000000100000 00000000");
    let (_, cost) = cost(|| {
        take(&mut server, &header);
        for _ in 0..64 * 1024 {
            take(&mut server, b"x");
        }
    });
    assert!(cost.peak <= 2 * 64 * 1024 + 4 * 1024, "{}", cost.peak);
}

#[test]
fn a_large_message_ends_in_a_buffer_of_its_size() {
    let _exclusive = exclusive();
    let mut server = connection(Role::Server, Config::new());
    let frame = masked(0x82, &vec![7; 1_000_000]);
    let (message, cost) = cost(|| {
        for chunk in frame.chunks(10_000) {
            server.input().put_slice(chunk);
            if let Some(event) = server.receive() {
                return Some(event);
            }
        }
        None
    });
    assert!(message.is_some());
    // And a page, so that it can begin where it does well.
    assert!(cost.held <= 1_000_000 + 2 * 4096 + 64, "{}", cost.held);
}

/// A message that is larger than memory should be, in one frame and in many, there and back.
#[test]
fn a_message_in_chunks_is_not_buffered() {
    let _exclusive = exclusive();
    let config = || {
        Config::new()
            .receive_in_chunks(true)
            .max_message_size(Config::UNLIMITED)
            .max_fragments(u32::MAX)
    };
    let (mut client, mut server) =
        (connection(Role::Client, config()), connection(Role::Server, config()));
    let piece = bytes::Bytes::from_static(&[7; 16 * 1024]);
    let (sum, cost) = cost(|| {
        let mut sum = 0;
        for number in 0..2048 {
            client.send_fragment(Kind::Binary, piece.clone(), number == 2047).unwrap();
            server.input().put(client.output());
            while let Some(Event::Chunk(part)) = server.receive() {
                server.send_fragment(part.kind, part.bytes, part.last).unwrap();
            }
            client.input().put(server.output());
            while let Some(Event::Chunk(part)) = client.receive() {
                sum += part.bytes.len();
            }
        }
        sum
    });
    assert_eq!((sum, cost.held), (2048 * 16 * 1024, 0));
    assert!(cost.peak < 256 * 1024, "{}", cost.peak);

    let header = hex("82ff0000000010000000 00000000");
    let chunk = vec![0; 64 * 1024];
    let (_, cost) = support::allocator::cost(|| {
        take(&mut server, &header);
        for _ in 0..500 {
            take(&mut server, &chunk);
        }
    });
    assert!(cost.peak < 256 * 1024, "{}", cost.peak);
}

/// CVE-2026-48779: fragments take no memory of their own.
#[test]
fn tiny_fragments_hold_what_they_carry() {
    let _exclusive = exclusive();
    let mut server = connection(Role::Server, Config::new());
    let (_, cost) = cost(|| {
        take(&mut server, &masked(0x02, b"x"));
        for _ in 0..16_384 {
            take(&mut server, &masked(0x00, b"x"));
        }
    });
    assert!(cost.peak <= 64 * 1024, "{}", cost.peak);
}

/// CVE-2014-0193: a million empty frames that never end a message.
#[test]
fn empty_fragments_are_counted() {
    let _exclusive = exclusive();
    let empty = masked(0x00, b"").repeat(1000);
    let mut server = connection(Role::Server, Config::new());
    let (_, cost) = cost(|| {
        take(&mut server, &masked(0x01, b""));
        for _ in 0..1000 {
            take(&mut server, &empty);
        }
    });
    let closed = server.closed().unwrap();
    assert_eq!(
        closed.outcome(),
        CloseOutcome::ProtocolError(ProtocolError::TooManyFragments { limit: 262_144 })
    );
    assert_eq!(closed.sent().unwrap().code().get(), 1008);
    assert!(cost.peak < 32 * 1024, "{}", cost.peak);
}

/// CVE-2026-11586: the peer pings and reads nothing.
#[test]
fn a_ping_flood_allocates_nothing() {
    let _exclusive = exclusive();
    let mut server = connection(Role::Server, Config::new());
    let pings = masked(0x89, &[0; 125]).repeat(100);
    let (_, cost) = cost(|| {
        for _ in 0..10_000 {
            take(&mut server, &pings);
        }
    });
    assert!(cost.peak < 64 * 1024, "{}", cost.peak);
    assert!(cost.held < 16 * 1024, "{}", cost.held);
}

/// CVE-2024-52532: what comes after the end is thrown away as it comes.
#[test]
fn a_closed_connection_holds_nothing() {
    let _exclusive = exclusive();
    for end in ["888237fa213d3412", "8b00"] {
        let mut server = connection(Role::Server, Config::new());
        take(&mut server, &hex(end));
        drain(&mut server);
        let chunk = vec![0; 64 * 1024];
        let (_, cost) = cost(|| {
            for _ in 0..1000 {
                server.input().put_slice(&chunk);
            }
            server.receive()
        });
        assert!(cost.peak <= 2 * 64 * 1024 + 8 * 1024, "{}", cost.peak);
        assert_eq!((cost.held, server.bytes_held()), (0, 0));
    }
}

/// The steady state of an echo: the room to receive, the message, and the room to send it.
#[test]
fn a_small_message_takes_three_allocations() {
    let _exclusive = exclusive();
    let mut server = connection(Role::Server, Config::new());
    let frame = masked(0x81, b"sixteen letters.");
    let (_, cost) = cost(|| {
        for _ in 0..100 {
            server.input().put_slice(&frame);
            while let Some(Event::Message(message)) = server.receive() {
                server.send(message).unwrap();
            }
            let output = server.output();
            let len = bytes::Buf::remaining(output);
            bytes::Buf::advance(output, len);
        }
    });
    assert_eq!((cost.allocations, cost.held), (300, 0));
}

/// A head that never ends is refused, and was never kept whole.
#[test]
fn an_endless_head_is_bounded() {
    let _exclusive = exclusive();
    for line in [&b"x"[..], b"X: y\r\n", b"\r\n"] {
        let (status, cost) = cost(|| {
            let mut handshake = ServerHandshake::new(Config::new());
            handshake.input().put_slice(b"GET / HTTP/1.1\r\n");
            for _ in 0..1_000_000 {
                handshake.input().put_slice(line);
                match handshake.receive() {
                    Ok(_) if handshake.wants_read() => {}
                    Ok(_) => return None,
                    Err(rejection) => return rejection.error().status(),
                }
            }
            panic!("a million lines were taken")
        });
        assert!(matches!(status, Some(400 | 426 | 431)), "{status:?}");
        assert!(cost.peak < 64 * 1024, "{}", cost.peak);
    }
}

#[test]
fn a_handshake_takes_few_allocations() {
    let _exclusive = exclusive();
    let request =
        b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let (mut connection, cost) = cost(|| {
        let mut handshake = ServerHandshake::new(Config::new());
        handshake.input().put_slice(request);
        handshake.receive().unwrap().unwrap().accept()
    });
    assert!(cost.allocations <= 6, "{}", cost.allocations);
    let (_, sent) = support::allocator::cost(|| drain(&mut connection));
    assert_eq!(connection.bytes_held(), 0);
    assert!(sent.held <= 0, "{}", sent.held);
}
