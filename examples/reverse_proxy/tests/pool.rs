//! The connections of HTTP/2 to the backend, which WebSockets share.

use bytes::Bytes;
use h2::server::Builder;
use h2::{Reason, RecvStream, SendStream};
use sansocket_reverse_proxy::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::raw_http2::{Backend, accept, builder, listen, read};
use crate::run::{Proxy, SOON, head, proxy};

/// The streams of a WebSocket: the client's, and both directions of the backend's.
type Streams = (TcpStream, (SendStream<Bytes>, RecvStream));

/// Opens a WebSocket on a connection that the backend has already.
async fn open(proxy: &Proxy, backend: &mut Backend) -> Streams {
    let mut client = proxy.handshake().await;
    let streams = accept(backend.request().await);
    assert!(head(&mut client).await.starts_with("HTTP/1.1 101 "));
    (client, streams)
}

/// Opens a WebSocket on a new connection, which the backend accepts with this builder.
async fn open_first(proxy: &Proxy, listener: &TcpListener, builder: Builder) -> (Backend, Streams) {
    let mut client = proxy.handshake().await;
    let mut backend = Backend::accept(listener, builder).await;
    let streams = accept(backend.request().await);
    assert!(head(&mut client).await.starts_with("HTTP/1.1 101 "));
    (backend, (client, streams))
}

#[tokio::test]
async fn websockets_share_a_connection_up_to_its_room() {
    let (listener, settings) = listen().await;
    let proxy = proxy(settings).await;
    let mut opened = vec![];
    let (mut backend, (first, (_sender, mut receiver))) =
        open_first(&proxy, &listener, builder()).await;
    for _ in 1..32 {
        opened.push(open(&proxy, &mut backend).await);
    }
    // The 33rd has a connection of its own.
    let (mut second, _last) = open_first(&proxy, &listener, builder()).await;
    // One that ends leaves room.
    first.set_zero_linger().unwrap();
    drop(first);
    receiver.data().await.unwrap().unwrap_err();
    loop {
        let mut client = proxy.handshake().await;
        let (is_on_first, received) = tokio::select! {
            received = backend.request() => (true, received),
            received = second.request() => (false, received),
        };
        let streams = accept(received);
        head(&mut client).await;
        opened.push((client, streams));
        if is_on_first {
            return;
        }
    }
}

#[tokio::test]
async fn backend_that_allows_few_streams_gets_more_connections() {
    let (listener, settings) = listen().await;
    let proxy = proxy(settings).await;
    let mut builder = builder();
    builder.max_concurrent_streams(1);
    let mut opened = vec![];
    for _ in 0..3 {
        opened.push(open_first(&proxy, &listener, builder.clone()).await);
    }
}

#[tokio::test]
async fn connection_that_has_ended_is_replaced() {
    let (listener, settings) = listen().await;
    let proxy = proxy(settings).await;
    for _ in 0..3 {
        let (backend, (mut client, streams)) = open_first(&proxy, &listener, builder()).await;
        backend.abort().await;
        drop(streams);
        // The proxy has seen it.
        let _ = client.read_to_end(&mut vec![]).await;
    }
}

#[tokio::test]
async fn stream_that_the_backend_has_not_processed_is_opened_again() {
    let (listener, settings) = listen().await;
    let proxy = proxy(settings).await;
    let (mut backend, _first) = open_first(&proxy, &listener, builder()).await;
    let mut second = proxy.handshake().await;
    let (_, mut respond) = backend.request().await;
    respond.send_reset(Reason::REFUSED_STREAM);
    let mut other = Backend::accept(&listener, builder()).await;
    let _streams = accept(other.request().await);
    assert!(head(&mut second).await.starts_with("HTTP/1.1 101 "));
}

#[tokio::test]
async fn stream_that_is_reset_for_another_reason_is_a_bad_gateway() {
    let (listener, settings) = listen().await;
    let proxy = proxy(settings).await;
    let (mut backend, _first) = open_first(&proxy, &listener, builder()).await;
    let mut second = proxy.handshake().await;
    let (_, mut respond) = backend.request().await;
    respond.send_reset(Reason::INTERNAL_ERROR);
    assert!(head(&mut second).await.starts_with("HTTP/1.1 502 "));
}

#[tokio::test]
async fn connection_that_does_not_answer_is_not_used_again() {
    let (listener, settings) = listen().await;
    let proxy = proxy(Settings { handshake: SOON, ..settings }).await;
    let (mut backend, (mut first, (mut sender, _receiver))) =
        open_first(&proxy, &listener, builder()).await;
    let mut second = proxy.handshake().await;
    let unanswered = backend.request().await;
    assert!(head(&mut second).await.starts_with("HTTP/1.1 504 "));
    let mut third = proxy.handshake().await;
    let mut other = Backend::accept(&listener, builder()).await;
    let _streams = accept(other.request().await);
    assert!(head(&mut third).await.starts_with("HTTP/1.1 101 "));
    // The WebSocket on the first one goes on.
    sender.send_data(Bytes::from_static(b"\x81\x01x"), false).unwrap();
    first.read_exact(&mut [0; 3]).await.unwrap();
    drop(unanswered);
}

#[tokio::test]
async fn client_that_does_not_read_stalls_no_other_on_the_connection() {
    let (listener, settings) = listen().await;
    let proxy = proxy(settings).await;
    let mut clients = vec![];
    let (mut backend, (mut first, (mut to_first, mut from_first))) =
        open_first(&proxy, &listener, builder()).await;
    // All others get more than buffers of the kernel hold, and do not read it.
    for _ in 1..32 {
        let (client, (mut sender, receiver)) = open(&proxy, &mut backend).await;
        let mut frame = b"\x82\x7f\0\0\0\0\x01\0\0\0".to_vec();
        frame.resize(10 + (16 << 20), 7);
        sender.send_data(Bytes::from(frame), false).unwrap();
        clients.push((client, sender, receiver));
    }
    for len in [70_000, 1 << 20, 8 << 20] {
        let header = [&b"\x82\x7f"[..], &(len as u64).to_be_bytes()].concat();
        let frame = [header, vec![7; len]].concat();
        let total = frame.len();
        to_first.send_data(Bytes::from(frame), false).unwrap();
        first.read_exact(&mut vec![0; total]).await.unwrap();
        first.write_all(b"\x89\x80\0\0\0\0").await.unwrap();
        read(&mut from_first, 6).await;
    }
}
