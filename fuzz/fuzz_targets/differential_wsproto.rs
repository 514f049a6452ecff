//! The same reads to this crate and to Python's wsproto: the same messages and the same errors; and
//! each reads what the other writes, whole, in fragments and compressed.
//!
//! Only these differences are allowed:
//!
//! * §5.1, §5.2, an invalid header, a continuation without a message: each reports it at another
//!   byte between the header's second and the payload's first. With all of these, both fail.
//! * §8.1, text with half of a surrogate (ED, then A0 to BF): an error here at the second byte;
//!   there at the third, and events in between are returned.
//! * §5.2, §10.4, a message of 2⁶³ bytes or more, by its frames' headers: 1009 here; they wait for
//!   all of it.
//! * §7.4.2, a Close frame with 1014, which was registered later: accepted here, if its reason is
//!   valid; an error there.
//! * §5.4, a control frame between the frames of a compressed message: they parse later frames as
//!   uncompressed. So none is sent to them there.
#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use sansocket::deflate::{Deflate, NAME};
use sansocket::{
    CloseCode, CloseFrame, CloseOutcome, Config, Connection, Event, Kind, ProtocolError, Role,
};
use sansocket_fuzz::model::{self, Seen};
use sansocket_fuzz::wsproto::{self, Case};
use sansocket_fuzz::{Input, cut, receive, text};
use support::{Chunking, connection, drain, feed};

/// wsproto has no limits.
fn unlimited() -> Config {
    Config::new().max_message_size(u64::MAX).max_frame_size(u64::MAX).max_fragments(u32::MAX)
}

fn our_view(role: Role, reads: &[&[u8]]) -> Vec<Event> {
    receive(&mut connection(role, unlimited()), reads.iter().copied())
}

fn their_view(role: Role, reads: &[&[u8]]) -> Vec<Seen> {
    let mut case = Case::new(role, "");
    reads.iter().for_each(|read| case.item(b'r', read));
    let [(seen, _)] = wsproto::run([case]);
    seen
}

/// Feeds a peer's reads to both.
fn compare(role: Role, reads: &[&[u8]]) {
    let events = our_view(role, reads);
    let (ours, theirs) = (model::seen(&events), their_view(role, reads));
    if ours == theirs {
        return;
    }
    let same = ours.iter().zip(&theirs).take_while(|(ours, theirs)| ours == theirs).count();
    let error = match events.last() {
        Some(Event::Closed(closed)) if same + 1 == ours.len() => match closed.outcome() {
            CloseOutcome::ProtocolError(error) => Some(error),
            _ => None,
        },
        _ => None,
    };
    let bytes = reads.concat();
    let (header, payload) = model::missing(&bytes);
    let explained = match (ours.get(same), theirs.get(same)) {
        // §5.1, §5.2, §5.4: the one that waits reports the same when the header is complete, and
        // the payload begins.
        (Some(Seen::Violation(1002)), None) => {
            let more = [&header[..], &[0][..payload.min(1) as usize]].concat();
            their_view(role, &[&bytes, &more]).get(same) == Some(&Seen::Violation(1002))
        }
        (None, Some(Seen::Violation(1002))) => {
            model::seen(&our_view(role, &[&bytes, &header])).get(same)
                == Some(&Seen::Violation(1002))
        }
        // §8.1
        (Some(_), _) if error == Some(ProtocolError::InvalidUtf8) => {
            half_a_surrogate(role, &bytes)
                && !theirs[same..]
                    .iter()
                    .any(|seen| matches!(seen, Seen::Text(_) | Seen::Binary(_)))
        }
        // §10.4: they may still report an error in the received part.
        (Some(Seen::Violation(1009)), None | Some(Seen::Violation(1007))) => {
            payload > (1 << 63) - (1 << 20)
        }
        // §7.4.2
        (Some(Seen::Close(..) | Seen::Violation(1007)), Some(Seen::Violation(1002))) => {
            let (frames, _) = model::frames(&bytes);
            let close = frames.iter().find(|frame| frame.first == 0x88);
            close.is_some_and(|close| close.payload.starts_with(&1014_u16.to_be_bytes()))
        }
        _ => false,
    };
    assert!(explained, "{role:?}: {ours:?}, but they say {theirs:?}");
}

/// Whether half of a surrogate is the first invalid text.
fn half_a_surrogate(role: Role, bytes: &[u8]) -> bool {
    let is_over =
        |len: &usize| matches!(our_view(role, &[&bytes[..*len]]).last(), Some(Event::Closed(_)));
    let len = (0..=bytes.len()).find(is_over).expect("it ends");
    matches!(model::data(&bytes[..len])[..], [.., 0xed, 0xa0..=0xbf])
}

