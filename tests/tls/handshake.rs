//! The TLS handshake: its first bytes, peers that speak something else, the application protocol,
//! sessions that are resumed, and its deadline.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use certificates::{Authority, VALID};
use rustls::{ClientConnection, HandshakeKind, ServerConnection, StreamOwned};
use sansocket::blocking::TlsStream;
use sansocket::tls::{Tls, TlsError};
use sansocket::{Error, HandshakeError, TimedOut, blocking};

use crate::parts::{LONG, Trust, connect, serve, server_stream};

#[test]
fn first_bytes_of_a_client_are_a_client_hello() {
    let (address, server) = serve(|mut stream| {
        let mut bytes = [0; 6];
        stream.read_exact(&mut bytes).unwrap();
        bytes
    });
    let error = connect(address, "localhost", &Trust::new().client).unwrap_err();
    assert!(matches!(error, Error::ConnectionLost), "{error:?}");
    // RFC 8446 §5.1 and §4: a record of the handshake, TLS 1.0 in the first one, ClientHello.
    let bytes = server.join().unwrap();
    assert_eq!((&bytes[..3], bytes[5]), (&[0x16, 3, 1][..], 1));
}

#[test]
fn server_without_tls_behind_wss_is_told_from_a_bad_certificate() {
    let (address, server) = serve(|stream| blocking::accept(stream).map(drop));
    let error = connect(address, "localhost", &Trust::new().client).unwrap_err();
    assert!(matches!(error, Error::Tls(TlsError::NotTls)), "{error:?}");
    assert!(error.to_string().contains("use ws://"), "{error}");
    let error = server.join().unwrap().unwrap_err();
    assert!(matches!(error, Error::Handshake(HandshakeError::Request(_))), "{error:?}");
}

#[test]
fn tls_server_behind_ws_is_named_by_the_opening_handshake() {
    let config = Trust::new().server;
    let (address, server) = serve(|stream| blocking::accept(server_stream(config, stream)).err());
    let error = blocking::connect(&format!("ws://{address}/")).unwrap_err();
    assert!(error.to_string().contains("use wss://"), "{error}");
    let error = server.join().unwrap();
    assert!(matches!(error, Some(Error::Tls(TlsError::NotTls))), "{error:?}");
}

#[test]
fn server_name_is_indicated_for_names_and_not_for_addresses() {
    let authority = Authority::new("test");
    for (host, indicated) in [("localhost", Some("localhost")), ("127.0.0.1", None), ("::1", None)]
    {
        let config = authority.issue(host, VALID).server_config(&[]);
        let (address, server) = serve(|mut stream| {
            let mut tls = ServerConnection::new(config).unwrap();
            while tls.is_handshaking() {
                tls.complete_io(&mut stream).unwrap();
            }
            tls.server_name().map(str::to_owned)
        });
        let stream = TcpStream::connect(address).unwrap();
        TlsStream::connect(&authority.trusted(), host, stream, LONG).unwrap();
        assert_eq!(server.join().unwrap().as_deref(), indicated, "{host}");
    }
}

/// The protocols that a client and a server have agreed on, or the client's error.
fn agree(client: &[&[u8]], server: &[&[u8]]) -> Result<(Option<String>, Option<String>), Error> {
    let authority = Authority::new("test");
    let config = authority.issue("localhost", VALID).server_config(server);
    let (address, server) = serve(|stream| {
        let mut stream = server_stream(config, stream);
        stream.complete_handshake(LONG).map(|()| stream.alpn_protocol())
    });
    let tls = Tls::from(Arc::new(authority.client_config(client)));
    let stream = TcpStream::connect(address)?;
    let client = TlsStream::connect(&tls, "localhost", stream, LONG)?;
    Ok((client.alpn_protocol(), server.join().unwrap()?))
}

#[test]
fn http_1_1_is_offered_unless_the_configuration_names_a_protocol() {
    let http = Some("http/1.1".to_owned());
    assert_eq!(agree(&[], &[b"h2", b"http/1.1"]).unwrap(), (http.clone(), http.clone()));
    assert_eq!(agree(&[], &[]).unwrap(), (None, None));
    assert_eq!(agree(&[b"h2", b"http/1.1"], &[b"http/1.1"]).unwrap(), (http.clone(), http));
}

