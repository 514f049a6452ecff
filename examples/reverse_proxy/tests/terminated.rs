//! Compression that ends at the proxy, because the two sides have agreed on different parameters:
//! RFC 7692 §7.

use http::Version;
use sansocket::deflate::{Agreed, Compressor, Deflate, Window};
use sansocket::wire::{Header, Opcode};
use sansocket::{CloseCode, Config};
use sansocket_reverse_proxy::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::echo::{connect, serve, settings};
use crate::run::{accept, backend, head, proxy, request, rest, value};

/// Changes the settings of a proxy.
fn with(settings: Settings, [passes, client, backend]: [bool; 3]) -> Settings {
    Settings { compresses: passes, compress_client: client, compress_backend: backend, ..settings }
}

/// Echoes through a proxy. Returns whether the client and the backend compress.
async fn echo(client: Option<Deflate>, backend: Option<Deflate>, how: [bool; 3]) -> [bool; 2] {
    let config = |deflate: Option<Deflate>| match deflate {
        Some(deflate) => Config::new().deflate(deflate),
        None => Config::new(),
    };
    let (address, mut seen) = serve(config(backend), None).await;
    let proxy = proxy(with(settings(address, None), how)).await;
    let mut socket = connect(proxy.address, Version::HTTP_11, config(client), None).await;
    let noise: String =
        (0..100_000u32).map(|at| (b'!' + (at.wrapping_mul(at) % 91) as u8) as char).collect();
    let texts = ["", "a", "a text that repeats, a text that repeats", &noise, &"x".repeat(1 << 20)];
    for text in texts.into_iter().chain(texts) {
        socket.send(text).await.unwrap();
        assert!(socket.recv().await.unwrap() == Some(text.into()), "{} bytes", text.len());
    }
    let client = socket.deflate().is_some();
    let stats = socket.stats();
    let is_smaller = stats.received.frame_payload * 2 < stats.received.payload;
    assert_eq!(is_smaller, client, "{stats:?}");
    assert!(socket.close(CloseCode::NORMAL, "").await.unwrap().was_clean());
    [client, seen.recv().await.unwrap().compressed]
}

#[tokio::test]
async fn proxy_compresses_for_one_side_if_the_other_does_not() {
    let on = || Some(Deflate::new());
    // What passes offers, compresses for the client, offers compression to the backend.
    let rows = [
        (on(), None, [true, false, false], [false, false]),
        (on(), None, [true, true, false], [true, false]),
        (on(), None, [false, true, true], [true, false]),
        (None, on(), [true, true, false], [false, false]),
        (None, on(), [true, false, true], [false, true]),
        (None, None, [true, true, true], [false, false]),
        (on(), on(), [true, true, true], [true, true]),
        (on(), on(), [false, true, true], [true, true]),
        (on(), on(), [false, true, false], [true, false]),
        (on(), on(), [false, false, true], [false, true]),
        // A client with a small window, which the backend does not have to know.
        (Some(Deflate::speed().peer_max_window_bits(9)), on(), [false, true, true], [true, true]),
    ];
    for (at, (client, backend, how, expected)) in rows.into_iter().enumerate() {
        assert_eq!(echo(client, backend, how).await, expected, "row {at}");
    }
}

#[tokio::test]
async fn client_gets_the_backends_answer_only_if_it_is_one_to_its_offer() {
    let offer = "permessage-deflate; server_max_window_bits=10";
    let own = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
               client_max_window_bits";
    for (answer, expected) in [
        // An answer to the client's offer: it passes.
        (
            "permessage-deflate; server_max_window_bits=9",
            "permessage-deflate; server_max_window_bits=9",
        ),
        // An answer to the proxy's offer: the client has another one.
        (
            "permessage-deflate; server_no_context_takeover",
            "permessage-deflate; client_no_context_takeover; server_max_window_bits=10",
        ),
    ] {
        let (listener, settings) = backend().await;
        let mut client = proxy(with(settings, [true, true, true])).await.client().await;
        let lines = format!("Sec-WebSocket-Extensions: {offer}\r\n");
        client.write_all(request(&lines).as_bytes()).await.unwrap();
        let lines = format!("Sec-WebSocket-Extensions: {answer}\r\n");
        let (_server, received) = accept(&listener, &lines).await;
        let offers = format!("{offer}, {own}");
        assert_eq!(value(&received, "sec-websocket-extensions"), Some(&*offers));
        let response = head(&mut client).await;
        assert_eq!(value(&response, "sec-websocket-extensions"), Some(expected), "{answer}");
    }
}