/// The negotiated parameters, by a byte: our connection, and the extension's text for theirs.
fn compression(role: Role, choice: u8) -> (Connection, String) {
    if choice & 0x80 == 0 {
        return (connection(role, unlimited()), String::new());
    }
    // zlib has no window of 8 bits.
    let ours = Deflate::new().threshold(0).level(1 + choice % 8).max_window_bits(15);
    let limits =
        ours.clone().max_window_bits(9 + choice % 7).peer_max_window_bits(9 + (choice >> 3) % 7);
    let limits =
        limits.no_context_takeover(choice & 1 != 0).peer_no_context_takeover(choice & 8 != 0);
    let (at_server, answer) =
        limits.answer([("client_max_window_bits", None)]).expect("a good offer");
    let answered = answer.strip_prefix(NAME).expect("its name").split("; ").skip(1);
    let answered = answered.map(|one| {
        one.split_once('=').map_or((one, None), |(name, bits)| (name, Some(Cow::Borrowed(bits))))
    });
    let agreed = if role == Role::Server {
        at_server
    } else {
        ours.accept(answered).expect("a good answer")
    };
    (connection(role, unlimited().deflate(ours)).with_deflate(&agreed), answer)
}

/// Sends messages in both directions.
fn exchange(role: Role, choice: u8, mut input: Input<'_>) {
    let other = if role == Role::Server { Role::Client } else { Role::Server };
    // Two of our connections and two of theirs: one to write, and one to read.
    let ((mut writer, extension), (mut reader, _)) =
        (compression(role, choice), compression(role, choice));
    let mut they_write = Case::new(other, &extension);
    let (mut said, mut total) = (Vec::new(), 0);
    while !input.is_empty() && said.len() < 16 && total < 4 * 1024 {
        let (what, len) = (input.byte(), usize::from(input.word() % 2048));
        let content =
            if what & 1 == 0 { input.take(len).to_vec() } else { [b'x', what].repeat(len / 2) };
        total += content.len();
        if what & 0x0e == 0x0e {
            let content = content[..content.len().min(125)].to_vec();
            let (sent, tag) = if what > 127 {
                (writer.ping(&content), b'i')
            } else {
                (writer.pong(&content), b'o')
            };
            sent.expect("open");
            they_write.item(tag, &content);
            said.push(if what > 127 { Seen::Ping(content) } else { Seen::Pong(content) });
        } else {
            said.extend(say(&mut writer, &mut they_write, what, extension.is_empty(), content));
        }
    }
    let code = 3000 + u16::from(choice);
    let frame =
        CloseFrame::new(CloseCode::new(code).expect("for anybody"), "bye").expect("it is short");
    writer.close(frame);
    they_write.item(b'x', &[&code.to_be_bytes()[..], b"bye"].concat());
    said.push(Seen::Close(code, b"bye".into()));

    let mut they_read = Case::new(other, &extension);
    they_read.item(b'r', &drain(&mut writer));
    let [(received, silence), (nothing, written)] = wsproto::run([they_read, they_write]);
    assert_eq!(received, said, "what we wrote, as {role:?}, {extension}");
    assert!(silence.is_empty() && nothing.is_empty());
    let received = feed(&mut reader, &written, Chunking::Random(choice.into()));
    assert_eq!(model::seen(&received), said, "what they wrote, for a {role:?}, {extension}");
}

/// Sends the same message from both. A byte chooses the kind, the fragments, and pings between them
/// if that is possible.
fn say(us: &mut Connection, they: &mut Case, what: u8, pings: bool, content: Vec<u8>) -> Vec<Seen> {
    let text = text(&content);
    let is_text = what & 2 == 0;
    let (kind, tag, content) = if is_text {
        (Kind::Text, b't', text.as_bytes())
    } else {
        (Kind::Binary, b'b', &content[..])
    };
    let message = if is_text { Seen::Text(content.into()) } else { Seen::Binary(content.into()) };
    if what & 0xf0 == 0 {
        if is_text { us.send(text.as_str()) } else { us.send(content.to_vec()) }.expect("open");
        they.item(tag, content);
        return vec![message];
    }
    let (mut seen, mut start) = (Vec::new(), 0);
    for part in content.chunks(1 + content.len() / usize::from(what >> 4)) {
        us.send_fragment(kind, part.to_vec(), false).expect("open");
        // Our fragments may end inside a character, theirs not.
        let mut end = start + part.len();
        while is_text && !text.is_char_boundary(end) {
            end -= 1;
        }
        they.item(tag.to_ascii_uppercase(), &content[start..end]);
        start = end;
        if pings && what & 4 != 0 {
            us.ping([what]).expect("open");
            they.item(b'i', &[what]);
            seen.push(Seen::Ping(vec![what]));
        }
    }
    us.send_fragment(kind, "", true).expect("open");
    they.item(tag, &content[start..]);
    seen.push(message);
    seen
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let choice = input.byte();
    let role = if choice & 1 == 0 { Role::Server } else { Role::Client };
    if choice & 2 == 0 {
        let sizes = input.take(usize::from(choice >> 2 & 7));
        compare(role, &cut(input.0, sizes));
    } else {
        let choice = input.byte();
        exchange(role, choice, input);
    }
});
