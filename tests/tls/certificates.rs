//! Certificates that are accepted, and those that are not: each its own error, which names the
//! remedy.

use certificates::{Authority, Identity, VALID, Years};
use sansocket::tls::{Tls, TlsError};
use sansocket::{CloseCode, Error, blocking};

use crate::parts::{connect, serve, server_stream};

/// The result of a client that opens a connection to "localhost", and of the server.
fn meet(identity: &Identity, tls: &Tls, host: &str) -> (Result<(), Error>, Result<(), Error>) {
    let config = identity.server_config(&[b"http/1.1"]);
    let (address, server) = serve(|stream| {
        let mut socket = blocking::accept(server_stream(config, stream))?;
        while socket.recv()?.is_some() {}
        Ok(())
    });
    let client = connect(address, host, tls)
        .and_then(|mut socket| socket.close(CloseCode::NORMAL, "").map(drop));
    (client, server.join().unwrap())
}

fn refused(identity: &Identity, tls: &Tls, host: &str) -> TlsError {
    match meet(identity, tls, host) {
        (Err(Error::Tls(error)), Err(Error::Tls(_))) => error,
        results => panic!("{results:?}"),
    }
}

#[test]
fn certificate_of_a_trusted_authority_is_accepted() {
    let authority = Authority::new("test");
    for host in ["localhost", "127.0.0.1", "::1"] {
        let identity = authority.issue(host, VALID);
        let results = meet(&identity, &authority.trusted(), host);
        assert!(matches!(results, (Ok(()), Ok(()))), "{host}: {results:?}");
    }
}

#[test]
fn zone_of_an_address_is_no_part_of_the_certificate() {
    let authority = Authority::new("test");
    let identity = authority.issue("fe80::1", VALID);
    let results = meet(&identity, &authority.trusted(), "fe80::1%eth0");
    assert!(matches!(results, (Ok(()), Ok(()))), "{results:?}");
}

#[test]
fn certificate_of_a_private_authority_names_ssl_cert_file() {
    let identity = Authority::new("private").issue("localhost", VALID);
    let error = refused(&identity, &Authority::new("test").trusted(), "localhost");
    assert!(matches!(error, TlsError::UnknownIssuer), "{error:?}");
    assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
}

#[test]
fn self_signed_certificate_is_of_an_unknown_issuer() {
    let identity = Identity::self_signed("localhost", false);
    let error = refused(&identity, &Authority::new("test").trusted(), "localhost");
    assert!(matches!(error, TlsError::UnknownIssuer), "{error:?}");
    assert!(error.to_string().contains("self-signed"), "{error}");
}

#[test]
fn certificate_of_an_authority_is_no_servers() {
    let identity = Identity::self_signed("localhost", true);
    let error = refused(&identity, &Authority::new("test").trusted(), "localhost");
    assert!(matches!(error, TlsError::CaCertificate), "{error:?}");
    assert!(error.to_string().contains("basicConstraints=CA:FALSE"), "{error}");
}

#[test]
fn another_authority_of_the_same_name_is_a_bad_signature() {
    let identity = Authority::new("test").issue("localhost", VALID);
    // A key of another kind is the same mistake, and another error of rustls.
    for trusted in [Authority::new("test"), Authority::ed25519("test")] {
        let error = refused(&identity, &trusted.trusted(), "localhost");
        assert!(matches!(error, TlsError::BadSignature), "{error:?}");
        assert!(error.to_string().contains("of that name"), "{error}");
    }
}

#[test]
fn certificate_of_another_host_names_both() {
    let authority = Authority::new("test");
    for (has, wants) in [("localhost", "other.test"), ("127.0.0.1", "127.0.0.2")] {
        let error = refused(&authority.issue(has, VALID), &authority.trusted(), wants);
        let TlsError::WrongHost(wrong) = &error else { panic!("{error:?}") };
        assert_eq!((&wrong.host[..], &wrong.names[..]), (wants, &[has.to_owned()][..]));
        let text = format!("not valid for {wants}, but for {has};");
        assert!(error.to_string().contains(&text), "{error}");
    }
}

#[test]
fn time_of_a_certificate_is_checked() {
    let authority = Authority::new("test");
    let refused = |years: Years| {
        let identity = authority.issue("localhost", years);
        refused(&identity, &authority.trusted(), "localhost")
    };
    let expired = refused((2000, 2001));
    assert!(matches!(expired, TlsError::Expired), "{expired:?}");
    assert!(expired.to_string().contains("renew it"), "{expired}");
    let future = refused((2998, 2999));
    assert!(matches!(future, TlsError::NotYetValid), "{future:?}");
    assert!(future.to_string().contains("clock"), "{future}");
}

#[test]
fn host_that_no_certificate_can_have_is_an_error_before_anything_is_sent() {
    let tls = Authority::new("test").trusted();
    for host in ["", "a..b", "a b", "-", "%41"] {
        let (address, server) = serve(|mut stream| {
            let mut bytes = vec![];
            std::io::Read::read_to_end(&mut stream, &mut bytes).unwrap();
            bytes
        });
        let error = connect(address, host, &tls).unwrap_err();
        let Error::Tls(TlsError::InvalidHost { host: named }) = error else { panic!("{error:?}") };
        assert_eq!(&*named, host);
        assert!(server.join().unwrap().is_empty());
    }
}
