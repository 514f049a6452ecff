//! Ends of TLS connections: with close_notify (RFC 8446 §6.1) and without, and by both sides.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::{ClientConnection, ServerConnection, StreamOwned};
use sansocket::blocking::{Stream, TlsStream, TryClone};
use sansocket::{CloseCode, Error, blocking};

use crate::parts::{LONG, Socket, Trust, serve, server_stream};

#[test]
fn close_by_both_sides_at_once_is_clean() {
    for _ in 0..20 {
        let (client, server) = Trust::new().sockets();
        let close = |mut socket: Socket| socket.close(CloseCode::NORMAL, "").unwrap().was_clean();
        let server = thread::spawn(move || close(server));
        assert!(close(client));
        assert!(server.join().unwrap());
    }
}

#[test]
fn clean_end_sends_close_notify_from_both_sides() {
    let trust = Trust::new();
    let (mut client, mut server) = trust.streams();
    client.write_all(b"last").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut bytes = vec![];
    server.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"last");
    server.shutdown(Shutdown::Both).unwrap();
    assert_eq!(client.read(&mut [0; 9]).unwrap(), 0);
    assert_eq!(client.read(&mut [0; 9]).unwrap(), 0);

    // And a connection's: a peer that is rustls itself sees an end, and no truncation.
    let config = Arc::clone(&trust.server);
    let (address, server) = serve(|stream| {
        let mut socket = blocking::accept(server_stream(config, stream)).unwrap();
        socket.close(CloseCode::NORMAL, "").unwrap();
    });
    let name = "localhost".try_into().unwrap();
    let connection = ClientConnection::new(trust.config.into(), name).unwrap();
    let mut peer = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    peer.write_all(
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\
          \x88\x82\0\0\0\0\x03\xe8",
    )
    .unwrap();
    let mut answer = vec![];
    peer.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(b"\x88\x02\x03\xe8"), "{}", answer.escape_ascii());
    drop(peer);
    server.join().unwrap();
}

#[test]
fn end_without_close_notify_is_an_unexpected_end_of_the_stream() {
    let (mut client, server) = Trust::new().streams();
    server.get_ref().shutdown(Shutdown::Write).unwrap();
    for _ in 0..2 {
        assert_eq!(client.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}

#[test]
fn connection_without_a_close_frame_is_lost_with_close_notify_and_without() {
    for has_close_notify in [true, false] {
        let trust = Trust::new();
        let (address, server) = serve(move |stream| {
            let mut stream = server_stream(trust.server, stream);
            let mut socket = blocking::accept(stream_handle(&mut stream)).unwrap();
            socket.send("last").unwrap();
            drop(socket);
            if has_close_notify {
                stream.shutdown(Shutdown::Both).unwrap();
            }
        });
        let mut client = crate::parts::connect(address, "localhost", &trust.client).unwrap();
        assert_eq!(client.recv().unwrap(), Some("last".into()));
        let error = client.recv().unwrap_err();
        assert!(matches!(error, Error::ConnectionLost), "{has_close_notify}: {error:?}");
        server.join().unwrap();
    }
}

/// A second handle of a stream.
fn stream_handle(stream: &mut TlsStream) -> TlsStream {
    stream.try_clone().unwrap()
}

#[test]
fn damaged_record_is_an_error_of_tls_and_an_alert_to_the_peer() {
    let trust = Trust::new();
    let config = Arc::clone(&trust.server);
    let (address, server) = serve(move |stream| {
        let mut connection = ServerConnection::new(config).unwrap();
        let mut stream = stream;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).unwrap();
        }
        stream.write_all(&[0x17, 3, 3, 0, 20]).unwrap();
        stream.write_all(&[7; 20]).unwrap();
        let error = connection.complete_io(&mut stream).unwrap_err();
        error.downcast::<rustls::Error>().unwrap()
    });
    let stream = TcpStream::connect(address).unwrap();
    let mut client = TlsStream::connect(&trust.client, "localhost", stream, LONG).unwrap();
    for _ in 0..2 {
        let error = client.read(&mut [0; 9]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.get_ref().unwrap().is::<sansocket::TlsError>(), "{error:?}");
    }
    assert_eq!(client.write(b"x").unwrap_err().kind(), ErrorKind::InvalidData);
    let alert = rustls::AlertDescription::BadRecordMac;
    assert_eq!(server.join().unwrap(), rustls::Error::AlertReceived(alert));
}

#[test]
fn client_that_refuses_the_certificate_is_an_error_of_the_server() {
    let (address, server) = {
        let config = Trust::new().server;
        serve(|stream| blocking::accept(server_stream(config, stream)).map(drop).unwrap_err())
    };
    crate::parts::connect(address, "localhost", &Trust::new().client).unwrap_err();
    let error = server.join().unwrap();
    assert!(matches!(error, Error::Tls(_)), "{error:?}");
}
