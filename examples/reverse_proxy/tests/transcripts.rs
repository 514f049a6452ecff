//! A client and a server see the same of each other with the proxy as without it.

use std::future::Future;

use sansocket::wire::Opcode;
use sansocket::{Config, Event};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::frames::frame;
use crate::run::{backend, head, proxy, request, rest, send};

const KEY: Option<[u8; 4]> = Some([0xA1, 0xB2, 0xC3, 0xD4]);

fn text(payload: &str) -> Vec<u8> {
    frame(true, Opcode::Text, KEY, payload.as_bytes())
}

fn close(payload: &[u8]) -> Vec<u8> {
    frame(true, Opcode::Close, KEY, payload)
}

/// Echoes messages, and logs what it sees. "close" and "drop" end the connection.
fn echo(listener: &std::net::TcpListener) -> JoinHandle<Vec<String>> {
    let listener = TcpListener::from_std(listener.try_clone().unwrap()).unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let options = sansocket::tokio::Options::new();
        let options = options.config(Config::new().max_message_size(100_000));
        let mut socket = options.accept(stream).await.unwrap();
        let mut log = vec![];
        loop {
            let event = socket.recv_event().await;
            log.push(format!("{event:?}"));
            match event {
                Ok(Some(Event::Message(message))) => match message.as_text() {
                    Some("close") => {
                        let closed = socket.close(sansocket::CloseCode::NORMAL, "bye").await;
                        log.push(format!("{closed:?}"));
                        return log;
                    }
                    Some("drop") => return log,
                    _ => socket.send(message).await.unwrap(),
                },
                Ok(Some(_)) => {}
                _ => return log,
            }
        }
    })
}

/// Sends a script in pieces of so many bytes. Returns what the client receives.
async fn run(stream: TcpStream, script: &[u8], piece: usize) -> Vec<u8> {
    let mut stream = stream;
    stream.write_all(request("").as_bytes()).await.unwrap();
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 101 "));
    send(&mut stream, script, piece).await;
    rest(&mut stream).await
}

async fn check(name: &str, script: Vec<u8>) {
    for piece in [1, 5, usize::MAX] {
        // Large messages byte by byte take long.
        let piece = if script.len() > 10_000 { piece.max(4000) } else { piece };
        let (listener, settings) = backend().await;
        let address = listener.local_addr().unwrap();
        let listener = listener.into_std().unwrap();
        let log = echo(&listener);
        let direct = run(TcpStream::connect(address).await.unwrap(), &script, piece).await;
        let direct = (direct, log.await.unwrap());

        let proxy = proxy(settings).await;
        let log = echo(&listener);
        let through = run(proxy.client().await, &script, piece).await;
        let through = (through, log.await.unwrap());
        assert!(direct == through, "{name}, pieces of {piece}: {direct:?}, but {through:?}");
    }
}

/// One after the other.
async fn each<F: Future<Output = ()>>(rows: impl IntoIterator<Item = F>) {
    for row in rows {
        row.await;
    }
}

#[tokio::test]
async fn messages_and_closing_handshakes_are_the_same() {
    let done = close(b"\x03\xe8done");
    let fragments = [
        frame(false, Opcode::Text, KEY, "fr\u{e4}g".as_bytes()),
        frame(true, Opcode::Ping, KEY, b"between"),
        frame(false, Opcode::Continuation, KEY, b""),
        frame(true, Opcode::Continuation, KEY, b"ments"),
    ];
    let big = frame(true, Opcode::Binary, KEY, &vec![42; 90_000]);
    let ping = frame(true, Opcode::Ping, KEY, &[7; 125]);
    let pong = frame(true, Opcode::Pong, KEY, b"unasked");
    each([
        check("messages", [text("a"), text(""), text(&"b".repeat(300)), done.clone()].concat()),
        check("fragments", [fragments.concat(), done.clone()].concat()),
        check("a large message", [big, done.clone()].concat()),
        check("pings", [ping, pong, done.clone()].concat()),
        check("no code", close(b"")),
        check("a Close of the server", [text("close"), close(b"\x03\xe8bye")].concat()),
        check("frames after Close", [done, text("late")].concat()),
    ])
    .await;
}

#[tokio::test]
async fn server_that_leaves_without_a_close_frame_is_the_same() {
    check("drop", text("drop")).await;
}

#[tokio::test]
async fn violations_that_the_server_judges_have_the_same_codes() {
    let continuation = frame(true, Opcode::Continuation, KEY, b"x");
    each([
        check("not UTF-8", frame(true, Opcode::Text, KEY, b"\xff")),
        check("no message to continue", continuation),
        check("half a code", close(b"\x03")),
        check("a code that may not be sent", close(b"\x03\xed")),
        check("RSV1", b"\xc1\x80\0\0\0\0".to_vec()),
        check("a long message", b"\x82\xff\0\0\0\0\0\x0f\x42\x40\0\0\0\0".to_vec()),
    ])
    .await;
}

#[tokio::test]
async fn violations_of_framing_get_the_servers_code_after_its_answers() {
    for frame in [
        &b"\x81\x01x"[..],
        b"\xa1\x80\0\0\0\0",
        b"\x83\x80\0\0\0\0",
        b"\x09\x80\0\0\0\0",
        b"\x89\xfe\0\x7e\0\0\0\0",
    ] {
        for before in [b"".to_vec(), [text("a"), text("b")].concat()] {
            let script = [before, frame.to_vec()].concat();
            let (listener, settings) = backend().await;
            let address = listener.local_addr().unwrap();
            let listener = listener.into_std().unwrap();
            let log = echo(&listener);
            let direct = run(TcpStream::connect(address).await.unwrap(), &script, 1).await;
            log.await.unwrap();
            let log = echo(&listener);
            let through = run(proxy(settings).await.client().await, &script, 1).await;
            assert_eq!(through, direct);
            // The server has nothing to complain of.
            assert_eq!(log.await.unwrap().pop().unwrap(), "Err(ConnectionLost)");
        }
    }
}
