//! Compression of a connection's messages: RFC 7692 §6, §7.2. RSV1 on the first frame marks a
//! compressed message.
//!
//! Without feature `deflate`, `Compression` has no value.

#[cfg(feature = "deflate")]
pub(super) use self::with::Compression;
#[cfg(not(feature = "deflate"))]
pub(super) use self::without::Compression;

#[cfg(feature = "deflate")]
mod with {
    use bytes::{Bytes, BytesMut};

    use crate::connection::error::ProtocolError;
    use crate::connection::stats::Ratio;
    use crate::deflate::{Agreed, Compressor, Decompressor, Deflate, InflateError};
    use crate::message::{Compress, Prepared};

    /// The state of both directions.
    pub(in crate::connection) struct Compression {
        pub(in crate::connection) agreed: Agreed,
        compressor: Compressor,
        decompressor: Decompressor,
        received: Ratio,
        sent: Ratio,
    }

    /// Shrinks a buffer that is more than half as large again as its content: it may be queued for
    /// long, and `buffered_amount` counts its length alone.
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
                received: Ratio::default(),
                sent: Ratio::default(),
            }
        }

        /// Compresses a message; `None` sends it uncompressed.
        pub(in crate::connection) fn deflate(
            &mut self,
            message: &[u8],
            choice: Compress,
        ) -> Option<Bytes> {
            match choice {
                Compress::Never => None,
                Compress::Automatic => {
                    let deflated = fit(self.compressor.automatic(message)?);
                    self.sent.count(message.len(), deflated.len());
                    Some(deflated)
                }
                Compress::Always => Some(self.deflate_fragment(message, true)),
            }
        }

        /// Compresses a message that is sent to many connections; `None` sends it uncompressed.
        pub(in crate::connection) fn deflate_prepared(
            &mut self,
            prepared: &Prepared,
        ) -> Option<Bytes> {
            let (message, choice) = (prepared.message().as_bytes(), prepared.compress());
            let compressor = &mut self.compressor;
            // RFC 7692 §7.2.1: without takeover, each message starts "with an empty LZ77 sliding
            // window". Otherwise the bytes depend on the last compressed message of a connection.
            let Some(parameters) = compressor.parameters_of_empty_window() else {
                return self.deflate(message, choice);
            };
            let is_wanted = match choice {
                Compress::Never => false,
                Compress::Automatic => compressor.is_long_enough(message),
                Compress::Always => true,
            };
            if !is_wanted {
                return None;
            }
            let shared = prepared.deflated(parameters, || match choice {
                Compress::Always => {
                    let mut deflated = BytesMut::new();
                    compressor.compress(message, true, &mut deflated);
                    Some(fit(deflated))
                }
                _ => compressor.compress_alone(message).map(fit),
            });
            let Some(shared) = shared else { return self.deflate(message, choice) };
            let deflated = shared?;
            self.sent.count(message.len(), deflated.len());
            Some(deflated)
        }

        /// Whether to compress a fragmented message with this first fragment.
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

        /// Compresses the next fragment of a message.
        pub(in crate::connection) fn deflate_fragment(
            &mut self,
            payload: &[u8],
            last: bool,
        ) -> Bytes {
            let mut deflated = BytesMut::new();
            self.compressor.compress(payload, last, &mut deflated);
            self.sent.count(payload.len(), deflated.len());
            fit(deflated)
        }

        /// Inflates the next bytes of a message; see [`Decompressor::inflate`].
        pub(in crate::connection) fn inflate<'a>(
            &mut self,
            piece: &mut &[u8],
            last: bool,
            limit: u64,
            room: &'a mut [u8],
        ) -> Result<Option<&'a [u8]>, ProtocolError> {
            let deflated = piece.len();
            let inflated = self.decompressor.inflate(piece, last, limit, room);
            let plain = inflated.as_ref().map_or(0, |plain| plain.map_or(0, <[u8]>::len));
            self.received.count(plain, deflated - piece.len());
            inflated.map_err(|error| match error {
                InflateError::TooBig => ProtocolError::MessageTooBig { limit },
                _ => ProtocolError::InvalidDeflate,
            })
        }

        /// The compressed messages of both directions: received, and sent.
        pub(in crate::connection) const fn ratios(&self) -> (Ratio, Ratio) {
            (self.received, self.sent)
        }

        /// The maximum size of a message of `limit` bytes when it is compressed.
        pub(in crate::connection) const fn max_compressed(limit: u64) -> u64 {
            Decompressor::max_compressed(limit)
        }

        /// Frees the compressor's window.
        pub(in crate::connection) fn release_memory(&mut self) {
            self.compressor.release_memory();
        }

        /// Frees the windows of both directions: no other message follows.
        pub(in crate::connection) fn release_all_memory(&mut self) {
            self.compressor.release_memory();
            self.decompressor = Decompressor::new(&self.agreed);
        }

        /// Heap bytes held.
        pub(in crate::connection) fn bytes_held(&self) -> usize {
            self.compressor.bytes_held() + self.decompressor.bytes_held()
        }
    }
}

#[cfg(not(feature = "deflate"))]
mod without {
    use bytes::Bytes;

    use crate::connection::error::ProtocolError;
    use crate::connection::stats::Ratio;
    use crate::message::{Compress, Prepared};

    /// Compression that is not compiled in.
    pub(in crate::connection) enum Compression {}

    impl Compression {
        pub(in crate::connection) fn deflate(&mut self, _: &[u8], _: Compress) -> Option<Bytes> {
            match *self {}
        }

        pub(in crate::connection) fn deflate_prepared(&mut self, _: &Prepared) -> Option<Bytes> {
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

        pub(in crate::connection) fn ratios(&self) -> (Ratio, Ratio) {
            match *self {}
        }

        pub(in crate::connection) const fn max_compressed(limit: u64) -> u64 {
            limit
        }

        pub(in crate::connection) fn release_all_memory(&mut self) {
            match *self {}
        }

        pub(in crate::connection) fn release_memory(&mut self) {
            match *self {}
        }

        pub(in crate::connection) fn bytes_held(&self) -> usize {
            match *self {}
        }
    }
}
