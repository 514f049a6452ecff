//! Sends messages and prints what comes back:
//! `cargo run --release --example echo_client -- URL MESSAGE…`
//! `examples/ws` is a client with options.

use sansocket::{CloseCode, blocking};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: echo_client URL MESSAGE...")?;
    let mut socket = blocking::connect(&url)?;
    for message in arguments {
        socket.send(message)?;
        if let Some(answer) = socket.recv()? {
            println!("{}", answer.as_text().unwrap_or("not text"));
        }
    }
    println!("closed: {}", socket.close(CloseCode::NORMAL, "")?);
    Ok(())
}
