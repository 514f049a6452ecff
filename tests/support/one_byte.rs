//! A stream that reads and writes one byte at a time and is never ready twice in a row: there is an
//! await point inside everything that is read or written.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use crate::streams::{Script, Scripted};

/// Reads and writes [`State::write_size`] bytes at a time, and returns `Pending` between two times.
pub type OneByteStream = Scripted<Handle>;

/// The other end of an [`OneByteStream`].
#[derive(Clone)]
pub struct Handle(Arc<Mutex<State>>);

#[derive(Default)]
pub struct State {
    pub input: VecDeque<u8>,
    /// Whether the input is all there will be.
    pub ends: bool,
    /// Whether it ends only after our own half did.
    pub ends_second: bool,
    /// How many bytes are written at a time.
    pub write_size: usize,
    /// Whether what is written stays here until it is flushed.
    pub holds_back: bool,
    pub held: Vec<u8>,
    pub written: Vec<u8>,
    pub shut: bool,
    /// Whether it was shut when the input's end was met.
    pub shut_first: Option<bool>,
    /// Whether reading, writing, flushing and shutting down returned `Pending` last time.
    waited: [bool; 4],
    wakers: Vec<Waker>,
}

impl Handle {
    pub fn new(input: Vec<u8>, ends: bool) -> Self {
        Self(Arc::new(Mutex::new(State {
            input: input.into(),
            ends,
            write_size: 1,
            ..State::default()
        })))
    }

    pub fn get<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    pub fn written(&self) -> Vec<u8> {
        self.get(|state| state.written.clone())
    }

    /// Wakes every task that waits.
    pub fn wake(&self) {
        let wakers = self.get(|state| std::mem::take(&mut state.wakers));
        wakers.into_iter().for_each(Waker::wake);
    }

    pub fn is_dropped(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl Handle {
    fn turn<T>(
        &self,
        which: usize,
        cx: &Context<'_>,
        act: impl FnOnce(&mut State) -> Option<T>,
    ) -> Poll<io::Result<T>> {
        self.get(|state| {
            state.waited[which] = !state.waited[which];
            if !state.waited[which] {
                if let Some(done) = act(state) {
                    return Poll::Ready(Ok(done));
                }
            }
            state.wakers.push(cx.waker().clone());
            Poll::Pending
        })
    }
}

impl Script for Handle {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.turn(0, cx, |state| match state.input.pop_front() {
            Some(byte) => {
                buffer[0] = byte;
                Some(1)
            }
            None => (state.ends && (state.shut || !state.ends_second)).then(|| {
                state.shut_first.get_or_insert(state.shut);
                0
            }),
        })
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.turn(1, cx, |state| {
            let bytes: Vec<u8> = slices
                .iter()
                .flat_map(|slice| slice.iter())
                .copied()
                .take(state.write_size)
                .collect();
            if state.holds_back {
                state.held.extend(&bytes)
            } else {
                state.written.extend(&bytes)
            }
            Some(bytes.len())
        })
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.turn(2, cx, |state| {
            let held = std::mem::take(&mut state.held);
            state.written.extend(held);
            Some(())
        })
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.turn(3, cx, |state| {
            state.shut = true;
            Some(())
        })
    }
}

/// When a future is dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dropping {
    Never,
    /// Once, after so many polls in the whole conversation.
    After(usize),
    /// After each poll.
    Always,
}

impl Dropping {
    pub fn is_due(self, polls: usize) -> bool {
        self == Self::Always || self == Self::After(polls)
    }
}
