//! The same calls have the same results on a plain socket, over a route of HTTP/1.1, and over
//! HTTP/2: RFC 8441 §5.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::any;
use sansocket::axum::WebSocketUpgrade;
use sansocket::deflate::Deflate;
use sansocket::runtime::{Clock, Stream, WebSocket};
use sansocket::tokio::{Options, TokioStream, WebSocket as Socket};
use sansocket::{AcceptOptions, ClientRequest, CloseCode, Closed, Config, Event, Kind, Message};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// What the server saw, and when it has ended.
type Log = Arc<Mutex<(Vec<String>, Option<oneshot::Sender<()>>)>>;

#[derive(Clone, Copy, Debug)]
enum Call {
    /// Sends a text, and receives an answer.
    Echo(&'static str),
    /// Sends so many bytes in a binary message, and receives an answer.
    Binary(usize),
    /// Sends a message in fragments, and receives an answer in fragments.
    Fragments,
    Ping,
    Close(u16, &'static str),
    /// Sends a text, and receives to the end.
    ToEnd(&'static str),
    /// Writes these bytes, and reads the stream to its end.
    Raw(&'static [u8]),
}
use Call::{Binary, Close, Echo, Fragments, Ping, Raw, ToEnd};

const SCRIPTS: [&[Call]; 10] = [
    &[Echo("text"), Echo(""), Echo("ä€😀"), Close(1000, "")],
    &[Binary(0), Binary(125), Binary(126), Binary(65_536), Binary(1 << 20), Close(1000, "")],
    &[Fragments, Echo("after"), Close(1000, "")],
    &[Ping, Echo("after"), Ping, Close(4001, "bye ä")],
    // The server closes.
    &[Echo("before"), ToEnd("close")],
    // The server drops the connection.
    &[ToEnd("drop")],
    // The server sends a frame with a reserved bit.
    &[ToEnd("violate")],
    // A frame that is not masked, one that is too big, and text that is not UTF-8.
    &[Echo("before"), Raw(b"\x81\x02hi")],
    &[Raw(b"\x82\xff\0\0\0\0\0\x30\0\0\0\0\0\0")],
    &[Raw(b"\x81\x81\0\0\0\0\xff")],
];

fn result<T: Debug, E: Debug>(result: Result<T, E>) -> String {
    format!("{result:?}")
}

/// How a connection has ended.
fn end(closed: Option<&Closed>) -> String {
    closed.map_or("open".into(), |it| {
        format!("{:?} {} {:?} {:?}", it.outcome(), it.code(), it.reason(), it.initiator())
    })
}

/// A message, short enough to be shown.
fn message(message: &Message) -> String {
    let bytes = message.as_bytes();
    let hash = bytes.iter().fold(0_u32, |hash, &byte| hash.wrapping_mul(31) + u32::from(byte));
    match message {
        Message::Text(text) => format!("text {:?}", text.as_str()),
        Message::Binary(_) => format!("{} bytes {hash:x}", bytes.len()),
    }
}

/// Answers, as the messages say; notes what it sees.
async fn serve<S, C>(mut socket: WebSocket<TokioStream<S>, C>, log: Log)
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Clock,
    TokioStream<S>: Stream,
{
    let note = |text: String| log.lock().unwrap().0.push(text);
    note(format!("{:?} {}", socket.subprotocol(), socket.deflate().is_some()));
    loop {
        let received = match socket.recv_event().await {
            Ok(Some(Event::Message(received))) => received,
            Ok(Some(event)) => {
                note(format!("{event:?}"));
                continue;
            }
            Ok(None) => break note(end(socket.closed())),
            Err(error) => break note(format!("{error:?} {}", end(socket.closed()))),
        };
        note(message(&received));
        match received.as_text() {
            Some("close") => {
                let code = CloseCode::new(4002).unwrap();
                note(result(socket.close(code, "as you say").await.map(|it| end(Some(&it)))));
                break;
            }
            Some("drop") => break,
            Some("violate") => {
                let mut stream = socket.into_parts().0.0;
                stream.write_all(b"\xf1\x00").await.unwrap();
                let mut answer = vec![];
                let _ = stream.read_to_end(&mut answer).await;
                note(format!("{:x?}", &answer[..2]));
                break;
            }
            Some("fragments") => {
                let mut writer = socket.writer(Kind::Text).await.unwrap();
                for part in ["frag", "", "ments \u{e4}"] {
                    writer.write_chunk(part).await.unwrap();
                }
                writer.finish().await.unwrap();
            }
            _ => socket.send(received).await.unwrap(),
        }
    }
    let ended = log.lock().unwrap().1.take();
    let _ = ended.map(|ended| ended.send(()));
}

/// Makes the calls, and notes their results.
async fn perform<S>(script: &[Call], mut socket: Socket<S>) -> Vec<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut results = vec![format!("{:?} {}", socket.subprotocol(), socket.deflate().is_some())];
    for call in script {
        let answer = match *call {
            Echo(text) => {
                socket.send(text).await.unwrap();
                socket.recv().await.map(|it| it.as_ref().map(message))
            }
            Binary(len) => {
                let bytes: Vec<_> = (0..len).map(|at| (at % 251) as u8).collect();
                socket.send(bytes).await.unwrap();
                socket.recv().await.map(|it| it.as_ref().map(message))
            }
            Fragments => {
                let mut writer = socket.writer(Kind::Text).await.unwrap();
                for part in ["frag", "ments"] {
                    writer.write_chunk(part).await.unwrap();
                }
                writer.finish().await.unwrap();
                socket.recv().await.map(|it| it.as_ref().map(message))
            }
            Ping => {
                results.push(result(socket.ping().await.map(drop)));
                continue;
            }
            Close(code, reason) => {
                let code = CloseCode::new(code).unwrap();
                results.push(result(socket.close(code, reason).await.map(|it| end(Some(&it)))));
                continue;
            }
            ToEnd(text) => {
                socket.send(text).await.unwrap();
                let received = socket.recv().await.map(|it| it.as_ref().map(message));
                results.push(end(socket.closed()));
                received
            }
            Raw(bytes) => {
                let mut stream = socket.into_parts().0.0;
                stream.write_all(bytes).await.unwrap();
                let mut answer = vec![];
                results.push(result(stream.read_to_end(&mut answer).await));
                let code =
                    answer.get(2..4).map_or(0, |it| u16::from(it[0]) << 8 | u16::from(it[1]));
                results.push(format!("Close {code}: {answer:x?}"));
                return results;
            }
        };
        results.push(result(answer));
    }
    results
}

fn request(address: &str) -> ClientRequest {
    let request = ClientRequest::new(&format!("ws://{address}/ws")).unwrap();
    request.subprotocol("other").unwrap().subprotocol("chat").unwrap()
}

fn options(deflate: bool) -> Options {
    let config = Config::new().max_message_size(2 << 20);
    Options::new().config(if deflate { config.deflate(Deflate::new()) } else { config })
}

/// A log, and what is ready when the server has ended.
fn log() -> (Log, oneshot::Receiver<()>) {
    let (ended, end) = oneshot::channel();
    (Arc::new(Mutex::new((vec![], Some(ended)))), end)
}

/// What the client and the server have noted.
type Noted = (Vec<String>, Vec<String>);

async fn over_a_socket(script: &[Call], deflate: bool) -> Noted {
    let (near, far) = crate::serve::sockets().await;
    let (log, end) = log();
    let server = log.clone();
    tokio::spawn(async move {
        let accept = AcceptOptions::new().subprotocol("chat").unwrap();
        let socket = options(deflate).accept_if(far, |_| Ok(accept)).await.unwrap();
        serve(socket, server).await;
    });
    let request = request("localhost:9001");
    let opened = options(deflate).connect_with_stream(near, &request).await;
    let results = perform(script, opened.unwrap().0).await;
    end.await.unwrap();
    let seen = std::mem::take(&mut log.lock().unwrap().0);
    (results, seen)
}

/// The route of both versions of HTTP.
async fn route(State((log, deflate)): State<(Log, bool)>, ws: WebSocketUpgrade) -> Response {
    let config = Config::new().max_message_size(2 << 20);
    let config = if deflate { config.deflate(Deflate::new()) } else { config };
    let (response, on_upgrade, _) = ws.config(config).protocols(["chat"]).accept().unwrap();
    tokio::spawn(async move { serve(on_upgrade.await.unwrap(), log).await });
    response
}

async fn over_http(script: &[Call], deflate: bool, is_http_2: bool) -> Noted {
    let (log, end) = log();
    let app = Router::new().route("/ws", any(route)).with_state((log.clone(), deflate));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(axum::serve(listener, app).into_future());
    let stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let (options, request) = (options(deflate), request(&address));
    let results = if is_http_2 {
        let (client, connection) = sansocket::h2::Client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let (socket, response) = client.connect_with(&options, &request).await.unwrap();
        assert_eq!(response.status(), 200);
        perform(script, socket).await
    } else {
        let (socket, response) = options.connect_with_stream(stream, &request).await.unwrap();
        assert_eq!(response.status(), 101);
        perform(script, socket).await
    };
    end.await.unwrap();
    let seen = std::mem::take(&mut log.lock().unwrap().0);
    (results, seen)
}

#[tokio::test]
async fn calls_have_equal_results_over_a_socket_http_1_1_and_http_2() {
    for script in SCRIPTS {
        for deflate in [false, true] {
            let expected = over_a_socket(script, deflate).await;
            for is_http_2 in [false, true] {
                let found = over_http(script, deflate, is_http_2).await;
                assert_eq!(found, expected, "{script:?}, HTTP/2: {is_http_2}, {deflate}");
            }
        }
    }
}

#[tokio::test]
async fn transcript_says_what_was_sent_and_why_it_ended() {
    let seen = |script, deflate| async move {
        let (client, server) = over_http(script, deflate, true).await;
        format!("{client:?} {server:?}")
    };
    let echo = seen(SCRIPTS[0], true).await;
    assert!(echo.contains("chat") && echo.contains("true") && echo.contains("😀"), "{echo}");
    assert!(seen(SCRIPTS[2], false).await.contains("fragments ä"), "no fragments");
    assert!(seen(SCRIPTS[3], false).await.contains("4001"), "no code of the client's");
    assert!(seen(SCRIPTS[4], false).await.contains("as you say"), "no reason of the server's");
    assert!(seen(SCRIPTS[5], false).await.contains("ConnectionLost"), "no lost connection");
    assert!(seen(SCRIPTS[7], false).await.contains("Close 1002: [88"), "no 1002");
    assert!(seen(SCRIPTS[8], false).await.contains("Close 1009: [88"), "no 1009");
    assert!(seen(SCRIPTS[9], false).await.contains("Close 1007: [88"), "no 1007");
}
