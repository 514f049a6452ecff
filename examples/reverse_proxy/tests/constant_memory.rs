//! Memory of the program while a large message passes.
//!
//! The bound is 2 MiB beyond the buffers of the kernel's sockets: a buffer of 64 KiB for each
//! thread, what waits in each direction, and the allocator's fragments. It is what the program has
//! of memory of its own (`RssAnon`), which the sockets' buffers are no part of.

#![cfg(target_os = "linux")]

use std::fs;

use http::Version;
use sansocket::deflate::Deflate;
use sansocket::tokio::WebSocket;
use sansocket::{CloseCode, Config};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::echo::{Bytestream, Tls, connect, serve};
use crate::program::Running;
use crate::run::{accept, backend, head, request};

/// The bound, in KiB.
const BOUND: u64 = 2048;

impl Running {
    /// Memory that is resident and belongs to no file, in KiB.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }
}

/// Sends one message of so many bytes from a client to the backend, which sends it back.
async fn echo(client: &mut TcpStream, server: &mut TcpStream, size: u64) {
    let header = |mask: u8| [&[0x82, 127 | mask][..], &size.to_be_bytes()].concat();
    let block = vec![0x55; 1 << 20];
    let (mut client, mut to_client) = client.split();
    let (mut server, mut to_server) = server.split();
    let send_up = async {
        to_client.write_all(&[&header(0x80)[..], &[1, 2, 3, 4]].concat()).await.unwrap();
        for _ in 0..size >> 20 {
            to_client.write_all(&block).await.unwrap();
        }
    };
    let send_back = async {
        let mut header = [0; 14];
        server.read_exact(&mut header).await.unwrap();
        assert_eq!(header[1], 0xFF);
        to_server.write_all(&[&[0x82, 127][..], &size.to_be_bytes()].concat()).await.unwrap();
        let copied = tokio::io::copy(&mut server.take(size), &mut to_server).await.unwrap();
        assert_eq!(copied, size);
    };
    let receive = async {
        client.read_exact(&mut [0; 10]).await.unwrap();
        let mut sink = tokio::io::sink();
        assert_eq!(tokio::io::copy(&mut client.take(size), &mut sink).await.unwrap(), size);
    };
    tokio::join!(send_up, send_back, receive);
}

/// The memory in KiB that a message of so many bytes adds.
async fn growth(size: u64) -> u64 {
    let (listener, settings) = backend().await;
    let url = format!("ws://{}:{}", settings.backend.host(), settings.backend.port());
    let running = Running::start(&["--backend", &url]);
    let mut client = TcpStream::connect(running.address).await.unwrap();
    client.write_all(request("").as_bytes()).await.unwrap();
    let (mut server, _) = accept(&listener, "").await;
    head(&mut client).await;
    // Every thread has its buffer, and the allocator its arenas.
    echo(&mut client, &mut server, 4 << 20).await;
    let before = running.memory();
    echo(&mut client, &mut server, size).await;
    running.memory().saturating_sub(before)
}

#[tokio::test]
async fn message_of_64_mebibytes_passes_in_2_mebibytes() {
    let growth = growth(64 << 20).await;
    assert!(growth <= BOUND, "{growth} KiB");
}

#[tokio::test]
#[ignore = "takes a while without optimisation"]
async fn gibibyte_passes_in_2_mebibytes() {
    let growth = growth(1 << 30).await;
    println!("{growth} KiB more, of {BOUND}");
    assert!(growth <= BOUND, "{growth} KiB");
}

/// Sends one message of so many bytes, and receives it again.
async fn exchange(socket: &mut WebSocket<Box<dyn Bytestream>>, size: usize) {
    let message = "0123456789abcdef".repeat(size / 16);
    socket.send(message.as_str()).await.unwrap();
    let received = socket.recv().await.unwrap().unwrap();
    assert!(received.as_text() == Some(&message));
}

/// Checks the memory that 32 MiB each way add, between ends of the library.
async fn check(version: Version, configs: [Config; 2], tls: bool, arguments: &[&str]) {
    let [client, backend] = configs.map(|config| config.max_message_size(64 << 20));
    let tls = tls.then(|| Tls::new("memory"));
    let (address, mut seen) = serve(backend, tls.as_ref().map(|tls| tls.server.clone())).await;
    let scheme = if tls.is_some() { "wss" } else { "ws" };
    let url = format!("{scheme}://{address}");
    let ca = tls.as_ref().map(|tls| tls.file().to_str().unwrap().to_owned());
    let ca = ca.iter().flat_map(|ca| ["--ca", ca]);
    let arguments = ["--backend", &url].into_iter().chain(ca).chain(arguments.iter().copied());
    let running = Running::start(&arguments.collect::<Vec<_>>());
    let mut socket = connect(running.address, version, client, None).await;
    exchange(&mut socket, 4 << 20).await;
    let before = running.memory();
    exchange(&mut socket, 32 << 20).await;
    let growth = running.memory().saturating_sub(before);
    assert!(growth <= BOUND, "{version:?}, {url}: {growth} KiB");
    assert!(socket.close(CloseCode::NORMAL, "").await.unwrap().was_clean());
    assert_eq!(seen.recv().await.unwrap().code, 1000);
}

#[tokio::test]
async fn messages_over_http_2_pass_in_2_mebibytes() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        check(version, [Config::new(), Config::new()], false, &["--backend-http2"]).await;
    }
    check(Version::HTTP_2, [Config::new(), Config::new()], false, &[]).await;
}

#[tokio::test]
async fn messages_over_tls_and_http_2_pass_in_2_mebibytes() {
    let plain = || [Config::new(), Config::new()];
    check(Version::HTTP_11, plain(), true, &[]).await;
    check(Version::HTTP_2, plain(), true, &["--backend-http2"]).await;
}

#[tokio::test]
async fn messages_that_are_compressed_anew_pass_in_2_mebibytes() {
    let compressed = || Config::new().deflate(Deflate::new());
    let more = ["--max-inflated", "1000000000", "--compress"];
    let client = [more[0], more[1], more[2], "client"];
    check(Version::HTTP_11, [compressed(), Config::new()], false, &client).await;
    let both = [more[0], more[1], "--no-compression", more[2], "both"];
    check(Version::HTTP_11, [compressed(), compressed()], false, &both).await;
}
