//! A stream that accepts as many bytes as a test lets it, and tasks that a test polls by hand.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use sansocket::runtime::WebSocket;
use sansocket::testing::ManualClock;
use sansocket::{Backpressure, Config, Connection, Role, Timeouts};

use crate::streams::{Script, Scripted};
use crate::wakes::WakeCounter;
use crate::{connection, feed_kept};

pub type Stream = Scripted<Gate>;
pub type Sender = sansocket::runtime::Sender<Stream, ManualClock>;
pub type Receiver = sansocket::runtime::Receiver<Stream, ManualClock>;

// The stream.

/// A stream that accepts as many bytes as the test lets it.
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<GateState>>);

#[derive(Default)]
pub struct GateState {
    /// Bytes that it still accepts.
    pub room: usize,
    /// What the peer has got.
    pub written: Vec<u8>,
    /// Writes that were accepted.
    pub writes: usize,
    /// With a buffer, every write is accepted, and the flush waits for room.
    pub buffer: Option<Vec<u8>>,
    pub input: VecDeque<u8>,
    pub failed: bool,
    /// A stream that yields: it wakes the task at once, as often as this.
    pub yields: usize,
    writer: Option<Waker>,
    reader: Option<Waker>,
}

impl Gate {
    pub fn lock(&self) -> MutexGuard<'_, GateState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The peer reads: so many bytes more are accepted.
    pub fn read(&self, bytes: usize) {
        let mut state = self.lock();
        state.room += bytes;
        let writer = state.writer.take();
        drop(state);
        writer.into_iter().for_each(Waker::wake);
    }

    pub fn write(&self, bytes: &[u8]) {
        let mut state = self.lock();
        state.input.extend(bytes);
        let reader = state.reader.take();
        drop(state);
        reader.into_iter().for_each(Waker::wake);
    }

    pub fn fail(&self) {
        self.lock().failed = true;
        self.read(0);
    }

    pub fn written(&self) -> usize {
        self.lock().written.len()
    }

    /// The messages that the peer has received, and the number of its pings and pongs.
    pub fn received(&self) -> (Vec<Vec<u8>>, usize) {
        let mut peer = connection(Role::Client, Config::new());
        let events = feed_kept(&mut peer, &self.lock().written);
        let mut messages = Vec::new();
        let mut others = 0;
        for event in events {
            match event {
                sansocket::Event::Message(message) => messages.push(message.into_bytes().to_vec()),
                _ => others += 1,
            }
        }
        (messages, others)
    }
}

impl GateState {
    fn accept(&mut self, slices: &[IoSlice<'_>]) -> usize {
        let mut count = 0;
        for slice in slices {
            let part = slice.len().min(self.room);
            self.written.extend(&slice[..part]);
            self.room -= part;
            count += part;
        }
        count
    }
}

impl Script for Gate {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        let count = buffer.len().min(state.input.len());
        if count == 0 {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        for (to, from) in buffer.iter_mut().zip(state.input.drain(..count)) {
            *to = from;
        }
        Poll::Ready(Ok(count))
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        if state.failed {
            return Poll::Ready(Err(io::ErrorKind::Other.into()));
        }
        if let Some(buffer) = &mut state.buffer {
            let before = buffer.len();
            slices.iter().for_each(|slice| buffer.extend(&slice[..]));
            return Poll::Ready(Ok(buffer.len() - before));
        }
        match state.accept(slices) {
            0 if state.yields > 0 => {
                state.yields -= 1;
                drop(state);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            0 => {
                state.writer = Some(cx.waker().clone());
                Poll::Pending
            }
            count => {
                state.writes += 1;
                Poll::Ready(Ok(count))
            }
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        let Some(mut buffer) = state.buffer.take() else { return Poll::Ready(Ok(())) };
        let count = state.accept(&[IoSlice::new(&buffer)]);
        buffer.drain(..count);
        let is_empty = buffer.is_empty();
        state.buffer = Some(buffer);
        if is_empty {
            return Poll::Ready(Ok(()));
        }
        if state.yields > 0 {
            state.yields -= 1;
            drop(state);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// A server's connection that accepts no bytes yet, and its clock.
pub fn server(timeouts: Timeouts) -> (Gate, ManualClock, WebSocket<Stream, ManualClock>) {
    let (gate, clock) = (Gate::default(), ManualClock::new());
    let server = Connection::server(Config::new());
    let stream = Scripted(gate.clone());
    let socket = WebSocket::from_parts(stream, clock.clone(), server, timeouts);
    (gate, clock, socket)
}

/// A server's connection in halves that accepts no bytes yet and buffers `high_water_mark`.
pub fn halves(high_water_mark: usize) -> (Gate, Sender, Receiver) {
    let (gate, _, socket) = server(Timeouts { ping: None, write: None, ..Timeouts::default() });
    let (sender, receiver) = socket.split();
    sender.set_backpressure(Backpressure { high_water_mark, ..Backpressure::default() });
    (gate, sender, receiver)
}

// The tasks.

/// A future, and how often its task is woken.
pub struct Task<'a, T> {
    pub future: Pin<Box<dyn Future<Output = T> + 'a>>,
    pub wakes: Arc<WakeCounter>,
}

impl<'a, T> Task<'a, T> {
    pub fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self { future: Box::pin(future), wakes: Arc::default() }
    }

    /// A future that waits after its first poll.
    pub fn pending(future: impl Future<Output = T> + 'a) -> Self {
        let mut task = Self::new(future);
        assert!(task.poll().is_pending(), "it does not wait");
        task.wakes.take();
        task
    }

    pub fn poll(&mut self) -> Poll<T> {
        let waker = Waker::from(Arc::clone(&self.wakes));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    pub fn is_woken(&self) -> bool {
        self.wakes.count() > 0
    }

    /// Polls it as an executor does: only when it was woken, until it was not.
    pub fn run(&mut self) -> Option<T> {
        for _ in 0..1000 {
            if self.wakes.take() == 0 {
                return None;
            }
            if let Poll::Ready(done) = self.poll() {
                return Some(done);
            }
        }
        panic!("it wakes itself without end");
    }
}
