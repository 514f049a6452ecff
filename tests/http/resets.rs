//! How a stream of HTTP/2 ends, through hyper: RFC 8441 §5 has END_STREAM for the end of a TCP
//! stream, and RST_STREAM for its reset.
//!
//! | the client | the server reads | and writes |
//! |---|---|---|
//! | END_STREAM | the end | on |
//! | RST_STREAM with CANCEL or NO_ERROR | the end, as hyper has it | an error |
//! | RST_STREAM with another code | an error | an error |
//! | leaves | an error | an error |

use std::convert::Infallible;
use std::future::poll_fn;
use std::io::{self, ErrorKind};

use bytes::Bytes;
use h2::ext::Protocol;
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use sansocket::h2::Client;
use sansocket::hyper::{Options, Stream, WebSocket};
use sansocket::{CloseCode, Error};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, yield_now};

use crate::serve::until_no_task_is_left;

/// A WebSocket of a server of hyper, and the client's handles of its stream.
struct Pair {
    server: WebSocket,
    sender: SendStream<Bytes>,
    receiver: RecvStream,
    connection: JoinHandle<()>,
}

async fn pair() -> Pair {
    let (near, far) = tokio::io::duplex(1 << 16);
    let (opened, mut upgrades) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let service = service_fn(move |mut request: Request<Incoming>| {
            let (response, on_upgrade) = Options::new().upgrade(&mut request).unwrap().accept();
            opened.send(on_upgrade).unwrap();
            async { Ok::<Response<Full<Bytes>>, Infallible>(response) }
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http2().enable_connect_protocol();
        // The client may end it in any way.
        let _ = builder.serve_connection_with_upgrades(TokioIo::new(far), service).await;
    });
    let (requests, mut connection) = h2::client::handshake(near).await.unwrap();
    // It waits for the server's SETTINGS.
    Client::new(requests.clone(), &mut connection).await.unwrap();
    let connection = tokio::spawn(async { connection.await.unwrap_or_default() });
    let request = Request::connect("http://localhost:9001/ws")
        .header("sec-websocket-version", "13")
        .extension(Protocol::from_static("websocket"))
        .body(())
        .unwrap();
    let (response, sender) = requests.ready().await.unwrap().send_request(request, false).unwrap();
    let receiver = response.await.unwrap().into_body();
    let server = upgrades.recv().await.unwrap().await.unwrap();
    Pair { server, sender, receiver, connection }
}

/// Ends the stream as a client.
type End = fn(&mut Pair);

fn end_stream(pair: &mut Pair) {
    pair.sender.send_data(Bytes::new(), true).unwrap();
}

fn leave(pair: &mut Pair) {
    pair.connection.abort();
}

/// The codes of RST_STREAM, and whether hyper reads them as the end.
const RESETS: [(Reason, bool); 6] = [
    (Reason::CANCEL, true),
    (Reason::NO_ERROR, true),
    (Reason::STREAM_CLOSED, false),
    (Reason::INTERNAL_ERROR, false),
    (Reason::PROTOCOL_ERROR, false),
    (Reason::REFUSED_STREAM, false),
];

/// What the server sends until END_STREAM, or the code of its RST_STREAM.
async fn to_end(receiver: &mut RecvStream) -> Result<Vec<u8>, Option<Reason>> {
    let mut bytes = vec![];
    while let Some(data) = receiver.data().await {
        bytes.extend_from_slice(&data.map_err(|error| error.reason())?);
    }
    Ok(bytes)
}

/// Reads to the end, and then writes until that fails.
async fn read_and_write(stream: &mut Stream) -> (Result<Vec<u8>, ErrorKind>, ErrorKind) {
    let mut bytes = vec![];
    let read = stream.read_to_end(&mut bytes).await.map(|_| bytes);
    (read.map_err(|error| error.kind()), fails(stream).await.kind())
}

/// The task of hyper may still take some bytes.
async fn fails(stream: &mut Stream) -> io::Error {
    for _ in 0..1000 {
        if let Err(error) = stream.write_all(b"more").await {
            return error;
        }
        yield_now().await;
    }
    panic!("it can still be written");
}

#[tokio::test]
async fn end_stream_ends_only_what_is_read() {
    let mut pair = pair().await;
    pair.sender.send_data(Bytes::from_static(b"last"), true).unwrap();
    let mut stream = pair.server.into_parts().0.0;
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, b"last");
    for _ in 0..100 {
        stream.write_all(b"more").await.unwrap();
        stream.flush().await.unwrap();
        assert_eq!(pair.receiver.data().await.unwrap().unwrap(), "more");
        pair.receiver.flow_control().release_capacity(4).unwrap();
    }
    stream.shutdown().await.unwrap();
    assert_eq!(to_end(&mut pair.receiver).await, Ok(vec![]));
}

