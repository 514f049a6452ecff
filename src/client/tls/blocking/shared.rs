//! What the handles of a TLS stream share: rustls, and the locks of both directions.

use std::boxed::Box;
use std::io::{self, IoSlice};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::time::Duration;

use rustls::Connection;

use super::incoming::{self, Incoming};
use super::locks::{lock, try_lock};
use super::outgoing::{MAX_QUEUED, MAX_RECORD, Outgoing};
use super::socket::{Deadline, Socket, is_timeout};
use crate::adapter::blocking::Stream;

/// How long an alert may block a thread that reads, or that shuts the stream down.
const ALERT_TIMEOUT: Duration = Duration::from_millis(20);

/// The locks, in the order in which they are taken.
pub(super) struct Shared {
    /// Held during the handshake, which needs both directions.
    opening: Mutex<()>,
    incoming: Mutex<Incoming>,
    outgoing: Mutex<Outgoing>,
    /// Held for calls of rustls only.
    pub(super) tls: Mutex<Connection>,
    is_open: AtomicBool,
    /// Whether reading has caused records that nobody has written yet.
    has_replies: AtomicBool,
    handles: AtomicUsize,
    /// The host of the URL, or empty.
    pub(super) host: Box<str>,
}

impl Shared {
    pub(super) fn new(connection: Connection, host: &str) -> Self {
        Self {
            opening: Mutex::default(),
            incoming: Mutex::default(),
            outgoing: Mutex::default(),
            tls: Mutex::new(connection),
            is_open: AtomicBool::new(false),
            has_replies: AtomicBool::new(false),
            handles: AtomicUsize::new(1),
            host: host.into(),
        }
    }

    pub(super) fn next_handle(&self) -> usize {
        self.handles.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether the handshake is complete.
    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    /// Completes the handshake.
    pub(super) fn open<S: Stream>(
        &self,
        socket: &mut Socket<S>,
        deadline: &mut Deadline,
    ) -> io::Result<()> {
        if self.is_open() {
            return Ok(());
        }
        let _opening = lock(&self.opening);
        let mut incoming = lock(&self.incoming);
        let mut outgoing = lock(&self.outgoing);
        let mut progress = incoming::check(&mut lock(&self.tls));
        loop {
            let is_handshaking = {
                let mut tls = lock(&self.tls);
                outgoing.collect(&mut tls);
                tls.is_handshaking()
            };
            let written = outgoing.write(socket, deadline, 0);
            // After the alert that tells the peer.
            progress?;
            written?;
            if !is_handshaking {
                self.is_open.store(true, Ordering::Release);
                return Ok(());
            }
            progress = incoming.read_handshake(socket, deadline, &self.tls);
        }
    }

    pub(super) fn read<S: Stream>(
        &self,
        socket: &mut Socket<S>,
        buffer: &mut [u8],
        mut deadline: Deadline,
    ) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.open(socket, &mut deadline)?;
        let mut incoming = lock(&self.incoming);
        let mut received = incoming::plaintext(&mut lock(&self.tls), buffer);
        loop {
            if let Some(count) = received? {
                return Ok(count);
            }
            let count = incoming.read(socket, &mut deadline, buffer)?;
            let mut tls = lock(&self.tls);
            received = incoming::decrypt(&mut tls, buffer, count);
            let has_replies = tls.wants_write();
            drop(tls);
            if has_replies {
                self.has_replies.store(true, Ordering::SeqCst);
                self.write_replies(socket);
            }
        }
    }

    pub(super) fn write<S: Stream>(
        &self,
        socket: &mut Socket<S>,
        plaintext: &[IoSlice<'_>],
        mut deadline: Deadline,
    ) -> io::Result<usize> {
        self.open(socket, &mut deadline)?;
        let written = self.encrypt_and_write(socket, plaintext, &mut deadline);
        self.write_replies(socket);
        written
    }

    fn encrypt_and_write<S: Stream>(
        &self,
        socket: &mut Socket<S>,
        plaintext: &[IoSlice<'_>],
        deadline: &mut Deadline,
    ) -> io::Result<usize> {
        let mut outgoing = lock(&self.outgoing);
        outgoing.write(socket, deadline, MAX_QUEUED - MAX_RECORD)?;
        let accepted = {
            let mut tls = lock(&self.tls);
            let accepted = outgoing.encrypt(&mut tls, plaintext);
            outgoing.collect(&mut tls);
            accepted?
        };
        match outgoing.write(socket, deadline, 0) {
            // What was encrypted can't be taken back.
            Err(error) if accepted > 0 && is_timeout(&error) => Ok(accepted),
            written => written.map(|()| accepted),
        }
    }

    /// Writes what is queued.
    pub(super) fn flush<S: Stream>(
        &self,
        socket: &mut Socket<S>,
        mut deadline: Deadline,
    ) -> io::Result<()> {
        self.open(socket, &mut deadline)?;
        let written = lock(&self.outgoing).write(socket, &mut deadline, 0);
        self.write_replies(socket);
        written?;
        socket.stream.flush()
    }

    /// Sends what reading has caused, such as an alert. If another thread is writing, that one does
    /// it afterwards.
    fn write_replies<S: Stream>(&self, socket: &mut Socket<S>) {
        loop {
            // Between the flag and the lock, for the thread that sets the flag and for the one that
            // leaves the lock: one of them sees what the other did.
            fence(Ordering::SeqCst);
            if !self.has_replies.load(Ordering::SeqCst) {
                return;
            }
            let Some(mut outgoing) = try_lock(&self.outgoing) else { return };
            self.has_replies.store(false, Ordering::SeqCst);
            outgoing.collect(&mut lock(&self.tls));
            // What is left is the next writer's.
            let _ = outgoing.write(socket, &mut Deadline::new(Some(ALERT_TIMEOUT)), 0);
        }
    }

    /// Sends close_notify, unless another thread is writing or the peer does not read.
    pub(super) fn send_close_notify<S: Stream>(&self, socket: &mut Socket<S>) {
        if !self.is_open() {
            return;
        }
        if let Some(mut outgoing) = try_lock(&self.outgoing) {
            let mut tls = lock(&self.tls);
            tls.send_close_notify();
            outgoing.collect(&mut tls);
            drop(tls);
            // Without it, the peer can't tell the end from an attack, but by the Close frame.
            let _ = outgoing.write(socket, &mut Deadline::new(Some(ALERT_TIMEOUT)), 0);
        }
    }
}
