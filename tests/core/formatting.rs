//! `Display`, `Debug` and conversions: distinct error messages, and no content in logs.
#![cfg(feature = "std")]

use std::error::Error as _;
use std::fmt::Display;
use std::hash::BuildHasher;
use std::io;

use bytes::{Buf, BufMut, Bytes};
use sansocket::proxy::{InvalidProxy, ProxyError, SocksError};
use sansocket::wire::{Header, HeaderError, InvalidUtf8, Opcode, Utf8Validator};
use sansocket::{
    AcceptOptions, Chunk, ClientHandshake, ClientRequest, CloseCode, CloseFrame, Closed, Config,
    Connection, Error, Event, GuardError, HandshakeError, HeadError, HttpResponse, InvalidField,
    InvalidGuard, InvalidUri, Kind, Message, NoEntropy, ProtocolError, ReasonTooLong, RequestError,
    ResponseError, Role, SendError, ServerHandshake, Text, TimedOut, TrySendError,
};
use support::{Chunking, connection, entropy, feed, masked};

fn reserved(name: &str) -> InvalidField {
    InvalidField::Reserved { name: name.into() }
}

/// Each error message contains its words, and no two are equal.
fn assert_distinct<E: Display>(errors: impl IntoIterator<Item = (E, &'static str)>) {
    let mut messages = Vec::new();
    for (error, words) in errors {
        let error = error.to_string();
        assert!(error.contains(words), "{error:?} does not mention {words:?}");
        assert!(!messages.contains(&error), "{error:?} is not unique");
        messages.push(error);
    }
}

#[test]
fn header_and_utf8_errors_have_distinct_messages() {
    assert_distinct([
        (HeaderError::ReservedBit, "reserved bit"),
        (HeaderError::ReservedOpcode, "opcode is reserved"),
        (HeaderError::LongForm, "shortest form"),
        (HeaderError::LengthOverflow, "most significant bit"),
        (HeaderError::FragmentedControl, "control frame is fragmented"),
        (HeaderError::LongControl, "125 bytes"),
    ]);
    assert_eq!(InvalidUtf8.to_string(), "the text is not valid UTF-8");
}

#[test]
fn protocol_and_send_errors_have_distinct_messages() {
    assert_distinct([
        (ProtocolError::Header(HeaderError::ReservedBit), "reserved bit"),
        (ProtocolError::Unmasked, "is not masked"),
        (ProtocolError::Masked, "is masked"),
        (ProtocolError::UnexpectedContinuation, "continues no message"),
        (ProtocolError::ExpectedContinuation, "inside a fragmented one"),
        (ProtocolError::InvalidUtf8, "not valid UTF-8"),
        (ProtocolError::InvalidDeflate, "not valid DEFLATE"),
        (ProtocolError::TruncatedCloseCode, "half a code"),
        (ProtocolError::InvalidCloseCode(1006), "the code 1006"),
        (ProtocolError::InvalidCloseReason, "the reason in a Close frame"),
        (ProtocolError::MessageTooBig { limit: 7 }, "max_message_size 7"),
        (ProtocolError::MessageTooBig { limit: isize::MAX as u64 }, "Config::receive_in_chunks"),
        (ProtocolError::FrameTooBig { limit: 7 }, "max_frame_size 7"),
        (ProtocolError::TooManyFragments { limit: 7 }, "more than 7 fragments"),
    ]);
    assert_distinct([
        (SendError::NotOpen, "closing or closed"),
        (SendError::MessageUnderWay, "finish it first"),
        (SendError::InvalidUtf8, "send it as binary"),
        (SendError::ControlTooLong { len: 126 }, "not 126"),
    ]);
    assert!(ReasonTooLong { len: 124 }.to_string().contains("has 124 bytes, more than the 123"));
    assert!(NoEntropy.to_string().contains("Entropy::from_seed"));
}

#[test]
fn handshake_errors_have_distinct_messages() {
    assert_distinct([
        (HeadError::Incomplete, "closed the stream"),
        (HeadError::Malformed, "head is malformed"),
        (HeadError::TooLong { limit: 7 }, "head is over 7 bytes"),
        (HeadError::LineTooLong { limit: 7 }, "line in the HTTP head is over 7 bytes"),
        (HeadError::TooManyFields { limit: 7 }, "more than 7 header fields"),
        (HeadError::HttpVersion, "not 1.1"),
        (HeadError::Tls, "looks like TLS"),
        (HeadError::NotHttp, "not HTTP"),
    ]);
    assert_distinct([
        (RequestError::Head(HeadError::Tls), "must use ws://"),
        (RequestError::Head(HeadError::NotHttp), "not HTTP"),
        (RequestError::NotWebSocket, "does not name websocket"),
        (RequestError::NotUpgraded, "does not name Upgrade"),
        (RequestError::Method, "not GET"),
        (RequestError::Target, "request target"),
        (RequestError::Host, "Host"),
        (RequestError::Body, "body"),
        (RequestError::Key, "Sec-WebSocket-Key"),
        (RequestError::WebSocketVersion, "not 13"),
        (RequestError::MalformedSubprotocols, "Sec-WebSocket-Protocol"),
        (RequestError::MalformedExtensions, "Sec-WebSocket-Extensions"),
        (RequestError::RejectedByApplication { status: 403 }, "status 403"),
    ]);
    assert_distinct([
        (ResponseError::Head(HeadError::Tls), "use wss://"),
        (ResponseError::Head(HeadError::NotHttp), "check the host and the port"),
        (ResponseError::NotWebSocket, "does not name websocket"),
        (ResponseError::NotUpgraded, "does not name Upgrade"),
        (ResponseError::AcceptKey, "Sec-WebSocket-Accept"),
        (ResponseError::Subprotocol, "a subprotocol that was not offered"),
        (ResponseError::NoSubprotocol, "none of the offered"),
        (ResponseError::Extension, "an extension that was not offered"),
    ]);
    assert_distinct([
        (InvalidField::Name, "name is not a token"),
        (InvalidField::Value { name: "X-Name".into() }, "X-Name has a control character"),
        (reserved("Upgrade"), "sets Upgrade; leave it out"),
        (reserved("host"), "Connector::addresses"),
        (reserved("sec-websocket-protocol"), "subprotocol()"),
        (reserved("Sec-WebSocket-Extensions"), "Config::deflate"),
        (InvalidField::Subprotocol, "name each of several by a call"),
        (InvalidField::DuplicateSubprotocol, "named twice"),
        (InvalidField::Status, "200 to 599"),
    ]);
    assert_distinct([
        (GuardError::Host, "not a name of this server"),
        (GuardError::Origin, "does not list"),
    ]);
    assert_distinct([
        (InvalidGuard::Host, "write host, or host:*"),
        (InvalidGuard::Origin, "leave out the path"),
    ]);
    assert_distinct([
        (InvalidUri::Scheme, "write ws:// for http://"),
        (InvalidUri::Host, "no valid host"),
        (InvalidUri::Port, "1 to 65535"),
        (InvalidUri::UserInfo, "basic_auth"),
        (InvalidUri::Fragment, "%23"),
        (InvalidUri::Path, "percent-encoded"),
    ]);
}

#[test]
fn proxy_errors_have_distinct_messages() {
    assert_distinct([
        (InvalidProxy::Scheme, "use http://, https://, socks5:// or socks5h://"),
        (InvalidProxy::Host, "IPv6 in brackets"),
        (InvalidProxy::Port, "1 to 65535"),
        (InvalidProxy::UserInfo, "write % as %25"),
        (InvalidProxy::Credentials, "1 to 255 bytes"),
        (InvalidProxy::Path, "end it after the port"),
    ]);
    assert_distinct([
        (ProxyError::Host, "punycode"),
        (ProxyError::Head(HeadError::Tls), "use https://"),
        (ProxyError::Head(HeadError::NotHttp), "use socks5h://"),
        (ProxyError::Head(HeadError::Incomplete), "check the scheme and the port"),
        (
            ProxyError::Head(HeadError::Malformed),
            "the proxy's response: the HTTP head is malformed",
        ),
    ]);
    assert_distinct([
        (SocksError::Incomplete, "closed the stream"),
        (SocksError::Http, "use http://"),
        (SocksError::Tls, "use https://"),
        (SocksError::Version(4), "the byte 4"),
        (SocksError::CredentialsRequired, "set the user name"),
        (SocksError::NoAcceptableMethod, "another authentication"),
        (SocksError::Method(1), "method 1, which was not offered"),
        (SocksError::Unauthorized, "rejects the user name"),
        (SocksError::AddressType(2), "address type 2"),
        (SocksError::GeneralFailure, "reply 1"),
        (SocksError::NotAllowed, "reply 2"),
        (SocksError::NetworkUnreachable, "reply 3"),
        (SocksError::HostUnreachable, "reply 4"),
        (SocksError::ConnectionRefused, "reply 5"),
        (SocksError::TtlExpired, "reply 6"),
        (SocksError::CommandNotSupported, "reply 7"),
        (SocksError::AddressTypeNotSupported, "reply 8"),
        (SocksError::Other(9), "unknown code 9"),
    ]);
    assert_eq!(ProxyError::Socks(SocksError::Http).to_string(), SocksError::Http.to_string());
}

#[cfg(feature = "deflate")]
#[test]
fn compression_errors_have_distinct_messages() {
    use sansocket::deflate::{InflateError, InvalidAnswer};

    assert_distinct([
        (InflateError::Corrupt, "not valid DEFLATE"),
        (InflateError::TooBig, "more than the limit"),
    ]);
    assert_distinct([
        (InvalidAnswer::UnknownParameter, "unknown parameter"),
        (InvalidAnswer::Repeated("it"), "has it twice"),
        (InvalidAnswer::InvalidValue("it"), "invalid value for it"),
        (InvalidAnswer::Missing("it"), "lacks it"),
        (InvalidAnswer::WindowTooLarge { offered: 9, answered: 10 }, "=10, larger than the 9"),
    ]);
    let answer = InvalidAnswer::UnknownParameter;
    assert_eq!(ResponseError::Deflate(answer).to_string(), answer.to_string());
}

#[test]
fn adapter_errors_have_distinct_messages() {
    assert_distinct([
        (TimedOut::Handshake, "opening handshake"),
        (TimedOut::Close, "closing handshake"),
        (TimedOut::Write, "the peer does not read; see Timeouts::write"),
        (TimedOut::Room, "the output is full"),
        (TimedOut::Receive, "no message arrived in time"),
        (TimedOut::KeepAlive, "answer a ping"),
        (TimedOut::Idle, "no message arrived for too long"),
    ]);
    assert_distinct([
        (Error::Io(io::Error::other("broken")), "broken"),
        (Error::Uri(InvalidUri::Port), "1 to 65535"),
        (Error::Field(InvalidField::Name), "not a token"),
        (Error::TlsNeeded, "needs TLS"),
        (Error::Entropy(NoEntropy), "no random bytes"),
        (Error::Proxy(ProxyError::Host), "punycode"),
        (Error::Handshake(HandshakeError::Request(RequestError::Method)), "not GET"),
        (Error::Protocol(ProtocolError::Masked), "is masked"),
        (Error::ConnectionLost, "was lost"),
        (Error::Send(SendError::NotOpen), "closing or closed"),
        (Error::Reason(ReasonTooLong { len: 124 }), "124"),
        (Error::TimedOut(TimedOut::Idle), "for too long"),
        (Error::Full, "does not read"),
        (Error::UnreadMessages, "before the pong"),
    ]);
    let full = TrySendError::Full("kept".into());
    let refused = TrySendError::Send("kept".into(), SendError::NotOpen);
    assert_eq!(full.to_string(), Error::Full.to_string());
    assert_eq!(refused.to_string(), SendError::NotOpen.to_string());
    assert!(matches!(Error::from(full.clone()), Error::Full));
    assert!(matches!(Error::from(refused.clone()), Error::Send(SendError::NotOpen)));
    assert_eq!(
        [full.into_message(), refused.into_message()],
        ["kept", "kept"].map(sansocket::Outgoing::from)
    );
}

/// An error converts to an `io::Error` of the nearest kind.
#[test]
fn errors_convert_to_the_nearest_io_error_kind() {
    use io::ErrorKind::{
        BrokenPipe, InvalidData, InvalidInput, Other, TimedOut as Late, UnexpectedEof, WouldBlock,
    };

    for (error, kind) in [
        (Error::from(io::Error::other("broken")), Other),
        (Error::from(InvalidUri::Port), InvalidInput),
        (Error::from(InvalidField::Name), InvalidInput),
        (Error::from(ReasonTooLong { len: 124 }), InvalidInput),
        (Error::from(SendError::NotOpen), BrokenPipe),
        (Error::from(SendError::InvalidUtf8), InvalidInput),
        (Error::from(NoEntropy), InvalidData),
        (Error::from(HandshakeError::Request(RequestError::Method)), InvalidData),
        (Error::from(ProtocolError::Masked), InvalidData),
        (Error::from(TimedOut::Idle), Late),
        (Error::ConnectionLost, UnexpectedEof),
        (Error::Full, WouldBlock),
    ] {
        let said = error.to_string();
        let error = io::Error::from(error);
        assert_eq!((error.kind(), error.to_string()), (kind, said));
    }
    let wrapped = Error::from(io::Error::other(io::Error::from(io::ErrorKind::NotFound)));
    assert!(wrapped.source().is_none(), "what an io::Error wraps has no cause of its own");
    assert!(Error::Full.source().is_none());
}

fn closed_by(frame: &[u8]) -> Closed {
    let mut server = connection(Role::Server, Config::new());
    feed(&mut server, frame, Chunking::Whole);
    server.end_input();
    assert!(matches!(server.receive(), None | Some(Event::Closed(_))));
    server.closed().unwrap().clone()
}

#[test]
fn closed_is_displayed_on_one_line() {
    assert_eq!(
        closed_by(&masked(0x88, b"\x0f\xa0bye")).to_string(),
        "4000 \"bye\", clean, begun by the peer"
    );
    assert_eq!(
        closed_by(&masked(0x83, b"")).to_string(),
        "1006 \"\", the peer broke the protocol, begun by us"
    );
    assert_eq!(closed_by(b"").to_string(), "1006 \"\", lost, begun by the peer");
}

/// `Debug` shows states and sizes.
#[test]
fn debug_shows_sizes_and_states_without_content() {
    let mut utf8 = Utf8Validator::new();
    utf8.push(b"\xce").unwrap();
    let header =
        Header { fin: true, rsv1: false, opcode: Opcode::Text, mask: Some([1; 4]), payload_len: 5 };
    let request = ClientRequest::new("ws://a:81/b?c").unwrap().subprotocol("chat").unwrap();
    let accept = AcceptOptions::new().subprotocol("chat").unwrap();
    let server = connection(Role::Server, Config::new());
    let closed = closed_by(&masked(0x88, b"\x0f\xa0bye"));
    let mut waiting = ServerHandshake::new(Config::new());
    waiting.input().put_slice(b"GET");
    let text = Chunk { kind: Kind::Text, bytes: Bytes::from_static(b"abc"), last: false };
    for (shown, expected) in [
        (format!("{utf8:?}"), "Utf8Validator(1 bytes pending)"),
        (
            format!("{header:?}"),
            "Header { fin: true, rsv1: false, opcode: Text, masked: true, payload_len: 5 }",
        ),
        (format!("{:?}", Text::from("abc")), "Text(3 bytes)"),
        (format!("{:?}", Message::from(b"abc")), "Binary(3 bytes)"),
        (format!("{text:?}"), "Chunk(Text, 3 bytes)"),
        (format!("{:?}", Chunk { last: true, ..text.clone() }), "Chunk(Text, 3 bytes, last)"),
        (format!("{:?}", Event::Chunk(text)), "Chunk(Text, 3 bytes)"),
        (format!("{:?}", Event::Message("abc".into())), "Text(3 bytes)"),
        (format!("{:?}", Event::Ping("abc".into())), "Ping(3 bytes)"),
        (format!("{:?}", Event::Pong("abc".into())), "Pong(3 bytes)"),
        (format!("{:?} {}", CloseCode::NORMAL, CloseCode::NORMAL), "CloseCode(1000) 1000"),
        (
            format!("{closed:?}"),
            "Closed { outcome: Clean, initiator: Remote, sent: Some(CloseFrame { code: CloseCode(4000), reason: Text(0 bytes) }), \
             received: Some(CloseFrame { code: CloseCode(4000), reason: Text(3 bytes) }) }",
        ),
        (format!("{server:?}"), "Connection { role: Server, state: Open, buffered_amount: 0, .. }"),
        (format!("{:?}", entropy()), "Entropy { .. }"),
        (
            format!("{request:?}"),
            "ClientRequest { uri: Uri(ws://a:81/b), subprotocols: Subprotocols { names: [\"chat\"] }, .. }",
        ),
        (
            format!("{:?}", ClientHandshake::new(&request, Config::new(), entropy())),
            "ClientHandshake { refusal: None, .. }",
        ),
        (
            format!("{accept:?}"),
            "AcceptOptions { subprotocols: Subprotocols { names: [\"chat\"] }, .. }",
        ),
        (
            format!("{:?}", HttpResponse::new(404).unwrap().body("abc")),
            "HttpResponse { status: 404, body: 3, .. }",
        ),
    ] {
        assert_eq!(shown, expected);
    }
    assert!(format!("{waiting:?}").contains("Inbox(3 bytes)"), "{waiting:?}");
}

/// `Debug` of requests and responses shows header names and sizes, and no query.
#[test]
fn debug_of_requests_and_responses_shows_names_and_sizes() {
    let head = b"GET /path?token HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Extensions: zip; a=b\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let mut handshake = ServerHandshake::new(Config::new());
    handshake.input().put_slice(head);
    let request = handshake.receive().unwrap().unwrap();
    let fields = "{\"Host\": <1 bytes>, \"Upgrade\": <9 bytes>, \"Connection\": <7 bytes>, \"Sec-WebSocket-Extensions\": <8 bytes>, \
        \"Sec-WebSocket-Key\": <24 bytes>, \"Sec-WebSocket-Version\": <2 bytes>}";
    let outline =
        format!("RequestHead {{ method: \"GET\", path: \"/path\", headers: {fields}, .. }}");
    assert_eq!(format!("{request:?}"), format!("Request({outline})"));
    assert_eq!(
        format!("{:?}", request.extensions().next().unwrap()),
        "Extension { name: \"zip\", .. }"
    );
    let rejection = request.reject(&HttpResponse::new(404).unwrap());
    assert_eq!(
        format!("{rejection:?}"),
        format!(
            "Rejection {{ error: RejectedByApplication {{ status: 404 }}, request: Some({outline}), .. }}"
        )
    );

    let mut handshake =
        ClientHandshake::new(&ClientRequest::new("ws://a").unwrap(), Config::new(), entropy());
    handshake.input().put_slice(b"HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nabc");
    let ResponseError::UnexpectedStatus(response) = handshake.receive().unwrap_err() else {
        panic!("a refusal is one")
    };
    assert_eq!(
        format!("{response:?}"),
        "Response { status: 403, headers: {\"Content-Length\": <1 bytes>}, body: <3 bytes> }"
    );
}

/// A `Text` compares, hashes and formats like its `str`.
#[test]
fn text_compares_hashes_and_formats_like_str() {
    let text = Text::from("abc");
    assert_eq!(format!("{text} {text:>5}"), "abc   abc");
    assert!(text == "abc" && text != "abd" && text == *"abc" && text != *"abd");
    let [same, other] = ["abc", "abd"].map(String::from);
    assert!(text == same && text != other);
    assert_eq!((AsRef::<str>::as_ref(&text), AsRef::<[u8]>::as_ref(&text)), ("abc", &b"abc"[..]));
    assert_eq!(
        [Text::from_static("abc"), Text::from(String::from("abc"))],
        [&text; 2].map(Clone::clone)
    );
    let hashes = std::hash::RandomState::new();
    assert_eq!(
        hashes.hash_one(&text),
        hashes.hash_one("abc"),
        "it is found where a str is looked for"
    );
    assert_ne!(hashes.hash_one(&text), hashes.hash_one(Text::from("abd")));
    assert_eq!(Bytes::from(text.clone()), text.into_bytes());
    assert_eq!(u16::from(CloseCode::GOING_AWAY), 1001);
}

/// `Text::try_from` accepts UTF-8 only, at every length.
#[test]
fn text_from_bytes_requires_utf8() {
    for size in [0, 1, 63, 64, 65, 1000] {
        for (end, valid) in [
            (&b""[..], true),
            (b"\xc3\xa9", true),
            (b"\xff", false),
            (b"\xc3", false),
            (b"\xed\xa0\x80", false),
        ] {
            let bytes = [&vec![b'a'; size][..], end].concat();
            let text = Text::try_from(Bytes::from(bytes.clone()));
            assert_eq!(
                text.map(Text::into_bytes),
                if valid { Ok(Bytes::from(bytes)) } else { Err(InvalidUtf8) },
                "{size} {end:02x?}"
            );
        }
    }
}

/// The accessors of a message, for both kinds.
#[test]
fn message_accessors_agree_with_its_kind() {
    for (message, text) in [(Message::from("abc"), Some("abc")), (Message::from(b"abc"), None)] {
        assert_eq!((message.is_text(), message.is_binary()), (text.is_some(), text.is_none()));
        assert_eq!((message.len(), message.is_empty(), message.as_text()), (3, false, text));
        assert_eq!(
            (message.as_bytes(), message.clone().into_bytes()),
            (&b"abc"[..], Bytes::from_static(b"abc"))
        );
    }
    assert!(Message::from("").is_empty() && Message::from(String::new()).is_text());
    assert!(
        Message::from(vec![1]).is_binary() && Message::from(bytes::BytesMut::new()).is_binary()
    );
    let frame = CloseFrame::from(CloseCode::GOING_AWAY);
    assert_eq!((frame.code(), frame.reason()), (CloseCode::GOING_AWAY, ""));
    assert_eq!(Option::from(CloseCode::GOING_AWAY), Some(frame));
    let mut server = Connection::server(Config::default());
    server.close(CloseCode::GOING_AWAY);
    assert_eq!(server.buffered_amount(), 4);
}

/// The status line has the reason phrase of the status.
#[test]
fn a_response_has_the_reason_phrase_of_its_status() {
    let head = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    for (status, phrase) in [
        (200, "OK"),
        (301, "Moved Permanently"),
        (302, "Found"),
        (303, "See Other"),
        (307, "Temporary Redirect"),
        (308, "Permanent Redirect"),
        (400, "Bad Request"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "Not Found"),
        (405, "Method Not Allowed"),
        (418, ""),
        (426, "Upgrade Required"),
        (429, "Too Many Requests"),
        (431, "Request Header Fields Too Large"),
        (500, "Internal Server Error"),
        (502, "Bad Gateway"),
        (503, "Service Unavailable"),
        (504, "Gateway Timeout"),
        (505, "HTTP Version Not Supported"),
    ] {
        let mut handshake = ServerHandshake::new(Config::new());
        handshake.input().put_slice(head);
        let request = handshake.receive().unwrap().unwrap();
        assert_eq!((request.headers().len(), request.headers().is_empty()), (5, false));
        let mut rejection = request.reject(&HttpResponse::new(status).unwrap());
        let line = format!("HTTP/1.1 {status} {phrase}\r\n");
        assert_eq!(rejection.output().chunk().get(..line.len()), Some(line.as_bytes()));
        assert_eq!(rejection.error().status(), Some(status));
    }
    let mut handshake = ServerHandshake::new(Config::new());
    handshake.input().put_slice(b"GET / HTTP/1.1\r\n\r\n");
    let rejection = handshake.receive().unwrap_err();
    let headers = rejection.request().unwrap().headers();
    assert_eq!((headers.len(), headers.is_empty()), (0, true));
}

/// Every way to leave an option out gives the same default; values out of range are clamped.
#[cfg(feature = "deflate")]
#[test]
fn deflate_options_default_to_balance_and_are_clamped() {
    use sansocket::deflate::Deflate;

    let shown = |deflate: Deflate| format!("{deflate:?}");
    assert_eq!(shown(Deflate::default()), shown(Deflate::balance()));
    assert_ne!(shown(Deflate::default()), shown(Deflate::speed()));
    let memory = Deflate::speed().level(3).no_context_takeover(true).peer_no_context_takeover(true);
    assert_eq!(shown(Deflate::memory()), shown(memory));
    // A value out of range counts as the nearest in range.
    for (outside, nearest) in [(0, 1), (10, 9), (255, 9)] {
        assert_eq!(shown(Deflate::new().level(outside)), shown(Deflate::new().level(nearest)));
    }
    for (outside, nearest) in [(0, 8), (7, 8), (16, 15), (255, 15)] {
        assert_eq!(
            shown(Deflate::new().max_window_bits(outside)),
            shown(Deflate::new().max_window_bits(nearest))
        );
        assert_eq!(
            shown(Deflate::new().peer_max_window_bits(outside)),
            shown(Deflate::new().peer_max_window_bits(nearest))
        );
    }
}