#[tokio::test]
async fn rst_stream_fails_what_is_written_and_by_its_code_what_is_read() {
    for (reason, is_end) in RESETS {
        let mut pair = pair().await;
        pair.sender.send_data(Bytes::from_static(b"last"), false).unwrap();
        pair.sender.send_reset(reason);
        let mut stream = pair.server.into_parts().0.0;
        let (found, written) = read_and_write(&mut stream).await;
        assert_eq!(found.err(), (!is_end).then_some(ErrorKind::ConnectionReset), "{reason:?}");
        assert_eq!(written, ErrorKind::ConnectionReset, "{reason:?}");
    }
}

#[tokio::test]
async fn client_that_leaves_fails_both() {
    let mut pair = pair().await;
    leave(&mut pair);
    let mut stream = pair.server.into_parts().0.0;
    let (found, written) = read_and_write(&mut stream).await;
    let is_disconnect = |kind| matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
    assert!(is_disconnect(found.clone().unwrap_err()), "{found:?}");
    assert!(is_disconnect(written), "{written:?}");
}

#[tokio::test]
async fn every_end_without_a_close_frame_is_a_lost_connection() {
    let mut ends: Vec<(String, End)> =
        vec![("END_STREAM".into(), end_stream), ("the client leaves".into(), leave)];
    ends.push(("CANCEL".into(), |pair| pair.sender.send_reset(Reason::CANCEL)));
    ends.push(("INTERNAL_ERROR".into(), |pair| pair.sender.send_reset(Reason::INTERNAL_ERROR)));
    for (name, end) in ends {
        let mut pair = pair().await;
        end(&mut pair);
        let error = pair.server.recv().await.unwrap_err();
        assert!(matches!(error, Error::ConnectionLost), "{name}: {error:?}");
    }
    until_no_task_is_left().await;
}

#[tokio::test]
async fn handler_that_only_sends_finds_a_reset() {
    for (reason, _) in RESETS {
        let mut pair = pair().await;
        pair.sender.send_reset(reason);
        let error = loop {
            if let Err(error) = pair.server.send("tick").await {
                break error;
            }
            yield_now().await;
        };
        assert!(matches!(error, Error::ConnectionLost), "{reason:?}: {error:?}");
    }
}

#[tokio::test]
async fn close_frame_before_the_end_or_a_reset_is_received() {
    let ends: [End; 2] = [end_stream, |pair| pair.sender.send_reset(Reason::CANCEL)];
    for end in ends {
        let mut pair = pair().await;
        let close = Bytes::from_static(b"\x88\x82\0\0\0\0\x03\xe9");
        pair.sender.send_data(close, false).unwrap();
        // As a browser does after the answer.
        let answered = async {
            let answer = pair.receiver.data().await.unwrap().unwrap();
            assert_eq!(answer, b"\x88\x02\x03\xe9"[..]);
        };
        let (received, ()) = tokio::join!(pair.server.recv(), answered);
        assert_eq!(received.unwrap(), None);
        end(&mut pair);
        pair.server.until_closed().await.unwrap();
        assert!(pair.server.closed().unwrap().was_clean());
    }
}

#[tokio::test]
async fn server_that_drops_or_aborts_a_connection_ends_it_with_end_stream() {
    let ends: [fn(WebSocket); 2] = [drop, |socket| socket.abort()];
    for end in ends {
        let Pair { server, mut sender, mut receiver, .. } = pair().await;
        end(server);
        assert_eq!(to_end(&mut receiver).await, Ok(vec![]));
        // The rest of what the client sends is not wanted.
        let reset = poll_fn(|cx| sender.poll_reset(cx)).await.unwrap();
        assert_eq!(reset, Reason::NO_ERROR);
    }
    // After a closing handshake there is no reset.
    let Pair { mut server, mut sender, mut receiver, .. } = pair().await;
    let closing = async {
        assert_eq!(receiver.data().await.unwrap().unwrap(), b"\x88\x02\x03\xe8"[..]);
        sender.send_data(Bytes::from_static(b"\x88\x82\0\0\0\0\x03\xe8"), true).unwrap();
        to_end(&mut receiver).await
    };
    let (closed, end) = tokio::join!(server.close(CloseCode::NORMAL, ""), closing);
    assert!(closed.unwrap().was_clean());
    assert_eq!(end, Ok(vec![]));
}
