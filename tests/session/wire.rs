//! Two sessions, joined by a wire without a clock, and driven only by [`Session::next`].

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Buf;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sansocket::session::{Next, Session};
use sansocket::timing::{TimedOut, Timeouts};
use sansocket::{CloseCode, Closed, Event, Message, Role, State};
use support::Chunking;

use super::sessions::{s, session};

/// One direction.
struct Wire {
    bytes: VecDeque<u8>,
    capacity: usize,
    chunking: Chunking,
    random: StdRng,
    /// The writer has shut it down, or closed it.
    ended: bool,
    /// The reader has closed it: writing fails.
    reader_gone: bool,
    /// Bytes that are carried before it is cut.
    cut_after: usize,
    carried: usize,
}

impl Wire {
    fn new(chunking: Chunking, seed: u64) -> Self {
        Self {
            bytes: VecDeque::new(),
            capacity: usize::MAX,
            chunking,
            random: StdRng::seed_from_u64(seed),
            ended: false,
            reader_gone: false,
            cut_after: usize::MAX,
            carried: 0,
        }
    }

    /// The largest chunk of the next read or write.
    fn chunk(&mut self) -> usize {
        match self.chunking {
            Chunking::Whole => usize::MAX,
            Chunking::Bytewise => 1,
            Chunking::At(at) if self.carried < at => at - self.carried,
            Chunking::At(_) => usize::MAX,
            Chunking::Random(_) => self.random.next_u32() as usize % 64 + 1,
        }
    }

    fn is_cut(&self) -> bool {
        self.carried >= self.cut_after
    }
}

/// A side of the connection, with its application.
pub struct End {
    pub session: Session,
    pub to_send: VecDeque<Message>,
    pub received: Vec<Message>,
    /// Begins to close once it has sent everything, and has received so many messages.
    pub closes_after: Option<usize>,
    pub closed: Vec<Closed>,
    pub errors: Vec<(Duration, TimedOut)>,
    /// Takes no events above the high-water mark. If both sides did so, they might wait for each
    /// other.
    pub waits_for_room: bool,
    /// Its application and its event loop do nothing.
    pub stopped: bool,
    is_done: bool,
    deadline: Option<Duration>,
}

impl End {
    fn new(role: Role, timeouts: Timeouts) -> Self {
        Self {
            session: session(role, timeouts),
            to_send: VecDeque::new(),
            received: Vec::new(),
            closes_after: None,
            closed: Vec::new(),
            errors: Vec::new(),
            waits_for_room: role == Role::Server,
            stopped: false,
            is_done: false,
            deadline: None,
        }
    }

    /// Takes events and sends messages. Returns how many events there were.
    fn work(&mut self, now: Duration) -> usize {
        let mut count = 0;
        while !self.waits_for_room || !self.session.is_above_high_water_mark() {
            let Some(event) = self.session.receive(now) else { break };
            assert!(self.closed.is_empty(), "{event:?} after Closed");
            count += 1;
            match event {
                Event::Message(message) => self.received.push(message),
                Event::Closed(closed) => self.closed.push(closed),
                _ => {}
            }
        }
        while self.session.state() == State::Open && !self.session.is_above_high_water_mark() {
            let Some(message) = self.to_send.pop_front() else { break };
            // It fails once writing has.
            if self.session.send(message).is_err() {
                break;
            }
        }
        if self.closes_after.is_some_and(|count| self.received.len() >= count)
            && self.to_send.is_empty()
        {
            self.closes_after = None;
            self.session.close(CloseCode::NORMAL, now);
        }
        count
    }

