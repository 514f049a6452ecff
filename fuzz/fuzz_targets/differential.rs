//! The same bytes to this crate and to tungstenite: the same messages and the same errors; and each
//! reads what the other writes.
//!
//! Only these differences are allowed. In all of them this crate is stricter, or fails earlier:
//!
//! * §5.2, a length in more bytes than it needs: an error here, accepted there.
//! * §5.2, a length of 64 bits: 1002 here; over the limit there.
//! * §5.2, §5.5, §10.4, an invalid header: an error here when it is complete; there when the
//!   payload is complete.
//! * §8.1, text that is not UTF-8: an error here at the first invalid byte; there when the frame is
//!   complete.
//! * §7.4, a Close frame with an invalid code: an error here; there a Close frame, answered with
//!   1002. So is 1014, which was registered later.
//! * Two errors in one frame, of which either is reported.
#![no_main]

use std::io::{self, ErrorKind, Read, Write};

use libfuzzer_sys::fuzz_target;
use sansocket::wire::HeaderError;
use sansocket::{CloseOutcome, Config, Event, Message, ProtocolError, Role};
use sansocket_fuzz::model::{self, Seen};
use sansocket_fuzz::{Input, receive, text};
use support::{Chunking, connection, drain, feed};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, WebSocket};

const MAX_MESSAGE: usize = 2000;
const MAX_FRAME: usize = 1500;

/// A stream with bytes to read, then `WouldBlock`; written bytes are kept.
struct Wire<'a> {
    unread: &'a [u8],
    written: Vec<u8>,
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() {
            Err(ErrorKind::WouldBlock.into())
        } else {
            self.unread.read(buffer)
        }
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn other(role: Role, unread: &[u8]) -> WebSocket<Wire<'_>> {
    let role = if role == Role::Server {
        tungstenite::protocol::Role::Server
    } else {
        tungstenite::protocol::Role::Client
    };
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_FRAME))
        .read_buffer_size(4096);
    WebSocket::from_raw_socket(Wire { unread, written: Vec::new() }, role, Some(config))
}

/// The events of tungstenite.
fn their_view(role: Role, bytes: &[u8]) -> Vec<Seen> {
    let (mut socket, mut seen) = (other(role, bytes), Vec::new());
    loop {
        seen.push(match socket.read() {
            Ok(tungstenite::Message::Text(text)) => Seen::Text(text.as_bytes().to_vec()),
            Ok(tungstenite::Message::Binary(bytes)) => Seen::Binary(bytes.to_vec()),
            Ok(tungstenite::Message::Ping(payload)) => Seen::Ping(payload.to_vec()),
            Ok(tungstenite::Message::Pong(payload)) => Seen::Pong(payload.to_vec()),
            Ok(tungstenite::Message::Close(None)) => Seen::Close(1005, vec![]),
            Ok(tungstenite::Message::Close(Some(frame))) => {
                Seen::Close(frame.code.into(), frame.reason.as_bytes().to_vec())
            }
            Ok(tungstenite::Message::Frame(_)) => panic!("a frame is no message"),
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return seen,
            Err(Error::Utf8(_)) => Seen::Violation(1007),
            Err(Error::Capacity(_)) => Seen::Violation(1009),
            Err(Error::Protocol(_)) => Seen::Violation(1002),
            Err(error) => panic!("{error}"),
        });
        if matches!(seen.last(), Some(Seen::Close(..) | Seen::Violation(_))) {
            return seen;
        }
    }
}

