//! A WebSocket on a stream of HTTP/2: frames, ends and flow control, RFC 8441 §5.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::time::Duration;

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream};
use http::Response;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use sansocket::h2::Client;
use sansocket::hyper::Options;
use sansocket::{ClientRequest, CloseCode, Error, Message};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::h2_server::{self, builder, open};
use crate::serve::{self, echo, sockets};

/// Receives so many bytes, and lets the client send as many again.
async fn receive(receiver: &mut RecvStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![];
    while bytes.len() < count {
        let data = receiver.data().await.unwrap().unwrap();
        receiver.flow_control().release_capacity(data.len()).unwrap();
        bytes.extend_from_slice(&data);
    }
    bytes
}

/// Receives until END_STREAM.
async fn receive_to_end(receiver: &mut RecvStream) -> Vec<u8> {
    let mut bytes = vec![];
    while let Some(data) = receiver.data().await {
        bytes.extend_from_slice(&data.unwrap());
    }
    bytes
}

fn send(sender: &mut SendStream<Bytes>, frame: &'static [u8]) {
    sender.send_data(Bytes::from_static(frame), false).unwrap();
}

#[tokio::test]
async fn header_and_payload_leave_in_one_data_frame() {
    let (client, mut requests) = h2_server::client(builder()).await;
    let (mut socket, _sender, mut receiver) = open(&client, &mut requests).await;
    for (len, header) in [(0, 6), (125, 6), (1000, 8), (16_000, 8)] {
        socket.send(Message::from(vec![b'x'; len])).await.unwrap();
        let data = receiver.data().await.unwrap().unwrap();
        receiver.flow_control().release_capacity(data.len()).unwrap();
        assert_eq!(data.len(), header + len);
    }
}

#[tokio::test]
async fn end_stream_is_the_end_and_rst_stream_a_reset() {
    let (client, mut requests) = h2_server::client(builder()).await;
    // END_STREAM of the server without a Close frame.
    let (mut socket, mut sender, mut receiver) = open(&client, &mut requests).await;
    sender.send_data(Bytes::from_static(b"\x81\x02ok"), true).unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some("ok".into()));
    assert!(matches!(socket.recv().await.unwrap_err(), Error::ConnectionLost));
    // The client's END_STREAM.
    assert_eq!(receive_to_end(&mut receiver).await, b"");

    // With a Close frame.
    let (mut socket, mut sender, mut receiver) = open(&client, &mut requests).await;
    sender.send_data(Bytes::from_static(b"\x88\x02\x03\xe8"), true).unwrap();
    assert_eq!(socket.recv().await.unwrap(), None);
    socket.until_closed().await.unwrap();
    assert_eq!(receive_to_end(&mut receiver).await.len(), 8);

    // The Close frame of a client that does not wait for the end leaves before the reset.
    let (mut socket, mut sender, mut receiver) = open(&client, &mut requests).await;
    send(&mut sender, b"\x88\x02\x03\xe8");
    assert_eq!(socket.recv().await.unwrap(), None);
    drop(socket);
    assert_eq!(receive(&mut receiver, 8).await.len(), 8);
    let error = receiver.data().await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::CANCEL));

    // RST_STREAM of the server, whatever its code.
    for reason in [Reason::CANCEL, Reason::NO_ERROR, Reason::INTERNAL_ERROR] {
        let (mut socket, mut sender, _receiver) = open(&client, &mut requests).await;
        send(&mut sender, b"\x81\x02ok");
        assert_eq!(socket.recv().await.unwrap(), Some("ok".into()));
        sender.send_reset(reason);
        assert!(matches!(socket.recv().await.unwrap_err(), Error::ConnectionLost));

        let (socket, mut sender, _receiver) = open(&client, &mut requests).await;
        let mut stream = socket.into_parts().0.0;
        sender.send_reset(reason);
        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert!(stream.write_all(b"late").await.is_err());
        assert!(stream.shutdown().await.is_err());
    }

    // The client drops the connection.
    let (socket, mut sender, mut receiver) = open(&client, &mut requests).await;
    drop(socket);
    let reset = poll_fn(|cx| sender.poll_reset(cx)).await.unwrap();
    assert_eq!(reset, Reason::CANCEL);
    assert!(receiver.data().await.unwrap().is_err());

    // The client shuts its half down, twice, and still receives.
    let (socket, mut sender, mut receiver) = open(&client, &mut requests).await;
    let mut stream = socket.into_parts().0.0;
    stream.shutdown().await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(receive_to_end(&mut receiver).await, b"");
    send(&mut sender, b"rest");
    sender.send_data(Bytes::new(), true).unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "rest");
}

#[tokio::test]
async fn end_of_the_connection_ends_every_websocket_and_leaves_no_task() {
    {
        let (other, mut requests) = h2_server::client(builder()).await;
        let (mut first, _sender, _receiver) = open(&other, &mut requests).await;
        let (stream, mut requests) = h2_server::serve(builder());
        let (client, connection) = Client::handshake(stream).await.unwrap();
        let connection = tokio::spawn(connection);
        let (mut second, _sender, _receiver) = open(&client, &mut requests).await;
        let (third, _sender, _receiver) = open(&client, &mut requests).await;
        let mut third = third.into_parts().0.0;
        // What was not written is lost with it.
        third.write_all(b"unwritten").await.unwrap();
        drop(third);
        second.send("unwritten").await.unwrap();
        connection.abort();
        assert!(connection.await.unwrap_err().is_cancelled());
        assert!(matches!(second.recv().await.unwrap_err(), Error::ConnectionLost));
        // Another connection does not notice.
        first.send("still here").await.unwrap();
    }
    serve::until_no_task_is_left().await;
}

