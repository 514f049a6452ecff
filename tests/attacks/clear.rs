//! `wss:` without TLS is nothing at all: RFC 6455 §3, §10.6.
//!
//! CVE-2020-15133 and others trusted any certificate; to ask for none would be worse.

use std::io::ErrorKind;
use std::net::TcpListener;

use sansocket::{ClientRequest, Error, blocking};

/// A listener, and whether a client connected to it.
fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let uri = format!("wss://{}/secret?token=1", listener.local_addr().unwrap());
    (listener, uri)
}

fn assert_nobody_came(listener: &TcpListener) {
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn cve_2020_15133_a_secure_address_is_never_asked_in_clear() {
    let (listener, uri) = listen();
    assert!(matches!(blocking::connect(&uri), Err(Error::TlsNeeded)));
    let request = ClientRequest::new(&uri).unwrap().header("Authorization", "Bearer 1").unwrap();
    assert!(matches!(blocking::Options::new().connect(&request), Err(Error::TlsNeeded)));
    assert_nobody_came(&listener);
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn cve_2018_8034_a_secure_address_is_never_sent_in_clear_by_any_adapter() {
    let (listener, uri) = listen();
    assert!(matches!(sansocket::tokio::connect(&uri).await, Err(Error::TlsNeeded)));
    assert_nobody_came(&listener);
}
