//! What another connection may repair: RFC 6455 §7.2.3 and §7.4, RFC 9110 §15.

use std::io::{self, ErrorKind};

use bytes::BufMut;
use sansocket::proxy::{ProxyError, SocksError};
use sansocket::{
    ClientHandshake, ClientRequest, CloseCode, CloseFrame, Closed, Config, Connection, Error,
    HeadError, ProtocolError, ResponseError, Role, SendError, TimedOut, TlsError,
};
use support::{Chunking, Pair, connection, entropy, feed_kept, unmasked};

/// The error of a client that receives these bytes, and then the end of the stream.
pub fn refused(answer: &str) -> Error {
    let request = ClientRequest::new("ws://example.com/").unwrap();
    let mut handshake = ClientHandshake::new(&request, Config::new(), entropy());
    handshake.input().put_slice(answer.as_bytes());
    handshake.end_input();
    handshake.receive().map(drop).unwrap_err().into()
}

/// The end of a client's connection after a Close frame of the server.
pub fn closed_by_server(frame: Option<CloseFrame>) -> Closed {
    let mut pair = Pair::new(Chunking::Whole);
    pair.server.close(frame);
    pair.settle();
    pair.client.closed().unwrap().clone()
}

fn closed_with(code: u16) -> Closed {
    closed_by_server(Some(CloseCode::new(code).unwrap().into()))
}

/// The end of a client's connection that is lost after this.
pub fn after(act: impl FnOnce(&mut Connection)) -> Closed {
    let mut client = connection(Role::Client, Config::new());
    act(&mut client);
    client.end_input();
    while client.receive().is_some() {}
    client.closed().unwrap().clone()
}

#[test]
fn close_codes_of_a_server_that_will_be_back_are_retryable() {
    for (code, retryable) in [
        (1000, false),
        (1001, true),
        (1002, false),
        (1003, false),
        (1007, false),
        (1008, false),
        (1009, false),
        (1010, false),
        (1011, true),
        (1012, true),
        (1013, true),
        (1014, true),
        (3000, false),
        (4000, false),
        (4999, false),
    ] {
        assert_eq!(closed_with(code).is_retryable(), retryable, "{code}");
    }
    assert!(closed_by_server(None).is_retryable(), "1005");
}

#[test]
fn lost_connection_is_retryable_and_own_close_is_not() {
    assert!(after(|_| {}).is_retryable(), "1006");
    assert!(!after(|client| client.close(CloseCode::GOING_AWAY)).is_retryable());
    assert!(!after(|client| drop(feed_kept(client, &unmasked(0x83, b"")))).is_retryable());
    let mut pair = Pair::new(Chunking::Whole);
    pair.client.close(CloseCode::SERVICE_RESTART);
    pair.settle();
    assert!(!pair.client.closed().unwrap().is_retryable());
}

#[test]
fn statuses_of_a_server_that_will_be_back_are_retryable() {
    for (status, retryable) in [
        (200, false),
        (301, false),
        (307, false),
        (400, false),
        (401, false),
        (403, false),
        (404, false),
        (407, false),
        (408, true),
        (410, false),
        (421, false),
        (425, true),
        (426, false),
        (429, true),
        (499, false),
        (500, true),
        (501, false),
        (502, true),
        (503, true),
        (504, true),
        (505, false),
        (521, true), // RFC 9110 §15: as 500
        (600, false),
    ] {
        let error = refused(&format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(error.is_retryable(), retryable, "{status}: {error}");
        let Error::Handshake(sansocket::HandshakeError::Response(ResponseError::UnexpectedStatus(
            response,
        ))) = error
        else {
            panic!("{error}")
        };
        let by_proxy = Error::from(ProxyError::Refused(response));
        assert_eq!(by_proxy.is_retryable(), retryable, "{status} of a proxy");
    }
}

#[test]
fn answer_that_is_cut_off_is_retryable_and_any_other_is_not() {
    for (answer, retryable) in [
        ("", true),
        ("HTTP/1.1 101 Switching", true),
        ("HTTP/1.1 101 X\r\n\r\n", false), // no WebSocket
        ("SSH-2.0-OpenSSH_9.6\r\n", false),
        ("\x16\x03\x01\x02", false), // TLS
        ("HTTP/1.1 20 X\r\n\r\n", false),
    ] {
        assert_eq!(refused(answer).is_retryable(), retryable, "{answer:?}");
    }
    assert!(Error::from(ProxyError::from(HeadError::Incomplete)).is_retryable());
    assert!(!Error::from(ProxyError::from(HeadError::NotHttp)).is_retryable());
    assert!(!Error::from(ProxyError::Host).is_retryable());
}

#[test]
fn network_and_timeouts_are_retryable_and_mistakes_are_not() {
    let io = |kind: ErrorKind| Error::from(io::Error::from(kind));
    let retryable = [
        io(ErrorKind::ConnectionRefused),
        io(ErrorKind::HostUnreachable),
        io(ErrorKind::NetworkDown),
        io(ErrorKind::NotFound), // a host without addresses
        io(ErrorKind::TimedOut),
        io::Error::other("failed to lookup address information").into(),
        Error::ConnectionLost,
        TimedOut::Handshake.into(),
        TimedOut::KeepAlive.into(),
        TimedOut::Message.into(),
        TimedOut::Write.into(),
        // The server does not read.
        Error::Full,
        TlsError::HungUp.into(),
        TlsError::InternalError.into(),
    ];
    let mistakes = [
        io(ErrorKind::InvalidInput),
        io(ErrorKind::InvalidData),
        io(ErrorKind::PermissionDenied),
        io(ErrorKind::Unsupported),
        io(ErrorKind::WouldBlock),
        ClientRequest::new("http://x/").unwrap_err().into(),
        Error::TlsNeeded,
        Error::NoTimer,
        TlsError::UnknownIssuer.into(),
        TlsError::Expired.into(),
        TlsError::NotTls.into(),
        ProtocolError::InvalidUtf8.into(),
        SendError::NotOpen.into(),
        Error::Chunk,
        Error::UnreadMessages,
    ];
    for (errors, expected) in [(&retryable[..], true), (&mistakes[..], false)] {
        for error in errors {
            assert_eq!(error.is_retryable(), expected, "{error:?}");
        }
    }
}

#[test]
fn socks_replies_of_an_unreachable_server_are_retryable() {
    use SocksError::*;
    for error in [
        Incomplete,
        GeneralFailure,
        NetworkUnreachable,
        HostUnreachable,
        ConnectionRefused,
        TtlExpired,
    ] {
        assert!(Error::from(ProxyError::Socks(error)).is_retryable(), "{error}");
    }
    for error in [
        Http,
        Tls,
        Version(4),
        CredentialsRequired,
        NoAcceptableMethod,
        Method(9),
        Unauthorized,
        AddressType(9),
        NotAllowed,
        CommandNotSupported,
        AddressTypeNotSupported,
        Other(99),
    ] {
        assert!(!Error::from(ProxyError::Socks(error)).is_retryable(), "{error}");
    }
}
