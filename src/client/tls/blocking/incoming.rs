//! Ciphertext from the socket, which is decrypted in the buffer of the caller.
//!
//! ```text
//!   buffer   │ plaintext ──►   │ decrypted already │ ciphertext │
//!            0               filled               taken        count
//! ```
//!
//! Plaintext does not overtake ciphertext. What is ahead of it stays in rustls until the next read:
//! less than a record, whose other part an earlier read has brought. rustls has room for one (RFC
//! 8446 §5.1: 2^14 bytes).

use std::io::{self, ErrorKind, Read};
use std::sync::Mutex;

use rustls::Connection;

use super::locks::lock;
use super::socket::{Applied, Deadline, Socket};
use crate::adapter::blocking::Stream;

#[derive(Default)]
pub(super) struct Incoming {
    timeout: Applied,
}

impl Incoming {
    /// Reads some ciphertext.
    pub(super) fn read<S: Stream>(
        &mut self,
        socket: &mut Socket<S>,
        deadline: &mut Deadline,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        socket.read(&mut self.timeout, deadline.left()?, buffer)
    }

    /// Reads and decrypts some ciphertext of the handshake.
    pub(super) fn read_handshake<S: Stream>(
        &mut self,
        socket: &mut Socket<S>,
        deadline: &mut Deadline,
        tls: &Mutex<Connection>,
    ) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let count = self.read(socket, deadline, &mut buffer)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let (mut tls, mut taken) = (lock(tls), 0);
        while taken < count {
            match feed(&mut tls, &buffer[taken..count])? {
                0 => break,
                more => taken += more,
            }
        }
        Ok(())
    }
}

/// Decrypts ciphertext at the front of this buffer. Returns how much plaintext is there now: 0 is
/// the end, and `None` asks for more. Without ciphertext, the stream has ended.
pub(super) fn decrypt(
    tls: &mut Connection,
    buffer: &mut [u8],
    count: usize,
) -> io::Result<Option<usize>> {
    if count == 0 {
        tls.read_tls(&mut io::empty())?;
        return plaintext(tls, buffer);
    }
    let (mut taken, mut filled) = (0, 0);
    while taken < count {
        match feed(tls, &buffer[taken..count]) {
            Ok(0) => break,
            Ok(more) => taken += more,
            // rustls returns the error again.
            Err(_) if filled > 0 => break,
            Err(error) => return Err(error),
        }
        filled += tls.reader().read(&mut buffer[filled..taken]).unwrap_or_default();
    }
    if filled > 0 { Ok(Some(filled)) } else { plaintext(tls, buffer) }
}

/// Returns the plaintext that rustls has: 0 is the end, and `None` asks for more ciphertext.
pub(super) fn plaintext(tls: &mut Connection, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    match tls.reader().read(buffer) {
        // An error may have been found behind plaintext.
        Err(error) if error.kind() == ErrorKind::WouldBlock => check(tls).map(|()| None),
        result => result.map(Some),
    }
}

/// Returns the error that rustls has found before, if any.
pub(super) fn check(tls: &mut Connection) -> io::Result<()> {
    match tls.process_new_packets() {
        Ok(_) => Ok(()),
        Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
    }
}

/// Gives some ciphertext to rustls. Returns how much it took: 0 after close_notify.
fn feed(tls: &mut Connection, mut ciphertext: &[u8]) -> io::Result<usize> {
    let count = tls.read_tls(&mut ciphertext)?;
    check(tls).map(|()| count)
}