    /// Does all that the wires allow. Returns whether anything happened.
    fn drive(&mut self, incoming: &mut Wire, outgoing: &mut Wire, now: Duration) -> bool {
        let session_ready = !self.stopped && !self.is_done;
        if !session_ready {
            return false;
        }
        self.session.stream_ready();
        let (mut calls, mut happened) = (0, 0);
        loop {
            happened += self.work(now);
            calls += 1;
            // Each call but those that find nothing to do is for something that happens.
            assert!(calls <= happened + 4, "{calls} calls: {:?}", self.session.next(now));
            match self.session.next(now) {
                Ok(Next::Write) => {
                    let chunk = self.session.output().chunk().to_vec();
                    let room = outgoing.capacity.saturating_sub(outgoing.bytes.len());
                    let count = chunk.len().min(outgoing.chunk()).min(room);
                    if outgoing.reader_gone || outgoing.is_cut() {
                        self.session.write_failed();
                    } else if count == 0 {
                        self.session.write_would_block(now);
                    } else {
                        outgoing.bytes.extend(&chunk[..count]);
                        outgoing.carried += count;
                        self.session.wrote(count);
                        happened += 1;
                    }
                }
                Ok(Next::Flush) => {
                    self.session.flushed();
                    happened += 1;
                }
                Ok(Next::ShutdownWrite) => {
                    outgoing.ended = true;
                    self.session.write_half_shut_down();
                    happened += 1;
                }
                Ok(Next::Read) => {
                    let count = incoming.bytes.len().min(incoming.chunk());
                    if count > 0 {
                        let bytes: Vec<u8> = incoming.bytes.drain(..count).collect();
                        self.session.received(&bytes);
                        happened += 1;
                    } else if incoming.ended || incoming.is_cut() {
                        self.session.end_input();
                        happened += 1;
                    } else {
                        self.session.read_would_block();
                    }
                }
                Ok(Next::Wait(deadline)) => {
                    self.deadline = deadline;
                    return happened > 0;
                }
                Ok(Next::Done) => {
                    self.work(now);
                    (outgoing.ended, incoming.reader_gone) = (true, true);
                    (self.is_done, self.deadline) = (true, None);
                    return true;
                }
                Err(error) => {
                    self.errors.push((now, error));
                    happened += 1;
                }
            }
        }
    }
}

pub struct Pair {
    pub client: End,
    pub server: End,
    to_server: Wire,
    to_client: Wire,
    pub now: Duration,
}

impl Pair {
    pub fn new(chunking: Chunking, timeouts: Timeouts) -> Self {
        Self {
            client: End::new(Role::Client, timeouts),
            server: End::new(Role::Server, timeouts),
            to_server: Wire::new(chunking, 1),
            to_client: Wire::new(chunking, 2),
            now: s(0),
        }
    }

    /// How many bytes may be on their way in each direction.
    pub fn with_capacity(mut self, bytes: usize) -> Self {
        (self.to_server.capacity, self.to_client.capacity) = (bytes, bytes);
        self
    }

    /// After so many bytes in a direction that direction is cut.
    pub fn cut_after(mut self, to_server: usize, to_client: usize) -> Self {
        (self.to_server.cut_after, self.to_client.cut_after) = (to_server, to_client);
        self
    }

    pub fn ends(&mut self) -> [&mut End; 2] {
        [&mut self.client, &mut self.server]
    }

    /// Carries bytes until nothing happens without the time.
    pub fn settle(&mut self) {
        let Self { client, server, to_server, to_client, now } = self;
        while client.drive(to_client, to_server, *now) | server.drive(to_server, to_client, *now) {}
    }

    /// Lets time pass, from deadline to deadline, until the sides that are not stopped are done.
    pub fn run_to_done(&mut self) {
        for _ in 0..2000 {
            self.settle();
            if self.ends().iter().all(|end| end.is_done || end.stopped) {
                return;
            }
            let deadlines = [self.client.deadline, self.server.deadline];
            let next = deadlines.into_iter().flatten().min();
            let next = next.expect("somebody waits for a time");
            assert!(next > self.now, "a deadline of the past");
            self.now = next;
        }
        panic!("it does not end");
    }
}
