//! The wire, and the peer at its other end, which checks the bytes that are flushed.

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
    /// An error of a blocking stream; an async one is pending.
    WouldBlock,
    /// One byte is read or written.
    Short,
    /// This call and every later one fail.
    Reset,
    /// `ErrorKind::Other`, once.
    Strange,
    /// A write returns `Ok(0)`, once.
    Zero,
    /// A read or write reports one byte more than it had room for.
    TooMany,
}

/// The peer, in the other role: it sends "welcome" and a ping, and echoes messages.
pub(super) enum Peer {
    Server(ServerHandshake),
    Client(ClientHandshake),
    Open(Connection),
}

pub(super) struct Wire {
    peer: Peer,
    /// Written and not flushed yet.
    unflushed: Vec<u8>,
    /// Sent by the peer and not read yet.
    inbound: Vec<u8>,
    pub(super) peer_received: Vec<Message>,
    pub(super) pongs: usize,
    pub(super) calls: usize,
    fails_at: usize,
    fault: Fault,
    failed: bool,
    reset: bool,
    idle: usize,
}

impl Wire {
    pub(super) fn new(is_server: bool, fails_at: usize, fault: Fault) -> Self {
        let mut inbound = Vec::new();
        let peer = if is_server {
            let request = ClientRequest::new("ws://localhost/").unwrap();
            let mut handshake = ClientHandshake::new(&request, Config::new(), entropy());
            let output = handshake.output();
            inbound.extend(output.copy_to_bytes(output.remaining()));
            Peer::Client(handshake)
        } else {
            Peer::Server(ServerHandshake::new(Config::new()))
        };
        Self {
            peer,
            unflushed: vec![],
            inbound,
            peer_received: vec![],
            pongs: 0,
            calls: 0,
            fails_at,
            fault,
            failed: false,
            reset: false,
            idle: 0,
        }
    }

    /// Counts a call; returns how many bytes it may transfer, or its failure.
    fn call(&mut self, is_write: bool) -> io::Result<usize> {
        self.calls += 1;
        assert!(self.calls < 10_000, "the adapter repeats the call forever");
        let now = self.calls - 1 == self.fails_at;
        self.failed |= now;
        self.reset |= now && self.fault == Fault::Reset;
        match self.fault {
            _ if self.reset => Err(ErrorKind::ConnectionReset.into()),
            _ if !now => Ok(usize::MAX),
            Fault::Interrupted => Err(ErrorKind::Interrupted.into()),
            Fault::WouldBlock => Err(ErrorKind::WouldBlock.into()),
            Fault::Short => Ok(1),
            Fault::Zero if is_write => Ok(0),
            Fault::Zero | Fault::TooMany => Ok(usize::MAX),
            Fault::Strange | Fault::Reset => Err(io::Error::other("strange")),
        }
    }

    /// Whether the latest call transfers nothing, and reports more than it could have.
    fn reports_too_many(&self) -> bool {
        self.fault == Fault::TooMany && self.calls - 1 == self.fails_at
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.call(false)?;
        let count = self.inbound.len().min(buffer.len()).min(most);
        if self.reports_too_many() {
            return Ok(buffer.len() + 1);
        }
        let broken = self.failed
            && matches!(self.fault, Fault::Reset | Fault::Strange | Fault::Zero | Fault::TooMany);
        let ends =
            broken || matches!(&self.peer, Peer::Open(peer) if peer.state() == State::Closed);
        if count == 0 && !ends {
            // While a write is not ready, reads may be not ready a limited number of times.
            self.idle += 1;
            assert!(
                self.idle < 100,
                "the adapter waits for bytes that the peer never sends: a write or flush is missing"
            );
            return Err(ErrorKind::WouldBlock.into());
        }
        buffer[..count].copy_from_slice(&self.inbound[..count]);
        self.inbound.drain(..count);
        Ok(count)
    }

    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let most = self.call(true)?;
        if self.reports_too_many() {
            return Ok(slices.iter().map(|slice| slice.len()).sum::<usize>() + 1);
        }
        let before = self.unflushed.len();
        self.unflushed.extend(slices.iter().flat_map(|slice| slice.iter()).take(most));
        Ok(self.unflushed.len() - before)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.call(false)?;
        let bytes = std::mem::take(&mut self.unflushed);
        self.deliver_to_peer(&bytes);
        Ok(())
    }

    /// The peer receives bytes and replies.
    fn deliver_to_peer(&mut self, bytes: &[u8]) {
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
                    self.inbound.extend(drain(peer));
                    if message.as_text() == Some("bad") {
                        self.inbound.extend([0x83, 0x80, 0, 0, 0, 0]);
                    }
                    self.peer_received.push(message);
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
        self.inbound.extend(drain(peer));
    }

    fn open(&mut self, mut connection: Connection) {
        connection.send("welcome").unwrap();
        connection.ping("?").unwrap();
        self.inbound.extend(drain(&mut connection));
        self.peer = Peer::Open(connection);
    }
}
