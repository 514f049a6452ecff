//! Compressed messages in the flow: RFC 7692 §6, §7.2. What is compressed is marked by RSV1 on a
//! message's first frame.
//!
//! This is where the crate learns whether it was built with feature `deflate`: without it there is
//! never a `Compression`.

#[cfg(feature = "deflate")]
pub(super) use self::with::Compression;
#[cfg(not(feature = "deflate"))]
pub(super) use self::without::Compression;

#[cfg(feature = "deflate")]
mod with {
    use bytes::{Bytes, BytesMut};

    use crate::connection::error::ProtocolError;
    use crate::deflate::{Agreed, Compressor, Decompressor, Deflate, InflateError};
    use crate::message::Compress;

    /// Both directions of a connection on which compression was agreed on.
    pub(in crate::connection) struct Compression {
        pub(in crate::connection) agreed: Agreed,
        compressor: Compressor,
        decompressor: Decompressor,
    }

    /// A buffer of about the size of what is in it: it may wait long to be written, and what waits
    /// is counted by its size.
    fn fit(deflated: BytesMut) -> Bytes {
        let fits = deflated.capacity() <= deflated.len() + deflated.len() / 2;
        if fits { deflated.freeze() } else { Bytes::copy_from_slice(&deflated) }
    }

    impl Compression {
        pub(in crate::connection) fn new(deflate: &Deflate, agreed: &Agreed) -> Self {
            Self {
                agreed: *agreed,
                compressor: Compressor::new(deflate, agreed),
                decompressor: Decompressor::new(agreed),
            }
        }

        /// The message compressed, if it is to be.
        pub(in crate::connection) fn deflate(
            &mut self,
            message: &[u8],
            choice: Compress,
        ) -> Option<Bytes> {
            match choice {
                Compress::Never => None,
                Compress::Automatic => self.compressor.automatic(message).map(fit),
                Compress::Always => Some(self.deflate_fragment(message, true)),
            }
        }

        /// Whether a message in parts is to be compressed, that begins like this.
        pub(in crate::connection) fn is_wanted(
            &self,
            beginning: &[u8],
            last: bool,
            choice: Compress,
        ) -> bool {
            match choice {
                Compress::Never => false,
                Compress::Automatic => self.compressor.is_worth_it(beginning, last),
                Compress::Always => true,
            }
        }

        /// The next part of a message, compressed.
        pub(in crate::connection) fn deflate_fragment(&mut self, part: &[u8], last: bool) -> Bytes {
            let mut deflated = BytesMut::new();
            self.compressor.compress(part, last, &mut deflated);
            fit(deflated)
        }

        /// The next bytes of a message; see [`Decompressor::inflate`].
        pub(in crate::connection) fn inflate<'a>(
            &mut self,
            piece: &mut &[u8],
            last: bool,
            limit: u64,
            room: &'a mut [u8],
        ) -> Result<Option<&'a [u8]>, ProtocolError> {
            self.decompressor.inflate(piece, last, limit, room).map_err(|error| match error {
                InflateError::TooBig => ProtocolError::MessageTooBig { limit },
                _ => ProtocolError::InvalidDeflate,
            })
        }

        /// The most bytes that a message of `limit` bytes may be compressed to.
        pub(in crate::connection) const fn max_compressed(limit: u64) -> u64 {
            Decompressor::max_compressed(limit)
        }

        /// Gives back what an idle connection can do without.
        pub(in crate::connection) fn release_memory(&mut self) {
            self.compressor.release_memory();
        }

        /// Heap bytes held.
        pub(in crate::connection) fn held(&self) -> usize {
            self.compressor.held() + self.decompressor.held()
        }
    }
}

#[cfg(not(feature = "deflate"))]
mod without {
    use bytes::Bytes;

    use crate::connection::error::ProtocolError;
    use crate::message::Compress;

    /// What there is never one of.
    pub(in crate::connection) enum Compression {}

    impl Compression {
        pub(in crate::connection) fn deflate(&mut self, _: &[u8], _: Compress) -> Option<Bytes> {
            match *self {}
        }

        pub(in crate::connection) fn is_wanted(&self, _: &[u8], _: bool, _: Compress) -> bool {
            match *self {}
        }

        pub(in crate::connection) fn deflate_fragment(&mut self, _: &[u8], _: bool) -> Bytes {
            match *self {}
        }

        pub(in crate::connection) fn inflate<'a>(
            &mut self,
            _: &mut &[u8],
            _: bool,
            _: u64,
            _: &'a mut [u8],
        ) -> Result<Option<&'a [u8]>, ProtocolError> {
            match *self {}
        }

        pub(in crate::connection) const fn max_compressed(limit: u64) -> u64 {
            limit
        }

        pub(in crate::connection) fn release_memory(&mut self) {
            match *self {}
        }

        pub(in crate::connection) fn held(&self) -> usize {
            match *self {}
        }
    }
}