#[test]
fn another_protocol_than_http_1_1_is_an_error() {
    let error = agree(&[b"h2", b"http/1.1"], &[b"h2", b"http/1.1"]).unwrap_err();
    let Error::Tls(TlsError::Alpn { protocol: Some(protocol) }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(&*protocol, "h2");
    let error = agree(&[], &[b"h2"]).unwrap_err();
    assert!(matches!(error, Error::Tls(TlsError::Alpn { protocol: None })), "{error:?}");
}

/// A TLS server that accepts an opening handshake, and says how the TLS handshake went.
fn kind_of_handshake(config: Arc<rustls::ServerConfig>, tls: &Tls) -> HandshakeKind {
    let (address, server) = serve(|stream| {
        let connection = ServerConnection::new(config).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let (mut head, mut byte) = (vec![], [0]);
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap();
        stream.flush().unwrap();
        let kind = stream.conn.handshake_kind().unwrap();
        let _ = stream.read(&mut byte);
        kind
    });
    let error = connect(address, "localhost", tls).unwrap_err();
    assert!(error.to_string().contains("404"), "{error}");
    server.join().unwrap()
}

#[test]
fn clones_of_the_settings_resume_sessions() {
    let Trust { client, server, .. } = Trust::new();
    assert_eq!(kind_of_handshake(Arc::clone(&server), &client.clone()), HandshakeKind::Full);
    assert_eq!(kind_of_handshake(server, &client), HandshakeKind::Resumed);
}

#[test]
fn provider_is_not_installed_for_the_process() {
    let (client, server) = Trust::new().streams();
    drop((client, server));
    let (address, server) = serve(drop);
    let stream = TcpStream::connect(address).unwrap();
    TlsStream::connect(&Tls::platform(), "localhost", stream, LONG).unwrap_err();
    server.join().unwrap();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}

#[test]
fn deadline_of_the_handshake_holds_for_a_server_that_drips() {
    let (stop, stopped) = mpsc::channel::<()>();
    let (address, server) = serve(move |mut stream| {
        // A record that is as long as can be, a byte now and then.
        let mut header = &[0x16, 3, 3, 0x40, 0][..];
        while stopped.recv_timeout(Duration::from_millis(5)).is_err() {
            let byte = header.split_off_first().unwrap_or(&0);
            if stream.write_all(&[*byte]).is_err() {
                break;
            }
        }
    });
    let stream = TcpStream::connect(address).unwrap();
    let timeout = Some(Duration::from_millis(200));
    let result = TlsStream::connect(&Trust::new().client, "localhost", stream, timeout);
    assert!(matches!(result, Err(Error::TimedOut(TimedOut::Handshake))), "{result:?}");
    stop.send(()).unwrap();
    server.join().unwrap();
}

#[test]
fn handshake_of_a_silent_client_ends_with_the_opening_handshake() {
    let trust = Trust::new();
    let (address, server) = serve(|stream| {
        let timeouts = sansocket::Timeouts {
            handshake: Some(Duration::from_millis(100)),
            ..sansocket::Timeouts::default()
        };
        let options = blocking::Options::new().timeouts(timeouts);
        options.accept(server_stream(trust.server, stream)).map(drop)
    });
    let client = TcpStream::connect(address).unwrap();
    let result = server.join().unwrap();
    assert!(matches!(result, Err(Error::TimedOut(TimedOut::Handshake))), "{result:?}");
    drop(client);
}

#[test]
fn handshake_that_timed_out_can_be_continued() {
    let authority = Authority::new("test");
    let config = authority.issue("localhost", VALID).server_config(&[]);
    let (begin, begun) = mpsc::channel::<()>();
    let (address, server) = serve(move |stream| {
        begun.recv().unwrap();
        server_stream(config, stream).complete_handshake(LONG)
    });
    let name = "localhost".try_into().unwrap();
    let connection = ClientConnection::new(authority.client_config(&[]).into(), name).unwrap();
    let mut client = TlsStream::from((connection, TcpStream::connect(address).unwrap()));
    for _ in 0..3 {
        let result = client.complete_handshake(Some(Duration::from_millis(10)));
        assert!(matches!(result, Err(Error::TimedOut(TimedOut::Handshake))), "{result:?}");
    }
    assert!(client.peer_certificates().is_empty());
    begin.send(()).unwrap();
    client.complete_handshake(LONG).unwrap();
    server.join().unwrap().unwrap();
    assert_eq!(client.peer_certificates().len(), 1);
}