#[tokio::test]
async fn answer_to_no_offer_is_a_bad_gateway() {
    for answer in
        ["permessage-deflate; unknown", "permessage-deflate, x", "x", "permessage-deflate"]
    {
        let (listener, settings) = backend().await;
        let mut client = proxy(with(settings, [true, true, true])).await.client().await;
        client.write_all(request("").as_bytes()).await.unwrap();
        let lines = format!("Sec-WebSocket-Extensions: {answer}\r\n");
        let _server = accept(&listener, &lines).await;
        assert!(head(&mut client).await.starts_with("HTTP/1.1 502 "), "{answer}");
    }
}

/// A client that is answered by the proxy, and a backend without compression.
async fn open(settings: Settings) -> (tokio::net::TcpStream, tokio::net::TcpStream) {
    let (listener, own) = backend().await;
    let settings = Settings { backend: own.backend, ..settings };
    let mut client = proxy(with(settings, [true, true, false])).await.client().await;
    let lines = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    client.write_all(request(lines).as_bytes()).await.unwrap();
    let (server, _) = accept(&listener, "").await;
    head(&mut client).await;
    (client, server)
}

/// A masked frame of a compressed message, with the key 0.
fn compressed(message: &[u8]) -> Vec<u8> {
    let window = Window::new(15, true).unwrap();
    let mut payload = bytes::BytesMut::new();
    Compressor::new(&Deflate::speed(), &Agreed::new(window, window)).compress(
        message,
        true,
        &mut payload,
    );
    let payload_len = payload.len() as u64;
    let (fin, rsv1, mask) = (true, true, Some([0; 4]));
    let header = Header { fin, rsv1, opcode: Opcode::Binary, mask, payload_len };
    [header.encode(&mut [0; Header::MAX_LEN]), &payload].concat()
}

#[tokio::test]
async fn message_that_inflates_to_more_than_the_limit_is_1009() {
    let (_, settings) = backend().await;
    let settings = Settings { max_inflated: 1 << 20, ..settings };
    let (mut client, mut server) = open(settings).await;
    client.write_all(&compressed(&vec![0; 32 << 20])).await.unwrap();
    let received = rest(&mut server).await;
    assert!(received.len() <= (1 << 20) + 2000, "{} bytes", received.len());
    drop(server);
    let mut close = [0; 4];
    client.read_exact(&mut close).await.unwrap();
    assert_eq!((close[0], &close[2..]), (0x88, &1009u16.to_be_bytes()[..]));
}

#[tokio::test]
async fn message_that_is_not_deflate_is_1007() {
    let (_, settings) = backend().await;
    let (mut client, mut server) = open(settings).await;
    client.write_all(b"\xc2\x81\0\0\0\0\xff").await.unwrap();
    assert_eq!(rest(&mut server).await, b"");
    drop(server);
    assert_eq!(rest(&mut client).await[2..4], 1007u16.to_be_bytes());
}

#[tokio::test]
async fn decompressed_message_arrives_whole_in_chunks() {
    let (_, settings) = backend().await;
    let settings = Settings { max_inflated: 1 << 40, ..settings };
    let (mut client, mut server) = open(settings).await;
    // 64 MiB in 64 KiB, which the proxy reads at once.
    client.write_all(&compressed(&vec![0; 64 << 20])).await.unwrap();
    client.write_all(b"\x88\x82\0\0\0\0\x03\xe8").await.unwrap();
    client.shutdown().await.unwrap();
    server.shutdown().await.unwrap();
    let mut total = 0;
    let mut bytes = rest(&mut server).await;
    let mut rest = &mut bytes[..];
    while let Some((header, size)) = Header::parse(rest).unwrap() {
        let len = header.payload_len as usize;
        assert!(len <= 16 * 1024, "a chunk of {len} bytes");
        total += if header.opcode == Opcode::Close { 0 } else { len };
        rest = &mut rest[size + len..];
    }
    assert_eq!(total, 64 << 20);
    assert_eq!(rest, b"");
}
