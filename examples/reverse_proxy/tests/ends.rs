//! The ends of connections that no Close frame of the peers explains.

use std::io::ErrorKind;
use std::time::Duration;

use sansocket_reverse_proxy::{Groups, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::run::{backend, open, proxy, proxy_on, rest};

/// Whether the stream ends with a reset.
async fn is_reset(stream: &mut TcpStream) -> bool {
    let end = stream.read_to_end(&mut vec![]).await;
    end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
}

#[tokio::test]
async fn reset_of_a_side_resets_the_other() {
    let (listener, settings) = backend().await;
    let (client, mut server) = open(settings.clone(), &listener).await;
    client.set_zero_linger().unwrap();
    drop(client);
    assert!(is_reset(&mut server).await);

    let (mut client, server) = open(settings, &listener).await;
    server.set_zero_linger().unwrap();
    drop(server);
    assert!(is_reset(&mut client).await);
}

#[tokio::test]
async fn reset_that_a_write_finds_resets_the_other_side() {
    for _ in 0..20 {
        let (listener, settings) = backend().await;
        let (client, mut server) = open(settings, &listener).await;
        let (mut from_proxy, mut to_proxy) = client.into_split();
        let sending = tokio::spawn(async move {
            let header = b"\x82\xff\0\0\0\0\x40\0\0\0\0\0\0\0";
            to_proxy.write_all(header).await.unwrap();
            while to_proxy.write_all(&[0; 100_000]).await.is_ok() {}
            to_proxy
        });
        server.read_exact(&mut [0; 300_000]).await.unwrap();
        server.set_zero_linger().unwrap();
        drop(server);
        let end = from_proxy.read_to_end(&mut vec![]).await;
        let reset = end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset);
        // The sender may have had the error first.
        assert!(reset || sending.is_finished(), "the end of the stream");
        sending.await.unwrap();
    }
}

#[tokio::test]
async fn reset_after_the_close_frame_is_an_end() {
    let (listener, settings) = backend().await;
    let (mut client, mut server) = open(settings, &listener).await;
    client.write_all(b"\x88\x82\0\0\0\0\x03\xe8").await.unwrap();
    server.read_exact(&mut [0; 8]).await.unwrap();
    client.set_zero_linger().unwrap();
    drop(client);
    assert_eq!(rest(&mut server).await, b"");
}

#[tokio::test]
async fn end_of_a_stream_passes_with_the_bytes_before_it_and_the_other_half_stays() {
    let (listener, settings) = backend().await;
    let (mut client, mut server) = open(settings, &listener).await;
    // Half a frame: it passes, too.
    server.write_all(b"\x82\x05ab").await.unwrap();
    server.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, b"\x82\x05ab");
    client.write_all(b"\x89\x80\0\0\0\0").await.unwrap();
    client.shutdown().await.unwrap();
    let received = rest(&mut server).await;
    assert_eq!((&received[..2], received.len()), (&b"\x89\x80"[..], 6));
}

