//! HTTPS: the rooms over HTTP/1.1 and over HTTP/2, with a certificate that is made for this run.

use std::path::Path;
use std::sync::Arc;

use sansocket::ClientRequest;
use sansocket::tokio::Options;
use sansocket_hub::{Server, Settings};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::run::{Client, Hub, http, serve, within};

const TOKEN: &str = "a-token-of-more-than-16";

/// Connects with this version of HTTP.
async fn connect(hub: &Hub, authority: &Path, version: &[u8]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![version.to_vec()];
    let stream = TcpStream::connect(hub.address).await.unwrap();
    let connecting =
        TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream);
    let stream = within(connecting).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(version));
    stream
}

fn request(hub: &Hub, target: &str) -> ClientRequest {
    let url = format!("wss://localhost:{}/rooms/{target}", hub.address.port());
    let bearer = format!("Bearer {TOKEN}");
    ClientRequest::new(&url).unwrap().header("Authorization", &bearer).unwrap()
}

#[tokio::test]
async fn rooms_over_http_1_1_and_http_2_are_the_same() {
    let settings = Settings { tls: true, token: Some(TOKEN.into()), ..Settings::new() };
    let server = Server::new(settings).await.unwrap();
    let authority = server.authority().unwrap().clone();
    let hub = serve(server).await;

    let stream = connect(&hub, &authority, b"http/1.1").await;
    let chat = request(&hub, "chat?client=one&name=n");
    let (socket, _) = within(Options::new().connect_with_stream(stream, &chat)).await.unwrap();
    let mut one = Client { socket };
    // Two rooms on one connection.
    let stream = connect(&hub, &authority, b"h2").await;
    let (client, connection) = sansocket::h2::Client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let chat = request(&hub, "chat?client=two&name=n");
    let mut two = Client { socket: within(client.connect(&chat)).await.unwrap().0 };
    let prices = request(&hub, "prices?client=two");
    let mut prices = Client { socket: within(client.connect(&prices)).await.unwrap().0 };

    prices.next("symbols").await;
    one.say(1, "of one").await;
    assert_eq!(two.next("said").await["text"], "of one");
    two.say(1, "of two").await;
    assert_eq!(one.next("said").await["text"], "of one");
    assert_eq!(one.next("said").await["text"], "of two");

    // The cookie is for TLS alone.
    let mut stream = connect(&hub, &authority, b"http/1.1").await;
    let login = format!(
        "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n\
         Content-Length: {}\r\n\r\n{TOKEN}",
        TOKEN.len()
    );
    let response = http(&mut stream, &login).await;
    assert!(response.contains("; HttpOnly; SameSite=Strict; Secure\r\n"), "{response}");
    drop(stream);

    let closed = async { [one.closed().await.0, two.closed().await.0, prices.closed().await.0] };
    let (codes, ()) = tokio::join!(closed, hub.stop());
    assert_eq!(codes, [1001; 3]);
    // The file is of this run.
    assert!(!authority.exists());
}
