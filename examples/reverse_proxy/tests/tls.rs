//! Certificates of both sides.

use http::Version;
use sansocket::Config;
use sansocket_reverse_proxy::{Settings, tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::echo::{Tls, connect, serve, settings};
use crate::run::{accept, backend, head, proxy, request};

/// The response to an opening handshake, with its body.
async fn refusal(settings: Settings) -> String {
    let proxy = proxy(settings).await;
    let mut client = proxy.client().await;
    client.write_all(request("Connection: close\r\n").as_bytes()).await.unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn backend_whose_certificate_is_not_trusted_is_a_bad_gateway() {
    let (trusted, other) = (Tls::new("tls-trusted"), Tls::new("tls-other"));
    let (address, _seen) = serve(Config::new(), Some(other.server.clone())).await;
    for backend_http2 in [false, true] {
        let settings = Settings { backend_http2, ..settings(address, Some(&trusted)) };
        let response = refusal(settings).await;
        assert!(response.starts_with("HTTP/1.1 502 "), "{response}");
        assert!(response.contains("TLS to the backend failed"), "{response}");
    }
}

#[tokio::test]
async fn backend_with_another_name_is_a_bad_gateway() {
    let tls = Tls::new("tls-name");
    let issued = sansocket_wss::issue(&["elsewhere.example"]).unwrap();
    let file = std::env::temp_dir().join(format!("reverse_proxy-test-{}-name", std::process::id()));
    std::fs::write(&file, issued.authority).unwrap();
    let client = tls::for_backend(Some(&file)).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(issued.chain, issued.key)
        .unwrap();
    let (address, _seen) = serve(Config::new(), Some(server.into())).await;
    let tls = Tls::of(tls.server.clone(), client, file);
    let response = refusal(settings(address, Some(&tls))).await;
    assert!(response.contains("TLS to the backend failed"), "{response}");
}

#[tokio::test]
async fn backend_without_tls_is_a_bad_gateway_for_wss() {
    let (listener, _) = backend().await;
    let tls = Tls::new("tls-plain");
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            let _ = stream.read_to_end(&mut vec![]).await;
        }
    });
    assert!(refusal(settings(address, Some(&tls))).await.starts_with("HTTP/1.1 502 "));
    // And never without TLS, if there are no settings for it.
    let settings = Settings { backend_tls: None, ..settings(address, Some(&tls)) };
    let response = refusal(settings).await;
    assert!(response.contains("there are no settings for TLS"), "{response}");
}

#[tokio::test]
async fn backend_that_chooses_http_1_1_is_a_bad_gateway_for_http_2() {
    let tls = Tls::new("tls-alpn");
    let mut server = (*tls.server).clone();
    server.alpn_protocols = vec![];
    let (address, _seen) = serve(Config::new(), Some(server.into())).await;
    let settings = Settings { backend_http2: true, ..settings(address, Some(&tls)) };
    let response = refusal(settings).await;
    assert!(response.contains("the backend does not speak HTTP/2"), "{response}");
}

#[tokio::test]
async fn front_chooses_http_2_and_http_1_1_by_alpn() {
    let tls = Tls::new("tls-front");
    let (address, _seen) = serve(Config::new(), None).await;
    let server = Some(tls.server.clone());
    let proxy = proxy(Settings { tls: server, ..settings(address, None) }).await;
    for protocol in [&b"h2"[..], b"http/1.1"] {
        let stream = tls.connect(proxy.client().await, protocol).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
    }
    // A client that does not speak TLS gets no response.
    let mut client = proxy.handshake().await;
    let mut received = vec![];
    let _ = client.read_to_end(&mut received).await;
    assert!(!received.starts_with(b"HTTP"), "{received:?}");
}

#[tokio::test]
async fn reset_of_a_tls_side_resets_the_other() {
    let tls = Tls::new("tls-reset");
    let (listener, settings) = backend().await;
    let server = Some(tls.server.clone());
    let proxy = proxy(Settings { tls: server, ..settings }).await;
    let is_reset = |end: std::io::Result<usize>| {
        end.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
    };
    for client_is_reset in [true, false] {
        let mut client = tls.connect(proxy.client().await, b"http/1.1").await;
        client.write_all(request("").as_bytes()).await.unwrap();
        let (mut backend, _) = accept(&listener, "").await;
        head(&mut client).await;
        if client_is_reset {
            client.get_ref().0.set_zero_linger().unwrap();
            drop(client);
            assert!(is_reset(backend.read_to_end(&mut vec![]).await));
        } else {
            backend.set_zero_linger().unwrap();
            drop(backend);
            assert!(is_reset(client.read_to_end(&mut vec![]).await));
        }
    }
}

#[tokio::test]
async fn front_reads_its_certificate_from_files() {
    let issued = sansocket_wss::issue(&["127.0.0.1"]).unwrap();
    let path = |name: &str| {
        let name = format!("reverse_proxy-test-{}-files-{name}.pem", std::process::id());
        std::env::temp_dir().join(name)
    };
    let [authority, chain, key] = ["authority", "chain", "key"].map(path);
    let pem = |kind: &str, der: &[u8]| {
        use base64::Engine;
        let text = base64::prelude::BASE64_STANDARD.encode(der);
        format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")
    };
    std::fs::write(&authority, issued.authority).unwrap();
    std::fs::write(&chain, pem("CERTIFICATE", &issued.chain[0])).unwrap();
    std::fs::write(&key, pem("PRIVATE KEY", issued.key.secret_der())).unwrap();
    let server = tls::of_files(chain.clone(), key.clone()).unwrap();
    let client = tls::for_backend(Some(&authority)).unwrap();
    let tls = Tls::of(server, client, authority);
    let (address, _seen) = serve(Config::new(), None).await;
    let server = Some(tls.server.clone());
    let proxy = proxy(Settings { tls: server, ..settings(address, None) }).await;
    let mut socket = connect(proxy.address, Version::HTTP_11, Config::new(), Some(&tls)).await;
    socket.send("over TLS").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some("over TLS".into()));
    std::fs::remove_file(chain).unwrap();
    std::fs::remove_file(key).unwrap();
}

#[test]
fn file_without_a_certificate_is_an_error() {
    let path =
        std::env::temp_dir().join(format!("reverse_proxy-test-{}-empty", std::process::id()));
    assert!(tls::for_backend(Some(&path)).unwrap_err().to_string().contains("can't read"));
    std::fs::write(&path, "").unwrap();
    let error = tls::for_backend(Some(&path)).unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    assert!(error.contains("there is no certificate"), "{error}");
}
