//! One client: opens its connection, sends batches, and compares every received byte.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::batch::Batch;
use crate::stream::Stream;
use crate::{Failure, Target};

/// The time limit of a server's response.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum of connections from one loopback address. It has 28,000 ports, but with half of them
/// in use, the kernel's search for a free one takes longer than a handshake.
const PER_ADDRESS: usize = 10_000;

/// An open, blocking connection.
pub fn open(target: &Target, index: usize) -> Result<Stream, Failure> {
    let mut stream = begin(target, index)?;
    finish(target, &mut stream)?;
    Ok(stream)
}

/// Connects, and sends the request.
pub fn begin(target: &Target, index: usize) -> Result<Stream, Failure> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if index >= PER_ADDRESS {
        let address = u32::from(Ipv4Addr::LOCALHOST) + u32::try_from(index / PER_ADDRESS)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::from(address), 0)).into())?;
    }
    socket.connect_timeout(&target.addr.into(), TIMEOUT)?;
    socket.set_tcp_nodelay(true)?;
    let socket = TcpStream::from(socket);
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    let mut stream = match &target.tls {
        Some(config) => Stream::tls(socket, config)?,
        None => Stream::Tcp(socket),
    };
    if !target.raw {
        stream.write_all(REQUEST)?;
    }
    Ok(stream)
}

/// The request of RFC 6455 §1.3, with its key.
const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
      Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Receives the response, with the accept of RFC 6455 §1.3.
pub fn finish(target: &Target, stream: &mut Stream) -> Result<(), Failure> {
    if target.raw {
        return Ok(());
    }
    let mut head = Vec::new();
    let mut room = [0; 4096];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut room)? {
            0 => return Err("the server closed the connection in the handshake".into()),
            read => head.extend_from_slice(&room[..read]),
        }
    }
    let head = String::from_utf8(head)?;
    if head.starts_with("HTTP/1.1 101 ") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") {
        Ok(())
    } else {
        Err(format!("the server refused: {head}").into())
    }
}

/// A masked Close frame with code 1000.
const CLOSE: &[u8] = b"\x88\x82\0\0\0\0\x03\xe8";

/// Opens a connection, and closes it with a closing handshake. A baseline echoes the same bytes.
pub fn open_and_close(target: &Target) -> Result<(), Failure> {
    let mut stream = open(target, 0)?;
    let mut room = [0; 1024];
    if target.raw {
        for sent in [REQUEST, CLOSE] {
            stream.write_all(sent)?;
            stream.read_exact(&mut room[..sent.len()])?;
        }
        return Ok(());
    }
    stream.write_all(CLOSE)?;
    let mut received = 0;
    loop {
        match stream.read(&mut room[received..])? {
            0 if room[..received] == *b"\x88\x02\x03\xe8" => return Ok(()),
            0 => return Err("the server did not answer the Close frame".into()),
            read => received += read,
        }
    }
}

/// The progress of a batch.
#[derive(Default)]
pub struct Progress {
    sent: usize,
    received: usize,
}

/// What the client waits for.
#[derive(Clone, Copy, PartialEq)]
pub enum Step {
    /// The batch is sent, and its echo is incomplete.
    Read,
    /// The socket's buffer is full; a part of the echo may be received before the rest is sent.
    ReadOrWrite,
    /// The echo is complete.
    Done,
}

impl Progress {
    /// A batch that another client sends.
    pub fn of_another(batch: &Batch) -> Self {
        Self { sent: batch.sent.len(), received: 0 }
    }

    /// Writes until the socket's buffer is full.
    pub fn write(&mut self, stream: &mut Stream, batch: &Batch) -> Result<Step, Failure> {
        match self.write_rest(stream, batch) {
            Ok(()) => Ok(Step::Read),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Step::ReadOrWrite),
            Err(error) => Err(format!("while sending: {error}").into()),
        }
    }

    fn write_rest(&mut self, stream: &mut Stream, batch: &Batch) -> io::Result<()> {
        while self.sent < batch.sent.len() {
            self.sent += stream.write(&batch.sent[self.sent..])?;
        }
        stream.flush()
    }

    /// Reads once, and compares the received bytes.
    pub fn read(
        &mut self,
        stream: &mut Stream,
        batch: &Batch,
        window: &mut [u8],
    ) -> Result<Step, Failure> {
        let read = match stream.read(window) {
            Ok(0) => return Err("the server closed the connection".into()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(format!("while receiving: {error}").into()),
        };
        let end = self.received + read;
        if batch.expected.get(self.received..end) != Some(&window[..read]) {
            return Err(format!(
                "a wrong echo: {read} bytes after {} of {}",
                self.received,
                batch.expected.len()
            )
            .into());
        }
        self.received = end;
        Ok(if end == batch.expected.len() {
            *self = Self::default();
            Step::Done
        } else if self.sent < batch.sent.len() || stream.wants_write() {
            Step::ReadOrWrite
        } else {
            Step::Read
        })
    }
}
