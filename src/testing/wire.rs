//! The bytes on their way between two streams in memory, and the rules for them.

use core::fmt;
use core::mem::take;
use core::task::Waker;
use core::time::Duration;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// The most bytes that one read or write moves. A read returns fewer if fewer are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunking {
    /// No limit.
    Whole,
    /// One byte.
    Bytewise,
    /// 1 to 64 bytes, from a generator with this seed.
    Random(u64),
}

/// The connection between two [`TestStream`](super::TestStream)s, through which a test disturbs
/// them.
#[derive(Clone, Debug)]
pub struct Wire(Arc<WireShared>);

impl Wire {
    pub(super) fn new(chunking: Chunking) -> Self {
        let state = WireState {
            flows: Default::default(),
            chunking,
            room: usize::MAX,
            blackholed: false,
            reset: false,
            woken: Vec::new(),
        };
        Self(Arc::new(WireShared { state: Mutex::new(state), changed: Condvar::new() }))
    }

    /// Resets the connection: bytes on their way are lost, and both streams fail with
    /// `ConnectionReset`.
    pub fn reset(&self) {
        self.change(|state| state.reset = true);
    }

    /// Discards everything that is written from now on, in both directions, and notifies neither
    /// stream: as a peer that has lost its power, or a network that is gone.
    pub fn blackhole(&self) {
        self.change(|state| state.blackholed = true);
    }

    /// Sets how many bytes may be on their way in each direction, before a write blocks. With 0
    /// every write blocks, as for a peer that does not read.
    pub fn set_capacity(&self, bytes: usize) {
        self.change(|state| state.room = bytes);
    }

    pub(super) fn shut_down(&self, side: usize, how: Shutdown) {
        self.change(|state| {
            state.flows[side].ended |= how != Shutdown::Read;
            state.flows[1 - side].reader_gone |= how != Shutdown::Write;
        });
    }

    /// Blocks until the attempt succeeds or the timeout expires.
    pub(super) fn wait<T>(
        &self,
        timeout: Option<Duration>,
        mut attempt: impl FnMut(&mut WireState) -> Option<io::Result<T>>,
    ) -> io::Result<T> {
        let mut result = None;
        let fails = |state: &mut WireState| {
            result = attempt(state);
            result.is_none()
        };
        let (state, timeout) = (self.lock(), timeout.unwrap_or(Duration::MAX));
        drop(
            self.0
                .changed
                .wait_timeout_while(state, timeout, fails)
                .unwrap_or_else(PoisonError::into_inner),
        );
        self.with(|_| ());
        result.unwrap_or_else(|| Err(ErrorKind::WouldBlock.into()))
    }

    pub(super) fn shut_down_on_drop(&self, side: usize) -> ShutDownOnDrop {
        ShutDownOnDrop { wire: self.clone(), side }
    }

    /// Changes the state, and wakes all readers and writers.
    fn change(&self, change: impl FnOnce(&mut WireState)) {
        self.with(|state| {
            change(state);
            state.woken.extend(
                state
                    .flows
                    .iter_mut()
                    .flat_map(|flow| [flow.reader.take(), flow.writer.take()])
                    .flatten(),
            );
        });
    }

    /// Accesses the state, and wakes those concerned with the lock released.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut WireState) -> T) -> T {
        let mut state = self.lock();
        let done = act(&mut state);
        let woken = take(&mut state.woken);
        drop(state);
        self.0.changed.notify_all();
        woken.into_iter().for_each(Waker::wake);
        done
    }

    fn lock(&self) -> MutexGuard<'_, WireState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shuts a stream down when its last handle is dropped.
#[derive(Debug)]
pub(super) struct ShutDownOnDrop {
    wire: Wire,
    side: usize,
}

impl Drop for ShutDownOnDrop {
    fn drop(&mut self) {
        self.wire.shut_down(self.side, Shutdown::Both);
    }
}

#[derive(Debug)]
struct WireShared {
    state: Mutex<WireState>,
    /// Wakes blocked threads.
    changed: Condvar,
}

pub(super) struct WireState {
    /// The bytes that each side writes.
    pub(super) flows: [Flow; 2],
    chunking: Chunking,
    room: usize,
    blackholed: bool,
    reset: bool,
    /// Tasks to wake when the lock is released.
    woken: Vec<Waker>,
}

/// One direction.
#[derive(Default)]
pub(super) struct Flow {
    bytes: VecDeque<u8>,
    /// The write half is shut down.
    ended: bool,
    /// The read half of the peer is shut down, or the peer is dropped.
    reader_gone: bool,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
}

/// `None` means that the operation would block.
impl WireState {
    pub(super) fn read(&mut self, side: usize, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        let flow = &self.flows[1 - side];
        if self.reset {
            return Some(Err(ErrorKind::ConnectionReset.into()));
        }
        if buffer.is_empty() || flow.reader_gone {
            return Some(Ok(0));
        }
        if self.blackholed || flow.bytes.is_empty() {
            return (flow.ended && !self.blackholed).then_some(Ok(0));
        }
        let count = self.chunk().min(buffer.len());
        let flow = &mut self.flows[1 - side];
        self.woken.extend(flow.writer.take());
        Some(io::Read::read(&mut flow.bytes, &mut buffer[..count]))
    }

    pub(super) fn write(
        &mut self,
        side: usize,
        slices: &[IoSlice<'_>],
    ) -> Option<io::Result<usize>> {
        let flow = &self.flows[side];
        if self.reset {
            return Some(Err(ErrorKind::ConnectionReset.into()));
        }
        if flow.ended || flow.reader_gone && !self.blackholed {
            return Some(Err(ErrorKind::BrokenPipe.into()));
        }
        let len = slices.iter().map(|slice| slice.len()).sum();
        let room = self.room.saturating_sub(flow.bytes.len());
        if room == 0 && len > 0 {
            return None;
        }
        let count = self.chunk().min(room).min(len);
        if !self.blackholed {
            let flow = &mut self.flows[side];
            flow.bytes.extend(slices.iter().flat_map(|slice| slice.iter()).take(count));
            self.woken.extend(flow.reader.take());
        }
        Some(Ok(count))
    }

    fn chunk(&mut self) -> usize {
        match &mut self.chunking {
            Chunking::Whole => usize::MAX,
            Chunking::Bytewise => 1,
            Chunking::Random(seed) => {
                // Knuth's MMIX generator, whose upper bits are the better ones.
                *seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (*seed >> 58) as usize + 1
            }
        }
    }
}

/// Shows no content.
impl fmt::Debug for WireState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireState")
            .field("chunking", &self.chunking)
            .field("blackholed", &self.blackholed)
            .finish_non_exhaustive()
    }
}
