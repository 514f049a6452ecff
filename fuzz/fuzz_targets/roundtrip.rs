//! All messages of two applications arrive, in order and complete, for every split of the bytes and
//! every way to send; and the closing handshake is clean.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sansocket::{CloseCode, CloseFrame, Connection, Event, Kind, Message, Prepared};
use sansocket_fuzz::{Input, text};
use support::{Chunking, Pair};

/// Sends what a byte of the input chooses; returns the message that must arrive, if it is one.
fn say(from: &mut Connection, what: u8, most: usize, input: &mut Input<'_>) -> Option<Message> {
    let content = match what & 0x40 {
        0 => {
            let len = input.byte() % 32;
            input.take(len.into()).to_vec()
        }
        // One in sixteen may be long: it takes the time of many.
        _ => {
            let word = usize::from(input.word());
            vec![what; most.min(if word % 16 == 15 { word / 4 } else { word % 512 })]
        }
    };
    let text = text(&content);
    match what % 4 {
        0 | 1 => {
            let message = if what & 1 == 0 { Message::from(text) } else { content.into() };
            let sent = match what & 4 {
                0 => from.send(message.clone()),
                _ => from.send(Prepared::new(message.clone())),
            };
            sent.expect("the connection is open");
            Some(message)
        }
        2 => {
            // In fragments, which may end inside a character.
            let (kind, message) = if what & 4 != 0 {
                (Kind::Text, Message::from(text))
            } else {
                (Kind::Binary, content.into())
            };
            let bytes = message.as_bytes().to_vec();
            for part in bytes.chunks(usize::from(input.byte()) + 1) {
                from.send_fragment(kind, part.to_vec(), false).expect("good so far");
            }
            from.send_fragment(kind, "", true).expect("the end");
            Some(message)
        }
        _ => {
            let sent = if what & 4 != 0 { from.ping(&content) } else { from.pong(&content) };
            assert_eq!(sent.is_ok(), content.len() <= 125);
            None
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let seed = input.byte();
    let chunking = if seed == 0 { Chunking::Bytewise } else { Chunking::Random(seed.into()) };
    let mut pair = Pair::new(chunking);
    let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
    // Messages are short if they are fed byte by byte, to have time for more inputs.
    let most = if seed == 0 { 300 } else { 10_000 };
    while !input.is_empty()
        && pair.client.buffered_amount() + pair.server.buffered_amount() < 2 * most
    {
        let what = input.byte();
        let (from, to) = if what > 127 {
            (&mut pair.client, &mut to_server)
        } else {
            (&mut pair.server, &mut to_client)
        };
        to.extend(say(from, what, most, &mut input));
    }
    let reason = CloseFrame::new(CloseCode::GOING_AWAY, "done").expect("it is short");
    pair.client.close(reason.clone());
    let (at_client, at_server) = pair.settle();
    for (events, expected, close) in
        [(at_client, to_client, CloseCode::GOING_AWAY.into()), (at_server, to_server, reason)]
    {
        let Some(Event::Closed(closed)) = events.last() else { panic!("no end") };
        assert!(closed.was_clean() && closed.received() == Some(&close));
        let messages = events.iter().filter_map(|event| match event {
            Event::Message(message) => Some(message),
            _ => None,
        });
        assert!(messages.eq(&expected));
    }
});
