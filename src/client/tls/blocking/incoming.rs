//! Ciphertext from the socket, which is decrypted in the buffer of the caller.
//!
//! ```text
//!   buffer   │ plaintext ──►   (room)  │ decrypted already │ ciphertext │
//!            0                       start                             end
//! ```

use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::vec::Vec;

use rustls::Connection;

use super::socket::{Applied, Deadline, Socket};
use crate::adapter::blocking::Stream;

/// The room before the ciphertext, in bytes: more than the part of a record that an earlier read
/// has left in rustls, so that plaintext does not overtake ciphertext. In a smaller buffer it may:
/// then the ciphertext is kept.
const ROOM: usize = 20 * 1024;

#[derive(Default)]
pub(super) struct Incoming {
    timeout: Applied,
    /// Ciphertext that rustls had no room for, or that came with the end of the handshake.
    rest: Vec<u8>,
}

impl Incoming {
    /// Reads some ciphertext behind the room for its plaintext.
    pub(super) fn read<S: Stream>(
        &mut self,
        socket: &mut Socket<S>,
        deadline: &mut Deadline,
        buffer: &mut [u8],
    ) -> io::Result<Range<usize>> {
        let start = ROOM.min(buffer.len() / 2);
        let space = &mut buffer[start..];
        let kept = self.rest.len().min(space.len());
        if kept > 0 {
            space[..kept].copy_from_slice(&self.rest[..kept]);
            self.rest.drain(..kept);
            return Ok(start..start + kept);
        }
        self.rest = Vec::new();
        let count = socket.read(&mut self.timeout, deadline.left()?, space)?;
        Ok(start..start + count)
    }

    /// Decrypts ciphertext of this buffer. Returns how much plaintext is at its front: 0 is the
    /// end, and `None` asks for more. Without ciphertext, the stream has ended.
    pub(super) fn decrypt(
        &mut self,
        tls: &mut Connection,
        buffer: &mut [u8],
        ciphertext: Range<usize>,
    ) -> io::Result<Option<usize>> {
        if ciphertext.is_empty() {
            tls.read_tls(&mut io::empty())?;
        }
        let (mut start, mut filled) = (ciphertext.start, 0);
        loop {
            let (room, rest) = buffer.split_at_mut(start);
            filled += tls.reader().read(&mut room[filled..]).unwrap_or_default();
            let rest = &rest[..ciphertext.end - start];
            match feed(tls, rest) {
                Ok(0) => {
                    self.rest.splice(..0, rest.iter().copied());
                    break;
                }
                Ok(count) => start += count,
                // rustls returns the error again.
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error),
            }
        }
        if filled > 0 { Ok(Some(filled)) } else { plaintext(tls, buffer) }
    }

    /// Decrypts what was read during the handshake, as far as rustls has room.
    pub(super) fn continue_handshake(&mut self, tls: &mut Connection) -> io::Result<()> {
        loop {
            match feed(tls, &self.rest)? {
                0 => return Ok(()),
                count => drop(self.rest.drain(..count)),
            }
        }
    }

    /// Reads some ciphertext of the handshake.
    pub(super) fn read_handshake<S: Stream>(
        &mut self,
        socket: &mut Socket<S>,
        deadline: &mut Deadline,
    ) -> io::Result<()> {
        let mut buffer = [0; 4096];
        match socket.read(&mut self.timeout, deadline.left()?, &mut buffer)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => {
                self.rest.extend_from_slice(&buffer[..count]);
                Ok(())
            }
        }
    }
}

/// Returns the plaintext that rustls has: 0 is the end, and `None` asks for more ciphertext.
pub(super) fn plaintext(tls: &mut Connection, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    // An error that was found behind plaintext.
    let failed = tls.process_new_packets();
    match tls.reader().read(buffer) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            failed.map(|_| None).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
        }
        result => result.map(Some),
    }
}

/// Gives ciphertext to rustls. Returns how much it took: 0 if there is none, if there is no room
/// before its plaintext is read, and after close_notify.
fn feed(tls: &mut Connection, mut ciphertext: &[u8]) -> io::Result<usize> {
    let len = ciphertext.len();
    if len > 0 {
        match tls.read_tls(&mut ciphertext) {
            // There is no room.
            Err(error) if error.kind() == ErrorKind::Other => {}
            result => drop(result?),
        }
    }
    match tls.process_new_packets() {
        Ok(_) => Ok(len - ciphertext.len()),
        Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
    }
}
