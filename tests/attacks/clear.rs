//! `wss:` without TLS is an error before any connection: RFC 6455 §3, §10.6.
//!
//! CVE-2020-15133 and others trusted any certificate; plain TCP would be worse.

use std::io::ErrorKind;
use std::net::TcpListener;

use sansocket::{ClientRequest, Error, blocking};

/// A listener, and a `wss:` URI with its address.
fn wss_listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let uri = format!("wss://{}/secret?token=1", listener.local_addr().unwrap());
    (listener, uri)
}

fn assert_no_connection(listener: &TcpListener) {
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn cve_2020_15133_blocking_connect_to_wss_without_tls_opens_no_connection() {
    let (listener, uri) = wss_listener();
    assert!(matches!(blocking::connect(&uri), Err(Error::TlsNeeded)));
    let request = ClientRequest::new(&uri).unwrap().header("Authorization", "Bearer 1").unwrap();
    assert!(matches!(blocking::Options::new().connect(&request), Err(Error::TlsNeeded)));
    assert_no_connection(&listener);
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn cve_2018_8034_tokio_connect_to_wss_without_tls_opens_no_connection() {
    let (listener, uri) = wss_listener();
    assert!(matches!(sansocket::tokio::connect(&uri).await, Err(Error::TlsNeeded)));
    assert_no_connection(&listener);
}
