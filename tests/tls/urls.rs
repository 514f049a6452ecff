//! `wss:` URIs, in every adapter: from the URL to messages, or to an error that says what is wrong.

use std::sync::Arc;

use certificates::{Authority, Identity, VALID};
use rustls::ServerConfig;
use sansocket::tls::{Tls, TlsError};
use sansocket::{ClientRequest, CloseCode, Error, blocking};

use crate::parts::{serve, server_stream};

/// What a client saw of its stream.
#[derive(Debug, PartialEq)]
struct Seen {
    message: Option<String>,
    certificates: Vec<Vec<u8>>,
    protocol: Option<String>,
    has_tcp_socket: bool,
}

fn with_blocking(url: &str, tls: Tls) -> Result<Seen, Error> {
    let request = ClientRequest::new(url)?;
    let (mut socket, _) = blocking::Connector::new().tls(tls).connect(&request)?;
    socket.send("hello")?;
    let message = socket.recv()?.and_then(|message| message.as_text().map(str::to_owned));
    let seen = Seen {
        message,
        certificates: socket.stream().peer_certificates().collect(),
        protocol: socket.stream().alpn_protocol(),
        has_tcp_socket: socket.stream().tcp().is_some(),
    };
    socket.close(CloseCode::NORMAL, "")?;
    Ok(seen)
}

fn with_tokio(url: &str, tls: Tls) -> Result<Seen, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let request = ClientRequest::new(url)?;
        let (mut socket, _) = sansocket::tokio::Connector::new().tls(tls).connect(&request).await?;
        socket.send("hello").await?;
        let message = socket.recv().await?;
        let seen = Seen {
            message: message.and_then(|message| message.as_text().map(str::to_owned)),
            certificates: socket.stream().peer_certificates().map(<[u8]>::to_vec).collect(),
            protocol: socket
                .stream()
                .alpn_protocol()
                .map(|protocol| String::from_utf8_lossy(protocol).into()),
            has_tcp_socket: socket.stream().tcp().is_some(),
        };
        socket.close(CloseCode::NORMAL, "").await?;
        Ok(seen)
    })
}

fn with_futures(url: &str, tls: Tls) -> Result<Seen, Error> {
    smol::block_on(async {
        let request = ClientRequest::new(url)?;
        let connector = sansocket::futures::Connector::new().tls(tls);
        let (mut socket, _) = connector.connect(&request).await?;
        socket.send("hello").await?;
        let message = socket.recv().await?;
        let protocol = socket.stream().alpn_protocol();
        let seen = Seen {
            message: message.and_then(|message| message.as_text().map(str::to_owned)),
            certificates: socket.stream().peer_certificates().map(<[u8]>::to_vec).collect(),
            protocol: protocol.map(|protocol| String::from_utf8_lossy(protocol).into()),
            has_tcp_socket: socket.stream().tcp().is_some(),
        };
        socket.close(CloseCode::NORMAL, "").await?;
        Ok(seen)
    })
}

