//! sansocket's adapter for std's sockets: one thread for each connection.

use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::Failure;

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    for stream in listener.incoming() {
        let stream = stream?;
        stream.set_nodelay(true)?;
        thread::Builder::new().spawn(move || {
            if let Err(error) = echo(stream) {
                eprintln!("a connection ended: {error}");
            }
        })?;
    }
    Ok(())
}

fn echo(stream: TcpStream) -> Result<(), sansocket::Error> {
    let mut socket = sansocket::blocking::accept(stream)?;
    while let Some(message) = socket.recv()? {
        socket.send(message)?;
    }
    Ok(())
}
