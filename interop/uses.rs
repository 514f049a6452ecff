//! The client for servers that are written the way introductions write them.
//!
//! `interop_uses socket.io|express|ws-alone URL`; started by `interop/run`. It prints
//! `ok use of …` or `no use of …: REASON`.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use sansocket::CloseCode;
use sansocket::blocking::{MaybeTlsStream, WebSocket, connect};

type Outcome = Result<(), Box<dyn Error>>;
type Socket = WebSocket<MaybeTlsStream>;

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let (Some(server), Some(url)) = (arguments.next(), arguments.next()) else {
        return Err("usage: interop_uses socket.io|express|ws-alone URL".into());
    };
    match server.as_str() {
        "socket.io" => print("Socket.IO", socket_io(&url)),
        "express" => {
            print("wss.on('connection')", alone(&url));
            print("broadcast to wss.clients", broadcast(&url));
            print("Express on the same port", express(&url));
        }
        "ws-alone" => print("wss.on('connection')", alone(&url)),
        _ => return Err(format!("no use {server}").into()),
    }
    Ok(())
}

fn print(name: &str, outcome: Outcome) {
    match outcome {
        Ok(()) => println!("ok use of {name}"),
        Err(error) => println!("no use of {name}: {error}"),
    }
}

fn next(socket: &mut Socket) -> Result<String, Box<dyn Error>> {
    let message = socket.recv_timeout(Duration::from_secs(10))?.ok_or("the server closed")?;
    Ok(message.as_text().ok_or("not a text")?.to_owned())
}

fn expect(socket: &mut Socket, expected: &str) -> Outcome {
    let received = next(socket)?;
    if received == expected { Ok(()) } else { Err(format!("received {received}").into()) }
}

/// Socket.IO 5 over Engine.IO 4, message by message.
fn socket_io(url: &str) -> Outcome {
    let mut socket = connect(&format!("{url}socket.io/?EIO=4&transport=websocket"))?;
    let mut pings = 0;
    packet(&mut socket, "0{\"sid\":", &mut pings)?;
    socket.send("40")?;
    packet(&mut socket, "40{\"sid\":", &mut pings)?;
    socket.send("42[\"echo\",\"操作完成\"]")?;
    packet(&mut socket, "42[\"echo\",\"操作完成\"]", &mut pings)?;
    socket.send("427[\"question\",1]")?;
    packet(&mut socket, "437[\"answer\",1]", &mut pings)?;
    while pings < 2 {
        expect(&mut socket, "2")?;
        socket.send("3")?;
        pings += 1;
    }
    socket.send("41")?;
    socket.close(CloseCode::NORMAL, "")?;
    Ok(())
}

/// Receives a packet with this beginning. The server's pings, which are the text `2`, come at any
/// time.
fn packet(socket: &mut Socket, beginning: &str, pings: &mut u32) -> Outcome {
    loop {
        match next(socket)? {
            ping if ping == "2" => {
                socket.send("3")?;
                *pings += 1;
            }
            packet if packet.starts_with(beginning) => return Ok(()),
            other => return Err(format!("received {other}").into()),
        }
    }
}

fn alone(url: &str) -> Outcome {
    let mut socket = connect(url)?;
    expect(&mut socket, "welcome")?;
    socket.send("Hello Server!")?;
    expect(&mut socket, "received: Hello Server!")?;
    socket.close(CloseCode::NORMAL, "")?;
    Ok(())
}

/// All clients but the sender receive the message.
fn broadcast(url: &str) -> Outcome {
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut socket = connect(&format!("{url}broadcast"))?;
        expect(&mut socket, "welcome")?;
        clients.push(socket);
    }
    clients[0].send("to everybody")?;
    for socket in &mut clients[1..] {
        expect(socket, "to everybody")?;
    }
    for mut socket in clients {
        socket.close(CloseCode::NORMAL, "")?;
    }
    Ok(())
}

/// The port also serves a page.
fn express(url: &str) -> Outcome {
    let authority = url.trim_start_matches("ws://").trim_end_matches('/');
    let mut stream = TcpStream::connect(authority)?;
    write!(stream, "GET /page HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    if !page.contains("<h1>chat</h1>") {
        return Err(format!("received {page:?}").into());
    }
    alone(url)
}
