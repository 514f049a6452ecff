//! A stream that gives and takes one byte at a time and is never ready twice in a row, and the hand
//! that polls what stands on it.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

pub use crate::bell::Bell;

/// A stream that gives and takes one grain at a time, and between two grains says that it has to
/// wait.
pub struct Drip(pub Tap);

/// The other end of it.
#[derive(Clone)]
pub struct Tap(Arc<Mutex<Script>>);

#[derive(Default)]
pub struct Script {
    pub input: VecDeque<u8>,
    /// Whether the input is all there will be.
    pub ends: bool,
    /// Whether it ends only after our own half did.
    pub ends_second: bool,
    /// How much is written at a time.
    pub grain: usize,
    /// Whether what is written stays here until it is flushed.
    pub holds_back: bool,
    pub held: Vec<u8>,
    pub written: Vec<u8>,
    pub shut: bool,
    /// Whether it was shut when the input's end was met.
    pub shut_first: Option<bool>,
    /// Whether reading, writing, flushing, ending said that they have to wait, and are ready next
    /// time.
    waited: [bool; 4],
    wakers: Vec<Waker>,
}

impl Tap {
    pub fn new(input: Vec<u8>, ends: bool) -> Self {
        Self(Arc::new(Mutex::new(Script {
            input: input.into(),
            ends,
            grain: 1,
            ..Script::default()
        })))
    }

    pub fn get<T>(&self, look: impl FnOnce(&mut Script) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    pub fn written(&self) -> Vec<u8> {
        self.get(|script| script.written.clone())
    }

    /// Wakes whoever was told to wait.
    pub fn wake(&self) {
        let wakers = self.get(|script| std::mem::take(&mut script.wakers));
        wakers.into_iter().for_each(Waker::wake);
    }

    pub fn is_dropped(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl Drip {
    fn turn<T>(
        &self,
        which: usize,
        cx: &Context<'_>,
        act: impl FnOnce(&mut Script) -> Option<T>,
    ) -> Poll<io::Result<T>> {
        self.0.get(|script| {
            script.waited[which] = !script.waited[which];
            if !script.waited[which] {
                if let Some(done) = act(script) {
                    return Poll::Ready(Ok(done));
                }
            }
            script.wakers.push(cx.waker().clone());
            Poll::Pending
        })
    }

    fn read(&self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.turn(0, cx, |script| match script.input.pop_front() {
            Some(byte) => {
                buffer[0] = byte;
                Some(1)
            }
            None => (script.ends && (script.shut || !script.ends_second)).then(|| {
                script.shut_first.get_or_insert(script.shut);
                0
            }),
        })
    }

    fn write(&self, cx: &Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.turn(1, cx, |script| {
            let bytes: Vec<u8> =
                slices.iter().flat_map(|slice| slice.iter()).copied().take(script.grain).collect();
            if script.holds_back {
                script.held.extend(&bytes)
            } else {
                script.written.extend(&bytes)
            }
            Some(bytes.len())
        })
    }

    fn flush(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.turn(2, cx, |script| {
            let held = std::mem::take(&mut script.held);
            script.written.extend(held);
            Some(())
        })
    }

    fn shut(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.turn(3, cx, |script| {
            script.shut = true;
            Some(())
        })
    }
}

impl ::tokio::io::AsyncRead for Drip {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ::tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.read(cx, buffer.initialize_unfilled()).map_ok(|count| buffer.advance(count))
    }
}

impl ::futures_io::AsyncRead for Drip {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.read(cx, buffer)
    }
}

macro_rules! async_write {
    ($trait:ty, $shutdown:ident) => {
        impl $trait for Drip {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.write(cx, &[IoSlice::new(buffer)])
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.write(cx, slices)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.flush(cx)
            }

            fn $shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.shut(cx)
            }
        }
    };
}

async_write!(::tokio::io::AsyncWrite, poll_shutdown);
async_write!(::futures_io::AsyncWrite, poll_close);

pub fn poll_once<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> (Poll<T>, Arc<Bell>) {
    let bell = Arc::new(Bell::default());
    (future.poll(&mut Context::from_waker(&Waker::from(bell.clone()))), bell)
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
