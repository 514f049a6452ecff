//! Compression, module by module: any bytes as a compressed message, any parameters as an offer and
//! as a response, any messages there and back, and any bytes into a connection with compression.
//! The split of the bytes never matters, and no memory grows beyond its limit and a constant.
#![no_main]

use std::borrow::Cow;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use sansocket::deflate::{Compressor, Decompressor, Deflate, InflateError, NAME};
use sansocket::{Config, Event, Kind, Message, Role};
use sansocket_fuzz::{Input, cut, feed_one, model};
use support::deflate::{agreed, compressing};
use support::{Chunking, drain, feed, masked, unmasked};

/// The maximum of bytes that both states of compression, a frame and a read hold.
const SLACK: usize = 512 * 1024;

/// The approximate maximum of fragments of a message: zlib needs long for the end of each.
const PARTS: usize = 16;

/// Options by a byte: three bits each for the level and the window, and one for each takeover.
fn deflate(choice: u8) -> Deflate {
    Deflate::new()
        .level(1 + choice % 8)
        .max_window_bits(8 + (choice >> 3) % 8)
        .no_context_takeover(choice & 0x40 != 0)
        .peer_no_context_takeover(choice & 0x80 != 0)
        .threshold(0)
}

/// Inflates the pieces of a message, with this much room at a time.
fn inflate(
    deflate: &Deflate,
    pieces: &[&[u8]],
    limit: u64,
    room: usize,
) -> (Vec<u8>, Result<(), InflateError>) {
    let mut decompressor = Decompressor::new(&agreed(deflate));
    let (mut got, mut room) = (Vec::new(), vec![0; room]);
    for (at, piece) in pieces.iter().enumerate() {
        let mut piece = *piece;
        loop {
            match decompressor.inflate(&mut piece, at + 1 == pieces.len(), limit, &mut room) {
                Ok(Some(bytes)) => got.extend_from_slice(bytes),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decompressor.bytes_held(), 0);
                    return (got, Err(error));
                }
            }
            assert!(got.len() as u64 <= limit);
        }
        assert!(piece.is_empty());
    }
    (got, Ok(()))
}

fn anything_is_inflated_or_refused(deflate: &Deflate, input: &mut Input<'_>) {
    let (limit, sizes) = (u64::from(input.word()), input.take(4));
    let bytes = input.0;
    let whole = inflate(deflate, &[bytes], limit, 4096);
    assert!(whole.1.is_err() || whole.0.len() as u64 <= limit);
    assert_eq!(inflate(deflate, &cut(bytes, sizes), limit, 4096), whole);
    let bytewise: Vec<_> = bytes.chunks(1).collect();
    assert!(bytes.is_empty() || inflate(deflate, &bytewise, limit, 64) == whole);
    // Limits are exact to the byte.
    if whole.1.is_ok() && !whole.0.is_empty() {
        let len = whole.0.len() as u64;
        assert_ne!(inflate(deflate, &[bytes], len - 1, 100).1, Ok(()));
    }
}

/// Parameters: known names and others, with any values.
fn parameters(input: &mut Input<'_>) -> Vec<(&'static str, Option<String>)> {
    const NAMES: [&str; 6] = [
        "server_no_context_takeover",
        "client_no_context_takeover",
        "server_max_window_bits",
        "client_max_window_bits",
        "Server_Max_Window_Bits",
        "",
    ];
    let mut parameters = Vec::new();
    while !input.is_empty() && parameters.len() < 8 {
        let what = input.byte();
        let value = match what >> 4 {
            0..4 => None,
            4..12 => Some((input.byte() % 20).to_string()),
            len => Some(String::from_utf8_lossy(input.take(usize::from(len - 12))).into_owned()),
        };
        parameters.push((NAMES[usize::from(what % 16) % NAMES.len()], value));
    }
    parameters
}

