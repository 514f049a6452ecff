//! Ciphertext on its way to the socket: records of rustls, in order.

use std::io::{self, IoSlice, Write};
use std::vec::Vec;

use rustls::Connection;

use super::socket::{Applied, Deadline, Socket};
use crate::adapter::blocking::Stream;

/// The plaintext of one record at most, in bytes: RFC 8446 §5.1.
pub(super) const MAX_RECORD: usize = 16 * 1024;

/// The bytes that are queued at most before another record is made of plaintext, and the plaintext
/// that one write encrypts at most: four records, which leave in one system call.
pub(super) const MAX_QUEUED: usize = 4 * MAX_RECORD;

/// The capacity that an empty queue keeps: room for small messages.
const MAX_KEPT: usize = 1024;

#[derive(Default)]
pub(super) struct Outgoing {
    timeout: Applied,
    bytes: Vec<u8>,
    /// The part of them that the socket has accepted.
    written: usize,
}

impl Outgoing {
    fn len(&self) -> usize {
        self.bytes.len() - self.written
    }

    /// Encrypts as much as there is room for. The slices are cut into full records, whatever their
    /// borders are.
    pub(super) fn encrypt(
        &self,
        tls: &mut Connection,
        plaintext: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        tls.set_buffer_limit(Some(MAX_QUEUED.saturating_sub(self.len())));
        tls.writer().write_vectored(plaintext)
    }

    /// Queues what rustls has to send.
    pub(super) fn collect(&mut self, tls: &mut Connection) {
        if tls.wants_write() && self.written > 0 {
            self.bytes.drain(..self.written);
            self.written = 0;
        }
        // A write to a vector does not fail.
        while tls.wants_write() && tls.write_tls(&mut self.bytes).is_ok() {}
    }

    /// Writes until at most so many bytes are queued.
    pub(super) fn write<S: Stream>(
        &mut self,
        socket: &mut Socket<S>,
        deadline: &mut Deadline,
        until: usize,
    ) -> io::Result<()> {
        while self.len() > until {
            let left = deadline.left()?;
            self.written += socket.write(&mut self.timeout, left, &self.bytes[self.written..])?;
        }
        if self.len() == 0 {
            self.written = 0;
            self.bytes.clear();
            self.bytes.shrink_to(MAX_KEPT);
        }
        Ok(())
    }
}
