//! Counts TLS records by their headers, without decrypting them.
//!
//! RFC 8446 §5.1: a type, two bytes of version, and two bytes of length.

const HEADER: usize = 5;

#[derive(Default)]
pub struct Records {
    header: [u8; HEADER],
    /// Received bytes of the header.
    known: usize,
    /// Bytes until the next header.
    body: usize,
    count: u64,
}

impl Records {
    /// Continues with the next bytes of the stream, however it is cut.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let skipped = self.body.min(bytes.len());
            self.body -= skipped;
            bytes = &bytes[skipped..];
            let taken = (HEADER - self.known).min(bytes.len());
            self.header[self.known..][..taken].copy_from_slice(&bytes[..taken]);
            self.known += taken;
            bytes = &bytes[taken..];
            if self.known == HEADER {
                self.count += 1;
                self.body = usize::from(u16::from_be_bytes([self.header[3], self.header[4]]));
                self.known = 0;
            }
        }
    }

    pub fn count(&self) -> u64 {
        self.count
    }
}