/// Whether they are valid in an offer or a response by §7.1, by a count of each.
fn is_valid(parameters: &[(&str, Option<String>)], offer: bool) -> bool {
    let known = parameters.iter().all(|(name, value)| match (*name, value.as_deref()) {
        ("server_no_context_takeover" | "client_no_context_takeover", value) => value.is_none(),
        ("client_max_window_bits", None) => offer,
        ("server_max_window_bits" | "client_max_window_bits", Some(value)) => {
            (8..16).any(|bits: u8| bits.to_string() == value)
        }
        _ => false,
    });
    known
        && parameters
            .iter()
            .all(|one| parameters.iter().filter(|other| other.0 == one.0).count() == 1)
}

fn any_parameters_are_agreed_on_or_not(deflate: &Deflate, other: &Deflate, input: &mut Input<'_>) {
    let parameters = parameters(input);
    let borrowed =
        || parameters.iter().map(|(name, value)| (*name, value.as_deref().map(Cow::Borrowed)));
    let answer = deflate.answer(borrowed());
    assert_eq!(answer.is_some(), is_valid(&parameters, true));
    assert!(deflate.accept(borrowed()).is_err() || is_valid(&parameters, false));

    // Two endpoints of this crate always agree.
    let read = |text: &str| -> Vec<(String, Option<String>)> {
        let parameters = text.strip_prefix(NAME).expect("its name").split("; ").skip(1);
        parameters
            .map(|one| {
                one.split_once('=')
                    .map_or((one.into(), None), |(name, bits)| (name.into(), Some(bits.into())))
            })
            .collect()
    };
    let offer = read(&other.offer());
    let offered =
        offer.iter().map(|(name, value)| (name.as_str(), value.as_deref().map(Cow::Borrowed)));
    let (at_server, answer) = deflate.answer(offered).expect("what we offer is valid");
    let answer = read(&answer);
    let answered =
        answer.iter().map(|(name, value)| (name.as_str(), value.as_deref().map(Cow::Borrowed)));
    let at_client = other.accept(answered).expect("what we answer is valid");
    assert_eq!(at_client.ours(), at_server.peers());
    // A server may limit its window, and begin anew, without saying so.
    let (receiver, sender) = (at_client.peers(), at_server.ours());
    assert!(receiver.bits() >= sender.bits());
    assert!(receiver.context_takeover() >= sender.context_takeover());
}

fn messages_come_through(deflate: &Deflate, input: &mut Input<'_>) {
    let agreed = agreed(deflate);
    let (mut compressor, mut decompressor) =
        (Compressor::new(deflate, &agreed), Decompressor::new(&agreed));
    // The windows match only if both keep them or neither does.
    if agreed.ours().context_takeover() != agreed.peers().context_takeover() {
        return;
    }
    let mut room = [0; 300];
    while !input.is_empty() {
        let (what, len, size) = (input.byte(), input.byte(), usize::from(input.byte()) + 1);
        let content = input.take(usize::from(len)).repeat(1 + usize::from(what % 16) * 8);
        let (mut wire, mut got) = (Vec::new(), Vec::new());
        let parts: Vec<&[u8]> = if what & 0x10 != 0 {
            content.chunks(size.max(content.len() / PARTS)).collect()
        } else {
            vec![&content]
        };
        for (at, part) in parts.iter().enumerate() {
            let mut out = BytesMut::new();
            compressor.compress(part, at + 1 == parts.len(), &mut out);
            wire.extend(out);
        }
        if parts.is_empty() {
            continue;
        }
        let mut rest = &wire[..];
        while let Some(bytes) = decompressor
            .inflate(&mut rest, true, content.len() as u64, &mut room)
            .expect("what we made")
        {
            got.extend_from_slice(bytes);
        }
        assert!(got == content && rest.is_empty());
        if what & 0x20 != 0 {
            compressor.release_memory();
            assert_eq!(compressor.bytes_held(), 0);
        }
        assert!(compressor.bytes_held() + decompressor.bytes_held() <= SLACK);
    }
}

/// The frames of a peer, by the input: most are marked as compressed.
fn frames(role: Role, input: &mut Input<'_>) -> Vec<u8> {
    let frame = if role == Role::Server { masked } else { unmasked };
    let mut wire = Vec::new();
    while !input.is_empty() {
        let what = input.byte();
        if what == 0xff {
            wire.extend(input.take(8));
            continue;
        }
        let first = [0xc1, 0xc2, 0x41, 0x42, 0x00, 0x80, 0x81, 0x82, 0x01, 0x89, 0x8a, 0x88]
            [usize::from(what % 16) % 12];
        let len = if what >> 4 == 15 { input.byte() } else { what >> 4 };
        wire.extend(frame(first, input.take(len.into())));
    }
    wire
}