#[tokio::test]
async fn connection_ends_when_nobody_uses_it() {
    let (stream, mut requests) = h2_server::serve(builder());
    let (client, connection) = Client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let opened = open(&client, &mut requests).await;
    drop(client);
    drop(opened);
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn server_that_does_not_read_stalls_only_its_stream() {
    let mut builder = builder();
    builder.initial_window_size(64 * 1024).initial_connection_window_size(1 << 20);
    let (client, mut requests) = h2_server::client(builder).await;
    let (mut stalled, _stalled_sender, mut unread) = open(&client, &mut requests).await;
    let (mut other, mut sender, mut receiver) = open(&client, &mut requests).await;
    let message = Message::from(vec![b'x'; 500_000]);
    let sending = tokio::spawn(async move { stalled.send(message).await.map(|()| stalled) });
    // More than the windows of both together, one message after the other.
    for _ in 0..20 {
        let message = Message::from(vec![b'x'; 100_000]);
        let (sent, _) = tokio::join!(other.send(message), receive(&mut receiver, 100_014));
        sent.unwrap();
        send(&mut sender, b"\x81\x02ok");
        assert_eq!(other.recv().await.unwrap(), Some("ok".into()));
    }
    assert!(!sending.is_finished(), "it is more than the window");
    receive(&mut unread, 500_014).await;
    sending.await.unwrap().unwrap();
}

#[tokio::test]
async fn client_that_does_not_receive_stalls_only_its_stream() {
    let (client, mut requests) = h2_server::client(builder()).await;
    let (mut stalled, mut unread, _receiver) = open(&client, &mut requests).await;
    let (mut other, mut sender, mut receiver) = open(&client, &mut requests).await;
    // One message of 4 MiB, and the window of the stream is 512 KiB.
    unread.send_data(Bytes::from_static(b"\x82\x7f\0\0\0\0\0\x40\0\0"), false).unwrap();
    unread.send_data(Bytes::from(vec![b'x'; 4 << 20]), false).unwrap();
    for _ in 0..20 {
        other.send("ping").await.unwrap();
        receive(&mut receiver, 10).await;
        sender.send_data(Bytes::from_static(b"\x82\x7e\xff\xff"), false).unwrap();
        sender.send_data(Bytes::from(vec![b'y'; 0xffff]), false).unwrap();
        assert_eq!(other.recv().await.unwrap().unwrap().len(), 0xffff);
    }
    assert_eq!(stalled.recv().await.unwrap().unwrap().len(), 4 << 20);
}

/// Serves one connection by hyper, with this window for the connection.
fn serve_with_window(stream: DuplexStream, connection_window: u32) {
    tokio::spawn(async move {
        let service = service_fn(|mut request| async move {
            let Ok(upgrade) = Options::new().upgrade(&mut request) else { unreachable!() };
            let (response, on_upgrade) = upgrade.accept();
            let is_echo = request.uri().path() == "/ws";
            tokio::spawn(async move {
                let mut socket = on_upgrade.await.unwrap();
                if !is_echo {
                    return std::future::pending().await;
                }
                while let Ok(Some(message)) = socket.recv().await {
                    socket.send(message).await.unwrap();
                }
            });
            Ok::<Response<Full<Bytes>>, std::convert::Infallible>(response)
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        let mut http2 = builder.http2();
        http2.enable_connect_protocol().initial_connection_window_size(connection_window);
        let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
    });
}

/// The docs of `sansocket::hyper` say so.
#[tokio::test(start_paused = true)]
async fn handler_that_does_not_receive_stalls_others_unless_the_connection_has_a_larger_window() {
    for (window, stalls) in [(1 << 20, true), (8 << 20, false)] {
        let (near, far) = tokio::io::duplex(1 << 16);
        serve_with_window(far, window);
        let (client, connection) = Client::handshake(near).await.unwrap();
        tokio::spawn(connection);
        let unread = ClientRequest::new("ws://localhost:9001/unread").unwrap();
        let (mut unread, _) = client.connect(&unread).await.unwrap();
        let (mut other, _) = client.connect(&h2_server::request()).await.unwrap();
        let sending = unread.send(Message::from(vec![b'x'; 2 << 20]));
        let mut sending = std::pin::pin!(sending);
        // The clock stands still while there is work.
        let wait = Duration::from_secs(1);
        assert!(tokio::time::timeout(wait, &mut sending).await.is_err(), "it was read");
        let echoed = tokio::time::timeout(wait, async {
            other.send("hello").await.unwrap();
            other.recv().await.unwrap()
        });
        assert_eq!(echoed.await.is_err(), stalls, "with a window of {window} bytes");
    }
}

#[tokio::test]
async fn one_connection_carries_many_websockets_and_halves() {
    let (near, far) = sockets().await;
    serve::serve(far, echo);
    let (client, connection) = Client::handshake(near).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut tasks = vec![];
    for number in 0..20 {
        let client = client.clone();
        tasks.push(tokio::spawn(async move {
            let (mut socket, _) = client.connect(&h2_server::request()).await?;
            for len in [0, 1, 125, 126, 70_000, 300_000] {
                let message = format!("{number} {}", "x".repeat(len));
                socket.send(message.as_str()).await?;
                assert_eq!(socket.recv().await?, Some(message.into()));
            }
            let (sender, mut receiver) = socket.split();
            let sending = tokio::spawn(async move {
                for number in 0..100 {
                    sender.send(format!("{number}")).await?;
                }
                sender.close(CloseCode::NORMAL, "done").await
            });
            let mut count = 0;
            while let Some(message) = receiver.recv().await? {
                assert_eq!(message, format!("{count}").into());
                count += 1;
            }
            assert!(sending.await.unwrap()?.was_clean());
            Ok::<_, Error>(count)
        }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), 100);
    }
    drop(client);
    connection.await.unwrap().unwrap();
}
