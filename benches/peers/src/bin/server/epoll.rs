//! The event loop of every server on epoll: one thread, level-triggered, one read buffer for all
//! connections.

use std::io;
use std::net::{TcpListener, TcpStream};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::Failure;

/// One connection of the loop.
pub trait Conversation: Default {
    /// The stream is readable: read once, into the buffer.
    fn readable(&mut self, stream: &mut TcpStream, window: &mut [u8]) -> io::Result<Next>;

    /// The stream is writable.
    fn writable(&mut self, stream: &mut TcpStream) -> io::Result<Next>;
}

/// The interest of a connection.
#[derive(Clone, Copy, PartialEq)]
pub enum Next {
    Read,
    Write,
    End,
}

/// Room for 16 messages of 16 KiB, so that one read empties the socket.
const WINDOW: usize = 512 * 1024;

/// The token of the listener; connections have their index.
const LISTENER: u64 = u64::MAX;

struct Connection<C> {
    stream: TcpStream,
    conversation: C,
    next: Next,
}

/// Accepts and serves connections.
pub fn serve<C: Conversation>(listener: TcpListener) -> Result<(), Failure> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    listener.set_nonblocking(true)?;
    epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;

    let mut window = vec![0; WINDOW];
    let mut events = [EpollEvent::empty(); 1024];
    let mut connections: Vec<Option<Connection<C>>> = Vec::new();
    loop {
        let ready = epoll.wait(&mut events, EpollTimeout::NONE)?;
        for event in &events[..ready] {
            if event.data() == LISTENER {
                accept(&listener, &epoll, &mut connections)?;
                continue;
            }
            let index = event.data() as usize;
            let Some(connection) = &mut connections[index] else { continue };
            match connection.turn(event.events(), &mut window) {
                Ok(Next::End) => connections[index] = None,
                Ok(next) if next == connection.next => {}
                Ok(next) => {
                    connection.next = next;
                    epoll.modify(
                        &connection.stream,
                        &mut EpollEvent::new(next.flags(), event.data()),
                    )?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    eprintln!("a connection ended: {error}");
                    connections[index] = None;
                }
            }
        }
    }
}

impl<C: Conversation> Connection<C> {
    fn turn(&mut self, ready: EpollFlags, window: &mut [u8]) -> io::Result<Next> {
        if ready.contains(EpollFlags::EPOLLOUT) {
            self.conversation.writable(&mut self.stream)
        } else {
            self.conversation.readable(&mut self.stream, window)
        }
    }
}

fn accept<C: Conversation>(
    listener: &TcpListener,
    epoll: &Epoll,
    connections: &mut Vec<Option<Connection<C>>>,
) -> Result<(), Failure> {
    let (stream, _) = listener.accept()?;
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    let index = connections.iter().position(Option::is_none).unwrap_or(connections.len());
    if index == connections.len() {
        connections.push(None);
    }
    epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, index as u64))?;
    connections[index] = Some(Connection { stream, conversation: C::default(), next: Next::Read });
    Ok(())
}

impl Next {
    fn flags(self) -> EpollFlags {
        if self == Self::Write { EpollFlags::EPOLLOUT } else { EpollFlags::EPOLLIN }
    }
}
