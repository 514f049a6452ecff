//! The wire and the peer at its other end, which takes what is flushed and judges it.

use std::io::{self, ErrorKind, IoSlice};

use bytes::{Buf, BufMut};
use sansocket::{
    ClientHandshake, ClientRequest, CloseCode, CloseOutcome, Config, Connection, Event, Message,
    ServerHandshake, State,
};

use support::{drain, entropy};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Interrupted,
    /// A blocking stream says so as an error, an async one by being pending.
    WouldBlock,
    /// One byte is read or written.
    Short,
    /// From here on, every call fails so.
    Reset,
    /// Something else, once.
    Strange,
    /// A write takes nothing, once.
    Zero,
}

/// The other end, in the other role: it welcomes, pings, and repeats what it hears.
pub(super) enum Peer {
    Server(ServerHandshake),
    Client(ClientHandshake),
    Open(Connection),
}

pub(super) struct Wire {
    peer: Peer,
    /// Written and not flushed yet.
    held: Vec<u8>,
    /// On its way to us.
    coming: Vec<u8>,
    pub(super) heard: Vec<Message>,
    pub(super) pongs: usize,
    pub(super) calls: usize,
    fails_at: usize,
    fault: Fault,
    failed: bool,
    dead: bool,
    idle: usize,
}

impl Wire {
    pub(super) fn new(we_serve: bool, fails_at: usize, fault: Fault) -> Self {
        let mut coming = Vec::new();
        let peer = if we_serve {
            let request = ClientRequest::new("ws://localhost/").unwrap();
            let mut handshake = ClientHandshake::new(&request, Config::new(), entropy());
            let output = handshake.output();
            coming.extend(output.copy_to_bytes(output.remaining()));
            Peer::Client(handshake)
        } else {
            Peer::Server(ServerHandshake::new(Config::new()))
        };
        Self {
            peer,
            held: vec![],
            coming,
            heard: vec![],
            pongs: 0,
            calls: 0,
            fails_at,
            fault,
            failed: false,
            dead: false,
            idle: 0,
        }
    }

    /// One more call: how much it may do, or how it fails.
    fn call(&mut self, is_write: bool) -> io::Result<usize> {
        self.calls += 1;
        assert!(self.calls < 10_000, "it asks for ever");
        let now = self.calls - 1 == self.fails_at;
        self.failed |= now;
        self.dead |= now && self.fault == Fault::Reset;
        match self.fault {
            _ if self.dead => Err(ErrorKind::ConnectionReset.into()),
            _ if !now => Ok(usize::MAX),
            Fault::Interrupted => Err(ErrorKind::Interrupted.into()),
            Fault::WouldBlock => Err(ErrorKind::WouldBlock.into()),
            Fault::Short => Ok(1),
            Fault::Zero if is_write => Ok(0),
            Fault::Zero => Ok(usize::MAX),
            Fault::Strange | Fault::Reset => Err(io::Error::other("strange")),
        }
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.call(false)?;
        let count = self.coming.len().min(buffer.len()).min(most);
        let broken =
            self.failed && matches!(self.fault, Fault::Reset | Fault::Strange | Fault::Zero);
        let ends =
            broken || matches!(&self.peer, Peer::Open(peer) if peer.state() == State::Closed);
        if count == 0 && !ends {
            // While a write is not ready, there may be nothing to read; but not for ever.
            self.idle += 1;
            assert!(
                self.idle < 100,
                "it waits for what will not come: something was not written, or not flushed"
            );
            return Err(ErrorKind::WouldBlock.into());
        }
        buffer[..count].copy_from_slice(&self.coming[..count]);
        self.coming.drain(..count);
        Ok(count)
    }

    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let most = self.call(true)?;
        let before = self.held.len();
        self.held.extend(slices.iter().flat_map(|slice| slice.iter()).take(most));
        Ok(self.held.len() - before)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.call(false)?;
        let bytes = std::mem::take(&mut self.held);
        self.hear(&bytes);
        Ok(())
    }

    /// The peer takes bytes, and answers.
    fn hear(&mut self, bytes: &[u8]) {
        match &mut self.peer {
            Peer::Server(handshake) => {
                handshake.input().put_slice(bytes);
                if let Some(request) = handshake.receive().expect("a good request") {
                    self.open(request.accept());
                }
            }
            Peer::Client(handshake) => {
                handshake.input().put_slice(bytes);
                if let Some((connection, _)) = handshake.receive().expect("a good answer") {
                    self.open(connection);
                }
            }
            Peer::Open(peer) => peer.input().put_slice(bytes),
        }
        let Peer::Open(peer) = &mut self.peer else { return };
        while let Some(event) = peer.receive() {
            match event {
                Event::Message(message) => {
                    let _ = peer.send(message.clone());
                    if message.as_text() == Some("bye") {
                        peer.close(CloseCode::NORMAL);
                    }
                    self.coming.extend(drain(peer));
                    if message.as_text() == Some("bad") {
                        self.coming.extend([0x83, 0x80, 0, 0, 0, 0]);
                    }
                    self.heard.push(message);
                }
                Event::Pong(_) => self.pongs += 1,
                Event::Closed(closed) => {
                    assert!(
                        !matches!(closed.outcome(), CloseOutcome::ProtocolError(_)),
                        "corrupted: {closed}"
                    )
                }
                _ => {}
            }
        }
        self.coming.extend(drain(peer));
    }

    fn open(&mut self, mut connection: Connection) {
        connection.send("welcome").unwrap();
        connection.ping("?").unwrap();
        self.coming.extend(drain(&mut connection));
        self.peer = Peer::Open(connection);
    }
}
