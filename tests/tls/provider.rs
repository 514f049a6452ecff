//! A program whose rustls has no crypto provider.

use std::net::{TcpListener, TcpStream};

use sansocket::Error;
use sansocket::blocking::TlsStream;
use sansocket::tls::{Tls, TlsError};

#[test]
fn missing_provider_is_an_error_with_the_remedy_and_not_a_panic() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let error = TlsStream::connect(&Tls::platform(), "localhost", stream, None).unwrap_err();
    assert!(matches!(error, Error::Tls(TlsError::NoProvider)), "{error:?}");
    assert!(error.to_string().contains("rustls-ring"), "{error}");
}
