//! [`Driven`]: what an event loop drives, a [`Session`] or an [`Exchange`].

use core::time::Duration;

use bytes::Buf;

use super::live::Session;
use super::opening::Exchange;
use super::side::Handshake;
use super::stream::Next;
use crate::timing::TimedOut;

/// The question and the reports that a [`Session`] and an [`Exchange`] have in common, for an event
/// loop that moves the bytes of both with the same code. Nothing else can implement it.
///
/// The methods are those of the same names on the two types.
pub trait Driven: sealed::Sealed {
    /// Returns what to do with the stream now.
    ///
    /// # Errors
    ///
    /// The timeout that has expired.
    fn next(&mut self, now: Duration) -> Result<Next, TimedOut>;

    /// The next contiguous bytes to write; empty if there are none.
    fn chunk(&mut self) -> &[u8];

    /// Reports that the stream has accepted bytes, and takes them off the output; 0 is a failure.
    ///
    /// # Panics
    ///
    /// If there is less output.
    fn wrote(&mut self, count: usize);

    /// Reports that the stream has flushed all it was given.
    fn flushed(&mut self);

    /// Reports that the stream accepts nothing now.
    fn write_would_block(&mut self, now: Duration);

    /// Reports that writing has failed.
    fn write_failed(&mut self);

    /// Reports that the write half of the stream is shut down, or can't be.
    fn write_half_shut_down(&mut self);

    /// Takes bytes that were read from the stream.
    fn received(&mut self, bytes: &[u8]);

    /// Reports that the stream has no bytes now.
    fn read_would_block(&mut self);

    /// Reports the end of the stream, or a reset.
    fn end_input(&mut self);

    /// Reports that the stream is ready: it may accept bytes, and have some, again.
    fn stream_ready(&mut self);
}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for Session {}
impl<H: Handshake> sealed::Sealed for Exchange<H> {}

/// Calls the methods of the type.
macro_rules! by_name {
    () => {
        fn next(&mut self, now: Duration) -> Result<Next, TimedOut> {
            Self::next(self, now)
        }

        fn wrote(&mut self, count: usize) {
            Self::wrote(self, count);
        }

        fn flushed(&mut self) {
            Self::flushed(self);
        }

        fn write_would_block(&mut self, now: Duration) {
            Self::write_would_block(self, now);
        }

        fn write_failed(&mut self) {
            Self::write_failed(self);
        }

        fn write_half_shut_down(&mut self) {
            Self::write_half_shut_down(self);
        }

        fn received(&mut self, bytes: &[u8]) {
            Self::received(self, bytes);
        }

        fn read_would_block(&mut self) {
            Self::read_would_block(self);
        }

        fn end_input(&mut self) {
            Self::end_input(self);
        }

        fn stream_ready(&mut self) {
            Self::stream_ready(self);
        }
    };
}

impl Driven for Session {
    by_name!();

    fn chunk(&mut self) -> &[u8] {
        Buf::chunk(&*self.output())
    }
}

impl<H: Handshake> Driven for Exchange<H> {
    by_name!();

    fn chunk(&mut self) -> &[u8] {
        self.output().map_or(&[], |output| Buf::chunk(&*output))
    }
}
