//! The baseline for servers without tokio: echoes bytes, with one `recv` and one `send` each time.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::Failure;
use crate::epoll::{self, Conversation, Next};

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    epoll::serve::<Echo>(listener)
}

#[derive(Default)]
struct Echo {
    /// Bytes that the socket did not accept.
    rest: Vec<u8>,
}

impl Conversation for Echo {
    fn readable(&mut self, stream: &mut TcpStream, window: &mut [u8]) -> io::Result<Next> {
        let read = stream.read(window)?;
        if read == 0 {
            return Ok(Next::End);
        }
        let written = write(stream, &window[..read])?;
        if written == read {
            return Ok(Next::Read);
        }
        self.rest.extend_from_slice(&window[written..read]);
        Ok(Next::Write)
    }

    fn writable(&mut self, stream: &mut TcpStream) -> io::Result<Next> {
        let written = write(stream, &self.rest)?;
        self.rest.drain(..written);
        Ok(if self.rest.is_empty() { Next::Read } else { Next::Write })
    }
}

/// Writes once: 0 if the socket accepts nothing.
pub fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match stream.write(bytes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}