/// Whether their next event, after equal ones, is an allowed difference; `None` if they wait.
fn is_explained(
    role: Role,
    bytes: &[u8],
    same: usize,
    ours: ProtocolError,
    theirs: Option<&Seen>,
) -> bool {
    match (ours, theirs) {
        // §5.2: after a length in long form, any result is allowed; in a control frame every long
        // form is invalid.
        (ProtocolError::Header(HeaderError::LongForm | HeaderError::LongControl), _) => true,
        // §7.4
        (
            ProtocolError::InvalidCloseCode(_),
            Some(Seen::Close(1002, _) | Seen::Violation(1007)),
        ) => true,
        // §8.1: they return no message of it; events inside and behind that frame may come first.
        (ProtocolError::InvalidUtf8, theirs) => {
            !matches!(theirs, Some(Seen::Text(_) | Seen::Binary(_)))
        }
        (ours, Some(Seen::Violation(code))) => {
            let ours = ours.close_code().get();
            *code == ours || matches!((ours, code), (1002, 1009 | 1007) | (1009, 1002 | 1007))
        }
        (_, Some(_)) => false,
        // They wait for the payload: with enough of it they report the same.
        (ours, None) => {
            let more = [bytes, &[0; MAX_FRAME + 16]].concat();
            let theirs = their_view(role, &more);
            theirs.get(same).is_some_and(|seen| {
                matches!(seen, Seen::Violation(_))
                    && is_explained(role, &more, same, ours, Some(seen))
            })
        }
    }
}

/// Feeds a peer's bytes to both.
fn compare(role: Role, bytes: &[u8]) {
    let config = Config::new()
        .max_message_size(MAX_MESSAGE as u64)
        .max_frame_size(MAX_FRAME as u64)
        .max_fragments(u32::MAX);
    let events = receive(&mut connection(role, config), [bytes]);
    let (ours, theirs) = (model::seen(&events), their_view(role, bytes));
    if ours == theirs {
        return;
    }
    let same = ours.iter().zip(&theirs).take_while(|(ours, theirs)| ours == theirs).count();
    let explained = match events.last() {
        Some(Event::Closed(closed)) if same + 1 == ours.len() => match closed.outcome() {
            CloseOutcome::ProtocolError(error) => {
                // Pings and pongs that are returned before the text is validated.
                let utf8 = error == ProtocolError::InvalidUtf8;
                let is_control =
                    |seen: &&Seen| utf8 && matches!(seen, Seen::Ping(_) | Seen::Pong(_));
                let next = theirs[same..].iter().find(|seen| !is_control(seen));
                is_explained(role, bytes, same, error, next)
            }
            // §7.4: registered later.
            _ => closed.code() == 1014 && matches!(theirs.get(same), Some(Seen::Close(1002, _))),
        },
        _ => false,
    };
    assert!(explained, "{role:?}: {ours:?}, but they say {theirs:?}");
}

/// Sends messages in both directions.
fn exchange(role: Role, mut input: Input<'_>) {
    let other_role = if role == Role::Server { Role::Client } else { Role::Server };
    let (mut us, mut they) = (connection(role, Config::new()), other(other_role, &[]));
    let (mut sent, mut seen) = (Vec::new(), Vec::new());
    while !input.is_empty() && sent.len() < 32 {
        let (what, len) = (input.byte(), usize::from(input.word() % 1024));
        let content = if what & 1 == 0 { input.take(len).to_vec() } else { vec![b'x'; len] };
        let text = text(&content[..content.len().min(300)]);
        let (our_message, their_message) = match what & 2 {
            0 => (Message::from(text.as_str()), tungstenite::Message::text(text)),
            _ => (Message::from(content.clone()), tungstenite::Message::binary(content)),
        };
        they.write(their_message.clone()).expect("open");
        us.send(our_message.clone()).expect("open");
        sent.push(our_message);
        seen.push(their_message);
    }
    they.flush().expect("open");
    let events =
        feed(&mut connection(role, Config::new()), &they.get_ref().written, Chunking::Random(1));
    assert!(events.iter().eq(sent.into_iter().map(Event::Message).collect::<Vec<_>>().iter()));
    let output = drain(&mut us);
    let mut reader = other(other_role, &output);
    seen.iter().for_each(|message| assert_eq!(&reader.read().expect("a message"), message));
    assert!(reader.read().is_err() && reader.get_ref().unread.is_empty());
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let choice = input.byte();
    let role = if choice & 1 == 0 { Role::Server } else { Role::Client };
    if choice & 2 == 0 { compare(role, input.0) } else { exchange(role, input) }
});
