//! Batches on many connections, each sent when the one before is back: time on the server's processor, messages a second, and how
//! long a batch takes.
//!
//! One thread and one epoll. A round begins and ends with nothing in flight, so what the server used is for the messages counted.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::batch::Batch;
use crate::connection::{self, PATIENCE, Progress, Step};
use crate::{Arguments, Failure};

/// Measures one round after a round that warms up.
pub fn measure(arguments: &Arguments) -> Result<String, Failure> {
    let mut load = Load::new(arguments)?;
    load.round(arguments.warmup)?;
    let before = arguments.server.cpu()?;
    let mut round = load.round(arguments.duration)?;
    let cpu = arguments.server.cpu()? - before;

    round.trips.sort_unstable();
    let messages = round.trips.len() * arguments.depth;
    let trip = |share: f64| round.trips[(round.trips.len() as f64 * share) as usize].as_secs_f64() * 1e6;
    Ok(format!(
        r#"{{"messages": {messages}, "cpu_us": {:.4}, "per_second": {:.1}, "p50_us": {:.2}, "p99_us": {:.2}, "busy": {:.3}}}"#,
        cpu.as_secs_f64() * 1e6 / messages as f64,
        messages as f64 / round.took.as_secs_f64(),
        trip(0.5),
        trip(0.99),
        cpu.as_secs_f64() / round.took.as_secs_f64(),
    ))
}

struct Load {
    epoll: Epoll,
    batch: Batch,
    clients: Vec<Client>,
    window: Vec<u8>,
}

struct Client {
    stream: TcpStream,
    progress: Progress,
    /// What epoll was told to wait for.
    waits: Step,
    begun: Instant,
}

struct Round {
    /// How long each batch took from its first byte out to its last byte back.
    trips: Vec<Duration>,
    took: Duration,
}

impl Load {
    fn new(arguments: &Arguments) -> Result<Self, Failure> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let mut clients = Vec::new();
        for index in 0..arguments.connections {
            let stream = connection::open(arguments, index)?;
            stream.set_nonblocking(true)?;
            epoll.add(&stream, EpollEvent::new(Step::Read.flags(), index as u64))?;
            clients.push(Client { stream, progress: Progress::default(), waits: Step::Read, begun: Instant::now() });
        }
        let batch = Batch::new(arguments.depth, arguments.size, arguments.raw);
        Ok(Self { epoll, batch, clients, window: vec![0; 1024 * 1024] })
    }

    /// Begins no batch after `duration`, and waits for those that are under way.
    fn round(&mut self, duration: Duration) -> Result<Round, Failure> {
        let mut trips = Vec::with_capacity(1 << 20);
        let begun = Instant::now();
        for index in 0..self.clients.len() {
            self.begin(index)?;
        }
        let mut under_way = self.clients.len();
        let mut events = [EpollEvent::empty(); 1024];
        while under_way > 0 {
            let ready = self.epoll.wait(&mut events, EpollTimeout::try_from(PATIENCE)?)?;
            if ready == 0 {
                return Err(format!("no answer within {} s", PATIENCE.as_secs()).into());
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
                if step != Step::Done {
                    self.wait_for(index, step)?;
                    continue;
                }
                trips.push(client.begun.elapsed());
                if begun.elapsed() < duration {
                    self.begin(index)?;
                } else {
                    under_way -= 1;
                }
            }
        }
        Ok(Round { trips, took: begun.elapsed() })
    }

    fn begin(&mut self, index: usize) -> Result<(), Failure> {
        let client = &mut self.clients[index];
        client.begun = Instant::now();
        let step = client.progress.write(&mut client.stream, &self.batch)?;
        self.wait_for(index, step)
    }

    fn wait_for(&mut self, index: usize, step: Step) -> Result<(), Failure> {
        let client = &mut self.clients[index];
        if client.waits != step {
            client.waits = step;
            self.epoll.modify(&client.stream, &mut EpollEvent::new(step.flags(), index as u64))?;
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