#[tokio::test]
async fn violation_of_the_backend_is_1014_for_the_client() {
    let (listener, settings) = backend().await;
    let (mut client, mut server) = open(settings, &listener).await;
    server.write_all(b"\x81\x01x\x81\x81\0\0\0\0y").await.unwrap();
    let received = rest(&mut server).await;
    assert_eq!(received[..2], *b"\x88\x91", "a Close frame with a mask");
    let mut payload = received[6..].to_vec();
    sansocket::wire::apply_mask(received[2..6].try_into().unwrap(), 0, &mut payload);
    assert_eq!(payload, [&1002u16.to_be_bytes()[..], b"frame is masked"].concat());
    drop(server);
    client.shutdown().await.unwrap();
    let received = rest(&mut client).await;
    assert_eq!(received, [b"\x81\x01x\x88\x11\x03\xf6", &b"frame is masked"[..]].concat());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn shutdown_refuses_a_client_at_once() {
    let (listener, settings) = backend().await;
    // An address of its own: nobody else is given its port once that is free.
    let proxy = proxy_on("127.77.0.1:0", settings, Groups::default()).await;
    let address = proxy.address;
    let (mut client, _server) = proxy.open(&listener).await;
    tokio::spawn(proxy.stop());
    // Neither side answers its Close frame.
    client.read_exact(&mut [0; 4]).await.unwrap();
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn shutdown_closes_both_sides_with_1001_after_the_current_frame() {
    let (listener, settings) = backend().await;
    let proxy = proxy(settings).await;
    let (mut client, mut server) = proxy.open(&listener).await;
    // Half a frame is under way to the client.
    server.write_all(b"\x82\x04ab").await.unwrap();
    let mut half = [0; 4];
    client.read_exact(&mut half).await.unwrap();
    let stopping = tokio::spawn(proxy.stop());
    // The backend has its Close frame, and finishes its own.
    let mut close = [0; 8];
    server.read_exact(&mut close).await.unwrap();
    assert_eq!(close[..2], *b"\x88\x82");
    server.write_all(b"cd\x81\x01x\x88\x02\x03\xe9").await.unwrap();
    let mut close = [0; 6];
    client.read_exact(&mut close).await.unwrap();
    assert_eq!(&close, b"cd\x88\x02\x03\xe9", "nothing after the frame");
    client.write_all(b"\x88\x82\0\0\0\0\x03\xe9").await.unwrap();
    // Both sides see the end of the stream once they have answered.
    assert_eq!((rest(&mut server).await, rest(&mut client).await), (vec![], vec![]));
    drop((server, client));
    stopping.await.unwrap();
}

#[tokio::test]
async fn shutdown_after_the_clients_close_frame_sends_the_backend_no_second_one() {
    let (listener, settings) = backend().await;
    let proxy = proxy(settings).await;
    let (mut client, mut server) = proxy.open(&listener).await;
    client.write_all(b"\x88\x82\0\0\0\0\x03\xe8").await.unwrap();
    server.read_exact(&mut [0; 8]).await.unwrap();
    let stopping = tokio::spawn(proxy.stop());
    assert_eq!(rest(&mut client).await, b"\x88\x02\x03\xe9");
    drop(client);
    assert_eq!(rest(&mut server).await, b"");
    drop(server);
    stopping.await.unwrap();
}

#[tokio::test]
async fn connection_on_which_nothing_passes_is_closed_with_1001() {
    let (listener, settings) = backend().await;
    let settings = Settings { idle: Duration::from_millis(50), ..settings };
    let (mut client, mut server) = open(settings, &listener).await;
    let mut close = [0; 8];
    client.read_exact(&mut close).await.unwrap();
    assert_eq!(&close, b"\x88\x06\x03\xe9idle");
    server.read_exact(&mut close).await.unwrap();
    assert_eq!(close[..2], *b"\x88\x86");
}

#[tokio::test]
async fn frame_above_the_limit_is_1009() {
    let (listener, settings) = backend().await;
    let (mut client, mut server) = open(Settings { max_frame: 5, ..settings }, &listener).await;
    client.write_all(b"\x82\x86\0\0\0\0").await.unwrap();
    assert_eq!(rest(&mut server).await, b"", "no Close frame");
    drop(server);
    assert_eq!(rest(&mut client).await[2..4], 1009u16.to_be_bytes());
}

#[tokio::test]
async fn frame_of_the_backend_above_the_limit_is_1009_for_it_and_1014_for_the_client() {
    let (listener, settings) = backend().await;
    let (mut client, mut server) = open(Settings { max_frame: 5, ..settings }, &listener).await;
    server.write_all(b"\x82\x06").await.unwrap();
    let close = rest(&mut server).await;
    let code = [close[6] ^ close[2], close[7] ^ close[3]];
    assert_eq!((close[0], code), (0x88, 1009u16.to_be_bytes()));
    drop(server);
    client.shutdown().await.unwrap();
    let close = rest(&mut client).await;
    assert_eq!((close[0], &close[2..4]), (0x88, &1014u16.to_be_bytes()[..]));
}

#[tokio::test]
async fn close_frame_arrives_although_the_backend_stopped_reading() {
    let (listener, settings) = backend().await;
    let (mut client, mut server) = open(settings, &listener).await;
    // More than fits in buffers: the backend closes while the client sends.
    let sending = async {
        let header = b"\x82\xff\0\0\0\0\x40\0\0\0\0\0\0\0";
        client.write_all(header).await.unwrap();
        let block = vec![0; 1 << 20];
        while client.write_all(&block).await.is_ok() {}
    };
    let closing = async {
        server.read_exact(&mut [0; 1000]).await.unwrap();
        server.write_all(b"\x88\x02\x03\xf1").await.unwrap();
        drop(server);
    };
    tokio::join!(closing, async {
        // The writer never ends by itself while the proxy discards; it is given up at the Close.
        let _ = timeout(Duration::from_secs(1), sending).await;
    });
    let mut close = [0; 4];
    client.read_exact(&mut close).await.unwrap();
    assert_eq!(&close, b"\x88\x02\x03\xf1");
}

#[tokio::test]
async fn side_that_does_not_read_stalls_the_other() {
    const LIMIT: usize = 256 << 20;
    let (listener, settings) = backend().await;
    let (mut client, server) = open(settings, &listener).await;
    // Frames of 1 MiB, until nothing more is taken: buffers of the kernel hold a few of them.
    let frame = [b"\x82\x7f\0\0\0\0\0\x10\0\0", &*vec![7; 1 << 20]].concat();
    let (mut sent, mut at) = (0, 0);
    while sent < LIMIT {
        match server.try_write(&frame[at..]) {
            Ok(count) => (sent, at) = (sent + count, (at + count) % frame.len()),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                if timeout(Duration::from_millis(300), server.writable()).await.is_err() {
                    break;
                }
            }
        }
    }
    assert!(sent < LIMIT, "nothing stalls the sender");
    // All of it arrives once the client reads.
    drop(server);
    assert_eq!(rest(&mut client).await.len(), sent);
}

/// It takes the 5 s of the proxy.
#[tokio::test]
async fn violation_of_the_client_is_1002_although_the_backend_does_not_end() {
    let (listener, settings) = backend().await;
    let (mut client, mut server) = open(settings, &listener).await;
    client.write_all(b"\x83\x80\0\0\0\0").await.unwrap();
    assert_eq!(rest(&mut server).await, b"");
    server.write_all(b"\x81\x01x").await.unwrap();
    let received = rest(&mut client).await;
    assert_eq!(received[..4], *b"\x81\x01x\x88");
    assert_eq!(received[5..7], 1002u16.to_be_bytes());
}
