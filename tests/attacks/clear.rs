//! What is meant for TLS is never sent in clear text: RFC 6455 §3, §10.6.
//!
//! CVE-2020-15133 and others trusted any certificate; plain TCP would be worse. Without TLS, `wss:`
//! is an error before any connection; with it, the first bytes are those of TLS.

use std::io::Read;
use std::net::TcpListener;
use std::thread;

use sansocket::{ClientRequest, Error, blocking};

/// What a server receives of clients that connect to a `wss:` URI. It answers nothing.
fn received(connect: impl FnOnce(&str) -> Error) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("wss://{}/secret?token=1", listener.local_addr().unwrap());
    if cfg!(not(feature = "rustls")) {
        listener.set_nonblocking(true).unwrap();
        let error = connect(&uri);
        assert!(matches!(error, Error::TlsNeeded), "{error:?}");
        assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
        return vec![];
    }
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = vec![0; 1024];
        let count = stream.read(&mut bytes).unwrap_or_default();
        bytes.truncate(count);
        bytes
    });
    let error = connect(&uri);
    assert!(matches!(error, Error::Tls(_) | Error::ConnectionLost), "{error:?}");
    server.join().unwrap()
}

/// Nothing, where there is no crypto provider; else a record of TLS's handshake (RFC 8446 §5.1).
fn assert_not_clear(bytes: &[u8]) {
    assert!(bytes.is_empty() || bytes.starts_with(&[0x16, 3]), "{bytes:?}");
}

#[test]
fn cve_2020_15133_blocking_connect_to_wss_sends_nothing_in_clear_text() {
    assert_not_clear(&received(|uri| blocking::connect(uri).unwrap_err()));
    assert_not_clear(&received(|uri| {
        let request = ClientRequest::new(uri).unwrap().bearer_auth("1").unwrap();
        blocking::Options::new().connect(&request).unwrap_err()
    }));
}

#[cfg(feature = "tokio")]
#[test]
fn cve_2018_8034_tokio_connect_to_wss_sends_nothing_in_clear_text() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connect = |uri: &str| runtime.block_on(sansocket::tokio::connect(uri)).unwrap_err();
    assert_not_clear(&received(connect));
}