fn connections_take_anything(deflate: &Deflate, input: &mut Input<'_>) {
    let choice = input.byte();
    let (message, frame, fragments) =
        [(1000, 700, 20), (1 << 20, u64::MAX, u32::MAX), (16, u64::MAX, 3), (0, 5, 2)]
            [usize::from(choice % 4)];
    let config =
        Config::new().max_message_size(message).max_frame_size(frame).max_fragments(fragments);
    let role = if choice & 0x80 != 0 { Role::Server } else { Role::Client };
    let sizes = input.take(usize::from(choice >> 4 & 7));
    let wire = frames(role, input);

    let run = |receive_in_chunks: bool, chunks: Vec<&[u8]>| {
        let mut us =
            compressing(role, config.clone().receive_in_chunks(receive_in_chunks), deflate.clone());
        let mut events = Vec::new();
        for (number, chunk) in chunks.into_iter().enumerate() {
            events.extend(feed_one(&mut us, number, chunk));
            let most = message as usize + SLACK + chunk.len() + us.buffered_amount();
            assert!(us.bytes_held() <= most, "{} bytes are held, of {most}", us.bytes_held());
        }
        sansocket_fuzz::check_end(&us, &events);
        let output = drain(&mut us);
        if us.closed().is_some() {
            sansocket_fuzz::check_dead(&mut us, &wire);
        }
        (events, output)
    };
    let whole = run(false, vec![&wire]);
    for event in &whole.0 {
        assert!(!matches!(event, Event::Message(got) if got.len() as u64 > message));
    }
    sansocket_fuzz::check_output(role, &whole.1);
    for chunks in [wire.chunks(1).collect(), cut(&wire, sizes)] {
        assert_eq!(run(false, Vec::clone(&chunks)), whole);
        let (parts, output) = run(true, chunks);
        assert_eq!((model::seen(&parts), output), (model::seen(&whole.0), whole.1.clone()));
    }
    answers_are_read(role, deflate, &config, &whole.0);
}

/// Sends the received messages back, compressed; another connection receives the same messages.
fn answers_are_read(role: Role, deflate: &Deflate, config: &Config, events: &[Event]) {
    let other = if role == Role::Server { Role::Client } else { Role::Server };
    let agreed = agreed(deflate);
    if agreed.ours().context_takeover() != agreed.peers().context_takeover() {
        return;
    }
    let config = config.clone().max_frame_size(u64::MAX).max_fragments(u32::MAX);
    let mut us = compressing(role, config.clone(), deflate.clone());
    let mut peer = compressing(other, config, deflate.clone());
    let messages: Vec<&Message> = events
        .iter()
        .filter_map(|event| if let Event::Message(message) = event { Some(message) } else { None })
        .collect();
    for (at, message) in messages.iter().enumerate() {
        if at % 3 < 2 {
            us.send((*message).clone()).expect("the connection is open");
            continue;
        }
        let kind = if matches!(message, Message::Text(_)) { Kind::Text } else { Kind::Binary };
        for part in message.as_bytes().chunks(7.max(message.len() / PARTS)) {
            us.send_fragment(kind, part.to_vec(), false).expect("good so far");
        }
        us.send_fragment(kind, "", true).expect("the end");
    }
    let got = feed(&mut peer, &drain(&mut us), Chunking::Whole);
    assert!(
        got.iter().eq(messages.into_iter().cloned().map(Event::Message).collect::<Vec<_>>().iter())
    );
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let (what, settings) = (input.byte(), deflate(input.byte()));
    match what % 4 {
        0 => anything_is_inflated_or_refused(&settings, &mut input),
        1 => any_parameters_are_agreed_on_or_not(&settings, &deflate(input.byte()), &mut input),
        2 => messages_come_through(&settings, &mut input),
        _ => connections_take_anything(&settings, &mut input),
    }
});
