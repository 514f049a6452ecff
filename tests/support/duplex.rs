//! A blocking stream in memory with handles for two threads, as a socket has them: one reads while
//! another writes, and they share their timeouts.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sansocket::blocking::{Stream, TryClone};
use sansocket::testing::{TestStream, Wire};

use crate::{Chunking, stream_pair};

/// One wire for each direction, so that a read and a write never wait for each other.
pub struct DuplexStream {
    incoming: Arc<Mutex<TestStream>>,
    outgoing: Arc<Mutex<TestStream>>,
    /// The error of every write, if any.
    pub failure: Option<ErrorKind>,
    /// How often a read returned the end of stream, or a write timed out after that.
    pub dead_ends: Arc<AtomicUsize>,
    wires: [Wire; 2],
}

/// A stream, and the peer's side of it.
pub fn duplex() -> (DuplexStream, DuplexStream) {
    let ((a, b), (c, d)) = (stream_pair(Chunking::Whole), stream_pair(Chunking::Whole));
    let stream = |incoming: TestStream, outgoing: TestStream| {
        let wires = [incoming.wire(), outgoing.wire()];
        let (incoming, outgoing) = (Arc::new(Mutex::new(incoming)), Arc::new(Mutex::new(outgoing)));
        DuplexStream { incoming, outgoing, failure: None, dead_ends: Arc::default(), wires }
    };
    (stream(a, d), stream(c, b))
}

impl DuplexStream {
    /// Sets how many bytes the wire to the peer holds.
    pub fn set_capacity(&self, bytes: usize) {
        self.wires[1].set_capacity(bytes);
    }

    /// Both directions.
    pub fn wires(&self) -> [Wire; 2] {
        self.wires.clone()
    }
}

fn lock(end: &Mutex<TestStream>) -> MutexGuard<'_, TestStream> {
    end.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Read for DuplexStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = lock(&self.incoming).read(buffer);
        self.dead_ends.fetch_add(usize::from(matches!(read, Ok(0))), Ordering::Relaxed);
        read
    }
}

impl Write for DuplexStream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buffer)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        if let Some(failure) = self.failure {
            return Err(failure.into());
        }
        let written = lock(&self.outgoing).write_vectored(slices);
        if written.is_err() && self.dead_ends.load(Ordering::Relaxed) > 0 {
            self.dead_ends.fetch_add(1, Ordering::Relaxed);
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for DuplexStream {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        lock(&self.incoming).set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        lock(&self.outgoing).set_write_timeout(timeout)
    }

    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        // Wakes a thread that reads or writes, as a socket does.
        if how != Shutdown::Read {
            match self.outgoing.try_lock() {
                Ok(mut outgoing) => outgoing.shutdown(Shutdown::Write)?,
                Err(_) => self.wires[1].reset(),
            }
        }
        if how != Shutdown::Write {
            match self.incoming.try_lock() {
                Ok(mut incoming) => incoming.shutdown(Shutdown::Read)?,
                Err(_) => self.wires[0].reset(),
            }
        }
        Ok(())
    }
}

impl TryClone for DuplexStream {
    fn try_clone(&self) -> io::Result<Self> {
        let (incoming, outgoing) = (Arc::clone(&self.incoming), Arc::clone(&self.outgoing));
        Ok(Self {
            incoming,
            outgoing,
            failure: self.failure,
            dead_ends: Arc::clone(&self.dead_ends),
            wires: self.wires.clone(),
        })
    }
}
