//! The client for other libraries' servers, which speaks what `interop/README.md` describes.
//!
//! `interop_cases URL`; started by `interop/run`. It prints `ok CASE` or `no CASE: REASON`.

use std::error::Error;
use std::time::Duration;

use sansocket::blocking::{MaybeTlsStream, Options, WebSocket};
use sansocket::deflate::Deflate;
use sansocket::{ClientRequest, CloseCode, Config, Event, Kind, Message, Timeouts};

type Outcome = Result<(), Box<dyn Error>>;
/// Takes the URL of the server, which ends in a slash.
type Case = fn(&str) -> Outcome;
type Socket = WebSocket<MaybeTlsStream>;

const CASES: [(&str, Case); 15] = [
    ("text", |url| echo(url, "hello")),
    ("unicode", |url| echo(url, "κόσμε 🙂 操作完成")),
    ("empty text", |url| echo(url, "")),
    ("empty binary", |url| echo(url, Vec::new())),
    ("binary", |url| echo(url, (0..1 << 20).map(|i| (i % 251) as u8).collect::<Vec<_>>())),
    ("json", |url| echo(url, "{\"type\":\"chat\",\"text\":\"hello again\"}".repeat(200))),
    ("burst", burst),
    ("client pings", ping),
    ("server pings", |url| ask(url, "ping", "pong")),
    ("client fragments", fragments),
    ("server fragments", |url| ask(url, "fragments", "one two three")),
    ("client closes", close),
    ("server closes", closed),
    ("refusal", refused),
    ("subprotocol", subprotocol),
];

fn main() -> Outcome {
    let url = std::env::args().nth(1).ok_or("usage: interop_cases URL")?;
    for (name, case) in CASES {
        match case(&url) {
            Ok(()) => println!("ok {name}"),
            Err(error) => println!("no {name}: {error}"),
        }
    }
    Ok(())
}

fn connect(request: &ClientRequest) -> Result<Socket, Box<dyn Error>> {
    let config = Config::new().deflate(Deflate::new());
    let timeouts = Timeouts { pong: Some(Duration::from_secs(10)), ..Timeouts::default() };
    Ok(Options::new().config(config).timeouts(timeouts).connect(request)?.0)
}

fn open(url: &str) -> Result<Socket, Box<dyn Error>> {
    connect(&ClientRequest::new(url)?)
}

fn expect(socket: &mut Socket, expected: &Message) -> Outcome {
    match socket.recv_timeout(Duration::from_secs(10))? {
        Some(message) if message == *expected => Ok(()),
        Some(message) => Err(format!("received {message:.60?}").into()),
        None => Err(format!("closed: {:?}", socket.closed()).into()),
    }
}

/// Sends a message, and receives it again.
fn echo(url: &str, message: impl Into<Message>) -> Outcome {
    let (message, mut socket) = (message.into(), open(url)?);
    socket.send(message.clone())?;
    expect(&mut socket, &message)?;
    end(socket)
}

/// Sends a word that asks the server for something, and receives the answer.
fn ask(url: &str, word: &str, answer: &str) -> Outcome {
    let mut socket = open(url)?;
    socket.send(word)?;
    expect(&mut socket, &answer.into())?;
    end(socket)
}

fn end(mut socket: Socket) -> Outcome {
    match socket.close(CloseCode::NORMAL, "")? {
        closed if closed.was_clean() => Ok(()),
        closed => Err(format!("not closed cleanly: {closed:?}").into()),
    }
}

/// A thousand messages, none of which waits for an answer.
fn burst(url: &str) -> Outcome {
    let mut socket = open(url)?;
    for number in 0..1000 {
        socket.feed(format!("message {number}"))?;
    }
    socket.flush()?;
    for number in 0..1000 {
        expect(&mut socket, &format!("message {number}").into())?;
    }
    end(socket)
}

/// The pong is the next event.
fn ping(url: &str) -> Outcome {
    let mut socket = open(url)?;
    socket.ping()?;
    match socket.recv_event()? {
        Some(Event::Pong(_)) => end(socket),
        other => Err(format!("received {other:.60?}").into()),
    }
}

fn fragments(url: &str) -> Outcome {
    let mut socket = open(url)?;
    let mut message = socket.writer(Kind::Text)?;
    for chunk in ["κόσ", "με ", "操作完成"] {
        message.write_chunk(chunk)?;
    }
    message.finish()?;
    expect(&mut socket, &"κόσμε 操作完成".into())?;
    end(socket)
}

/// The server prints the code and the reason, which `interop/run` looks for.
fn close(url: &str) -> Outcome {
    let closed = open(url)?.close(CloseCode::try_from(3001)?, "操作完成")?;
    match closed.was_clean() {
        true => Ok(()),
        false => Err(format!("not closed cleanly: {closed:?}").into()),
    }
}

fn closed(url: &str) -> Outcome {
    let mut socket = open(url)?;
    socket.send("close")?;
    if let Some(message) = socket.recv_timeout(Duration::from_secs(10))? {
        return Err(format!("received {message:.60?}").into());
    }
    match socket.until_closed()? {
        closed if (closed.code(), closed.reason()) == (3002, "操作完成") => Ok(()),
        closed => Err(format!("closed with {} {}", closed.code(), closed.reason()).into()),
    }
}

fn refused(url: &str) -> Outcome {
    match connect(&ClientRequest::new(&format!("{url}refuse"))?) {
        Ok(_) => Err("accepted".into()),
        Err(error) if error.to_string().contains("403") => Ok(()),
        Err(error) => Err(error),
    }
}

fn subprotocol(url: &str) -> Outcome {
    let request = ClientRequest::new(url)?.subprotocol("chat.v1")?.subprotocol("chat.v2")?;
    let socket = connect(&request)?;
    match socket.subprotocol() {
        Some("chat.v2") => end(socket),
        other => Err(format!("negotiated {other:?}").into()),
    }
}
