//! The server for other libraries' clients, which speaks what `interop/README.md` describes.
//!
//! `interop_server [ADDRESS]`; started by `interop/run`. It prints `closed CODE REASON` for every
//! connection that the client has closed.

use std::error::Error;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use sansocket::blocking::{Incoming, Options, Upgrade, WebSocket};
use sansocket::deflate::Deflate;
use sansocket::{AcceptOptions, CloseCode, Config, HttpResponse, Kind, RequestHead};

/// The subprotocol that is chosen if it is offered.
const SUBPROTOCOL: &str = "chat.v2";

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".into());
    let listener = TcpListener::bind(&address)?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    for stream in listener.incoming() {
        let stream = stream?;
        thread::Builder::new().spawn(move || {
            if let Err(error) = serve(stream) {
                eprintln!("a connection ended: {error}");
            }
        })?;
    }
    Ok(())
}

fn serve(stream: TcpStream) -> Result<(), Box<dyn Error>> {
    let options = Options::new().config(Config::new().deflate(Deflate::new()));
    match options.receive_request(stream)? {
        Incoming::Http(plain) => {
            plain.reply(&HttpResponse::new(200)?.body("a page\n"))?;
        }
        Incoming::Upgrade(upgrade) => open(upgrade)?,
    }
    Ok(())
}

fn open(upgrade: Upgrade<TcpStream>) -> Result<(), Box<dyn Error>> {
    match upgrade.request().path() {
        "/refuse" => Ok(upgrade.reject(&HttpResponse::new(403)?.body("not for you\n"))?),
        "/socket.io/" => socket_io(upgrade.accept()?),
        _ => {
            let accept = accept(upgrade.request())?;
            echo(upgrade.accept_with(&accept)?)
        }
    }
}

fn accept(request: &RequestHead) -> Result<AcceptOptions, Box<dyn Error>> {
    let accept = AcceptOptions::new();
    Ok(match request.subprotocols().any(|name| name == SUBPROTOCOL) {
        true => accept.subprotocol(SUBPROTOCOL)?,
        false => accept,
    })
}

/// Sends every message back, except for the words that ask for something else.
fn echo(mut socket: WebSocket<TcpStream>) -> Result<(), Box<dyn Error>> {
    while let Some(message) = socket.recv()? {
        match message.as_text() {
            Some("ping") => {
                socket.ping()?;
                socket.send("pong")?;
            }
            Some("fragments") => {
                let mut message = socket.writer(Kind::Text)?;
                for chunk in ["one ", "two ", "three"] {
                    message.write_chunk(chunk)?;
                }
                message.finish()?;
            }
            Some("close") => socket.start_close(CloseCode::try_from(3002)?, "操作完成")?,
            // Queued: it is written with the others, once there is nothing to receive.
            _ => socket.feed(message)?,
        }
    }
    let closed = socket.until_closed()?;
    println!("closed {} {}", closed.code(), closed.reason());
    Ok(())
}

/// Socket.IO 5 over Engine.IO 4: events are acknowledged if that is requested, and else sent back.
fn socket_io(mut socket: WebSocket<TcpStream>) -> Result<(), Box<dyn Error>> {
    let timing = r#""pingInterval":100,"pingTimeout":5000,"maxPayload":1000000"#;
    socket.send(format!(r#"0{{"sid":"engine","upgrades":[],{timing}}}"#))?;
    while let Some(message) = socket.recv()? {
        let text = message.as_text().unwrap_or_default();
        if text == "40" {
            socket.send(r#"40{"sid":"socket"}"#)?;
        } else if text == "3" {
            socket.send(r#"42["heartbeat"]"#)?;
        } else if let Some(event) = text.strip_prefix("42") {
            // An event that requests an acknowledgement has a number before its array.
            let (number, arguments) = event.split_at(event.find('[').unwrap_or(0));
            let kind = if number.is_empty() { "42" } else { "43" };
            socket.send(format!("{kind}{number}{arguments}"))?;
            if kind == "43" {
                // The heartbeat, which the client answers with "3".
                socket.send("2")?;
            }
        }
    }
    socket.until_closed()?;
    Ok(())
}
