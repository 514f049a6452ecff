//! The broadcasting baseline for servers without tokio: one `recv` each time, and one `send` for
//! each message and client.

use std::io::{self, Read};
use std::mem;
use std::net::{TcpListener, TcpStream};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::raw_epoll::write;
use super::raw_tokio::FRAME;
use crate::Failure;

/// The token of the listener; clients have their index.
const LISTENER: u64 = u64::MAX;

struct Clients {
    epoll: Epoll,
    /// A place is not used again: clients are closed when the load ends.
    all: Vec<Option<Client>>,
}

struct Client {
    stream: TcpStream,
    /// The beginning of a message.
    received: Vec<u8>,
    /// Bytes that the socket did not accept.
    rest: Vec<u8>,
    /// The interest that is registered with epoll.
    interest: EpollFlags,
}

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    listener.set_nonblocking(true)?;
    epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
    let mut clients = Clients { epoll, all: Vec::new() };
    let mut window = vec![0; 64 * 1024];
    let mut events = [EpollEvent::empty(); 1024];
    loop {
        let ready = clients.epoll.wait(&mut events, EpollTimeout::NONE)?;
        for event in &events[..ready] {
            if event.data() == LISTENER {
                clients.accept(&listener)?;
                continue;
            }
            let index = event.data() as usize;
            if event.events().contains(EpollFlags::EPOLLOUT) {
                clients.send(index, &[])?;
            } else {
                clients.receive(index, &mut window)?;
            }
        }
    }
}

impl Clients {
    fn accept(&mut self, listener: &TcpListener) -> Result<(), Failure> {
        let (stream, _) = listener.accept()?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let interest = EpollFlags::EPOLLIN;
        self.epoll.add(&stream, EpollEvent::new(interest, self.all.len() as u64))?;
        self.all.push(Some(Client { stream, received: Vec::new(), rest: Vec::new(), interest }));
        Ok(())
    }

    /// Reads once, and sends the complete messages to all.
    fn receive(&mut self, index: usize, window: &mut [u8]) -> Result<(), Failure> {
        let Some(client) = &mut self.all[index] else { return Ok(()) };
        let read = match client.stream.read(window) {
            Ok(read) if read > 0 => read,
            _ => {
                self.all[index] = None;
                return Ok(());
            }
        };
        let mut received = mem::take(&mut client.received);
        received.extend_from_slice(&window[..read]);
        let messages = received.chunks_exact(FRAME);
        client.received = messages.remainder().to_vec();
        for message in messages {
            for index in 0..self.all.len() {
                self.send(index, message)?;
            }
        }
        Ok(())
    }

    /// Sends a message behind the rest of earlier ones; an empty one sends that rest alone.
    fn send(&mut self, index: usize, message: &[u8]) -> Result<(), Failure> {
        let Some(client) = &mut self.all[index] else { return Ok(()) };
        if client.send(message).is_err() {
            self.all[index] = None;
            return Ok(());
        }
        let interest =
            if client.rest.is_empty() { EpollFlags::EPOLLIN } else { EpollFlags::EPOLLOUT };
        if interest != client.interest {
            client.interest = interest;
            self.epoll.modify(&client.stream, &mut EpollEvent::new(interest, index as u64))?;
        }
        Ok(())
    }
}

impl Client {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        if self.rest.is_empty() {
            let written = write(&mut self.stream, message)?;
            self.rest.extend_from_slice(&message[written..]);
        } else {
            self.rest.extend_from_slice(message);
            let written = write(&mut self.stream, &self.rest)?;
            self.rest.drain(..written);
        }
        Ok(())
    }
}
