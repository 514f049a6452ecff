//! sansocket's core without an adapter, in an event loop: reads, echoes all messages, writes once.

use std::io::{self, IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};

use sansocket::bytes::{Buf, BufMut};
use sansocket::{Config, Connection, EventRef, ServerHandshake};

use crate::Failure;
use crate::epoll::{self, Conversation, Next};

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    epoll::serve::<Echo>(listener)
}

/// The size of a read in bytes: it fits into the processor's cache. Room for 16 messages of 16 KiB.
const READ: usize = 272 * 1024;

/// The maximum of reads before other connections are served.
const READS_IN_A_ROW: usize = 16;

enum Echo {
    Opening(Box<ServerHandshake>),
    Open(Box<Connection>),
}

impl Default for Echo {
    fn default() -> Self {
        Self::Opening(Box::new(ServerHandshake::new(Config::new())))
    }
}

impl Conversation for Echo {
    fn readable(&mut self, stream: &mut TcpStream, window: &mut [u8]) -> io::Result<Next> {
        match self {
            Self::Opening(handshake) => {
                let read = stream.read(window)?;
                if read == 0 {
                    return Ok(Next::End);
                }
                handshake.input().put_slice(&window[..read]);
                match handshake.receive() {
                    Ok(Some(request)) => *self = Self::Open(Box::new(request.accept())),
                    Ok(None) => return Ok(Next::Read),
                    Err(rejection) => return Err(io::Error::other(rejection.error().to_string())),
                }
            }
            Self::Open(connection) => receive(connection, stream, &mut window[..READ])?,
        }
        self.writable(stream)
    }

    fn writable(&mut self, stream: &mut TcpStream) -> io::Result<Next> {
        let Self::Open(connection) = self else { return Ok(Next::Read) };
        while connection.wants_write() {
            let output = connection.output();
            let written = if output.chunk().len() == output.remaining() {
                stream.write(output.chunk())
            } else {
                let mut slices = [IoSlice::new(&[]); 64];
                let count = output.chunks_vectored(&mut slices);
                stream.write_vectored(&slices[..count])
            };
            match written {
                Ok(written) => output.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Next::Write),
                Err(error) => return Err(error),
            }
        }
        Ok(if connection.wants_read() { Next::Read } else { Next::End })
    }
}

/// Echoes all messages. Reads a large message to its end before other connections, so that it is
/// still in the cache when it is complete.
fn receive(
    connection: &mut Connection,
    stream: &mut TcpStream,
    window: &mut [u8],
) -> io::Result<()> {
    for _ in 0..READS_IN_A_ROW {
        let read = match stream.read(window) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            read => read?,
        };
        if read == 0 {
            connection.end_input();
        }
        let mut received = &mut window[..read];
        while let Some(event) = connection.receive_from(&mut received) {
            if let EventRef::Message(message) = event {
                connection.send_ref(message).map_err(io::Error::other)?;
            }
        }
        // Continues only for an incomplete large message.
        if connection.wants_write() || connection.bytes_held() < window.len() {
            break;
        }
    }
    Ok(())
}