/// What a certificate has, and whether an error says so.
type Case = (&'static str, Identity, fn(&TlsError) -> bool);

type Client = fn(&str, Tls) -> Result<Seen, Error>;

const CLIENTS: [(&str, Client); 3] =
    [("blocking", with_blocking), ("tokio", with_tokio), ("futures", with_futures)];

/// Connects to a server with this certificate by its URL.
fn meet(client: Client, config: Arc<ServerConfig>, tls: &Tls) -> Result<Seen, Error> {
    let (address, server) = serve(|stream| {
        let mut socket = blocking::accept(server_stream(config, stream))?;
        while let Some(message) = socket.recv()? {
            socket.send(message)?;
        }
        Ok::<_, Error>(())
    });
    let seen = client(&format!("wss://{address}/"), tls.clone());
    let served = server.join().unwrap();
    assert_eq!(served.is_ok(), seen.is_ok(), "{served:?}");
    seen
}

#[test]
fn url_opens_a_connection_over_tls_in_every_adapter() {
    let authority = Authority::new("test");
    let identity = authority.issue("127.0.0.1", VALID);
    for (name, client) in CLIENTS {
        let config = identity.server_config(&[b"http/1.1"]);
        let seen = Seen {
            message: Some("hello".into()),
            certificates: vec![identity.certificate.to_vec()],
            protocol: Some("http/1.1".into()),
            has_tcp_socket: true,
        };
        assert_eq!(meet(client, config, &authority.trusted()).unwrap(), seen, "{name}");
    }
}

#[test]
fn each_bad_certificate_is_an_error_of_its_own_in_every_adapter() {
    let (authority, other) = (Authority::new("test"), Authority::new("test"));
    let cases: [Case; 6] = [
        (
            "another host",
            authority.issue("localhost", VALID),
            |error| matches!(error, TlsError::WrongHost(wrong) if wrong.host == "127.0.0.1"),
        ),
        ("expired", authority.issue("127.0.0.1", (2000, 2001)), |error| {
            matches!(error, TlsError::Expired)
        }),
        ("not valid yet", authority.issue("127.0.0.1", (2998, 2999)), |error| {
            matches!(error, TlsError::NotYetValid)
        }),
        ("self-signed", Identity::self_signed("127.0.0.1", false), |error| {
            matches!(error, TlsError::UnknownIssuer)
        }),
        ("another authority", Authority::new("another").issue("127.0.0.1", VALID), |error| {
            matches!(error, TlsError::UnknownIssuer)
        }),
        ("another authority of the same name", other.issue("127.0.0.1", VALID), |error| {
            matches!(error, TlsError::BadSignature)
        }),
    ];
    for (case, identity, is_expected) in cases {
        for (name, client) in CLIENTS {
            let error = meet(client, identity.server_config(&[]), &authority.trusted());
            let Err(Error::Tls(error)) = error else { panic!("{case}, {name}: {error:?}") };
            assert!(is_expected(&error), "{case}, {name}: {error:?}");
        }
    }
}

#[test]
fn revoked_certificate_is_an_error_of_its_own_in_every_adapter() {
    let (authority, same_name) = (Authority::new("test"), Authority::new("test"));
    let (revoked, other) = (authority.revoke(&[7], VALID), authority.revoke(&[8], VALID));
    let expired = authority.revoke(&[8], (2000, 2001));
    let of_another_authority = Authority::new("another").revoke(&[7], VALID);
    let of_another_key = same_name.revoke(&[7], VALID);
    type Expected = fn(&Result<Seen, Error>) -> bool;
    let accepted: Expected = |result| result.is_ok();
    let is_revoked: Expected = |result| matches!(result, Err(Error::Tls(TlsError::Revoked)));
    let is_unknown: Expected =
        |result| matches!(result, Err(Error::Tls(TlsError::UnknownRevocation)));
    let cases = [
        ("it is on the list", vec![revoked.clone()], is_revoked),
        ("another one is on the list", vec![other.clone()], accepted),
        ("no list", vec![], accepted),
        ("an expired list", vec![expired], is_unknown),
        ("the list of another authority", vec![of_another_authority.clone()], is_unknown),
        ("both lists", vec![of_another_authority, revoked], is_revoked),
        ("the list of an authority of the same name", vec![of_another_key], is_unknown),
    ];
    let identity = authority.issue_number(7, "127.0.0.1", VALID);
    for (case, lists, is_expected) in cases {
        let tls = authority
            .trusted_with(|verifier| verifier.with_crls(lists).enforce_revocation_expiration());
        for (name, client) in CLIENTS {
            let result = meet(client, identity.server_config(&[]), &tls);
            assert!(is_expected(&result), "{case}, {name}: {result:?}");
            let Err(error) = result else { continue };
            assert!(error.to_string().contains("revoked"), "{error}");
            assert!(!error.is_retryable());
        }
    }
}

#[test]
fn server_that_chooses_http_2_is_an_error_in_every_adapter() {
    let authority = Authority::new("test");
    let config = authority.issue("127.0.0.1", VALID).server_config(&[b"h2"]);
    let tls = Tls::from(authority.client_config(&[b"h2", b"http/1.1"]));
    for (name, client) in CLIENTS {
        let error = meet(client, Arc::clone(&config), &tls).unwrap_err();
        let is_expected = matches!(&error, Error::Tls(TlsError::Alpn { protocol: Some(protocol) })
            if &**protocol == "h2");
        assert!(is_expected, "{name}: {error:?}");
    }
}

#[test]
fn server_without_tls_behind_wss_is_named_in_every_adapter() {
    for (name, client) in CLIENTS {
        let (address, server) = serve(|stream| blocking::accept(stream).map(drop));
        let error = client(&format!("wss://{address}/"), Authority::new("test").trusted());
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Tls(TlsError::NotTls)), "{name}: {error:?}");
        assert!(server.join().unwrap().is_err());
    }
}

#[test]
fn server_that_hangs_up_in_the_tls_handshake_is_named_in_every_adapter() {
    for (name, client) in CLIENTS {
        let (address, server) = serve(|mut stream| {
            // Some of the ClientHello is read, so that the end is no reset.
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            Ok::<(), Error>(())
        });
        let error = client(&format!("wss://{address}/"), Authority::new("test").trusted());
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Tls(TlsError::HungUp)), "{name}: {error:?}");
        assert!(error.is_retryable());
        server.join().unwrap().unwrap();
    }
}
