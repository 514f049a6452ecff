//! All clients on one epoll: sends batches, and receives echoes in any order.

use std::thread;
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use socket2::SockRef;

use crate::batch::Batch;
use crate::connection::{self, Progress, Step, TIMEOUT};
use crate::stream::Stream;
use crate::{Arguments, Failure, Target};

/// Handshakes that are begun before the first is finished: fewer than a listener's backlog.
const AT_ONCE: usize = 64;

pub struct Clients {
    epoll: Epoll,
    batch: Batch,
    clients: Vec<Client>,
    window: Vec<u8>,
}

struct Client {
    stream: Stream,
    progress: Progress,
    /// The interest that is registered with epoll.
    waits: Step,
}

impl Clients {
    pub fn open(arguments: &Arguments, target: &Target) -> Result<Self, Failure> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let mut clients = Vec::new();
        while clients.len() < arguments.connections {
            let end = arguments.connections.min(clients.len() + AT_ONCE);
            let begun = (clients.len()..end)
                .map(|index| connection::begin(target, index))
                .collect::<Result<Vec<_>, _>>()?;
            for mut stream in begun {
                connection::finish(target, &mut stream)?;
                stream.socket().set_nonblocking(true)?;
                // Reset when the load ends: a port in TIME_WAIT is missing for a minute.
                SockRef::from(stream.socket()).set_linger(Some(Duration::ZERO))?;
                let event = EpollEvent::new(Step::Read.flags(), clients.len() as u64);
                epoll.add(stream.socket(), event)?;
                clients.push(Client { stream, progress: Progress::default(), waits: Step::Read });
            }
        }
        if target.raw {
            // Without a handshake, the client does not know when the server has accepted.
            thread::sleep(
                Duration::from_millis(50)
                    + Duration::from_micros(200) * u32::try_from(arguments.connections)?,
            );
        }
        let batch = Batch::new(arguments.depth, arguments.size, target.raw);
        Ok(Self { epoll, batch, clients, window: vec![0; 1024 * 1024] })
    }

    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// TLS records received so far; `None` without TLS.
    pub fn records(&self) -> Option<u64> {
        self.clients.iter().map(|client| client.stream.records()).sum()
    }

    /// Sends a batch, and expects its echo.
    pub fn send(&mut self, index: usize) -> Result<(), Failure> {
        let client = &mut self.clients[index];
        let step = client.progress.write(&mut client.stream, &self.batch)?;
        self.wait_for(index, step)
    }

    /// Expects a batch that another client sends.
    pub fn expect(&mut self, index: usize) {
        self.clients[index].progress = Progress::of_another(&self.batch);
    }

    /// Waits for events; returns the clients whose batch is complete.
    pub fn wait(&mut self, back: &mut Vec<usize>) -> Result<(), Failure> {
        back.clear();
        let mut events = [EpollEvent::empty(); 1024];
        let ready = self.epoll.wait(&mut events, EpollTimeout::try_from(TIMEOUT)?)?;
        if ready == 0 {
            return Err(format!("no answer within {} s", TIMEOUT.as_secs()).into());
        }
        for event in &events[..ready] {
            let index = event.data() as usize;
            let client = &mut self.clients[index];
            let mut step = client.waits;
            if event.events().intersects(EpollFlags::EPOLLOUT) {
                step = client.progress.write(&mut client.stream, &self.batch)?;
            }
            if event.events().intersects(!EpollFlags::EPOLLOUT) {
                step = client.progress.read(&mut client.stream, &self.batch, &mut self.window)?;
            }
            if step == Step::Done {
                back.push(index);
            } else {
                self.wait_for(index, step)?;
            }
        }
        Ok(())
    }

    fn wait_for(&mut self, index: usize, step: Step) -> Result<(), Failure> {
        let client = &mut self.clients[index];
        if client.waits != step {
            client.waits = step;
            let mut event = EpollEvent::new(step.flags(), index as u64);
            self.epoll.modify(client.stream.socket(), &mut event)?;
        }
        Ok(())
    }
}

impl Step {
    fn flags(self) -> EpollFlags {
        match self {
            Self::ReadOrWrite => EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT,
            Self::Read | Self::Done => EpollFlags::EPOLLIN,
        }
    }
}
