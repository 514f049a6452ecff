//! Splits a connection into halves, and joins them.

use std::boxed::Box;
use std::net::Shutdown;
use std::sync::Arc;

use super::io::Io;
use super::receiver::{Receiver, ReceiverGuard};
use super::sender::Sender;
use super::shared::SharedCore;
use super::stream::{Stream, TryClone};
use super::unsplit::Unsplit;
use super::websocket::WebSocket;
use crate::adapter::Error;

impl<S: Stream> WebSocket<S> {
    /// Splits the connection, to send from one or more threads while another thread receives.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the stream can't be cloned.
    pub fn split(self) -> Result<(Sender<S>, Receiver<S, S>), Error>
    where
        S: TryClone,
    {
        let writer = self.stream().try_clone()?;
        let mut third = self.stream().try_clone()?;
        self.split_with_writer(writer, move || {
            // A stream that can't be shut down has ended.
            let _ = third.shutdown(Shutdown::Both);
        })
    }

    /// As [`split`](Self::split), with the outgoing half of a stream that has halves of its own.
    /// `abort` has to end both halves at once, also while other threads read and write.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the outgoing half can't be made to block.
    pub fn split_with_writer<W: Stream>(
        self,
        writer: W,
        abort: impl FnOnce() + Send + 'static,
    ) -> Result<(Sender<W>, Receiver<S, W>), Error> {
        let Unsplit { session, mut incoming } = self.driver;
        let outgoing = Io::new(writer, incoming.io.epoch())?;
        incoming.io.forget_timeouts();
        let shared = Arc::new(SharedCore::new(session, outgoing, Box::new(abort)));
        let sender = Sender { shared: Arc::clone(&shared) };
        Ok((sender, Receiver { guard: ReceiverGuard::new(shared), incoming }))
    }
}

impl<S: Stream, W: Stream> Receiver<S, W> {
    /// Joins the halves.
    ///
    /// # Errors
    ///
    /// Returns both halves if they belong to different connections, if another clone of the sender
    /// exists, or if the connection was aborted.
    #[expect(clippy::result_large_err, reason = "the halves are given back")]
    pub fn reunite(self, sender: Sender<W>) -> Result<WebSocket<S>, (Self, Sender<W>)> {
        let shared = Arc::clone(&self.guard.shared);
        // The receiver's, the sender's, and this one.
        if shared.is_aborted()
            || !Arc::ptr_eq(&shared, &sender.shared)
            || Arc::strong_count(&shared) != 3
        {
            return Err((self, sender));
        }
        let Self { mut guard, mut incoming } = self;
        guard.on_drop = None;
        drop((guard, sender));
        match Arc::try_unwrap(shared) {
            Ok(shared) => {
                incoming.io.forget_timeouts();
                Ok(WebSocket { driver: Unsplit { session: shared.into_session(), incoming } })
            }
            // Only this sender existed, so no clone of it can have been made meanwhile.
            Err(shared) => {
                let sender = Sender { shared: Arc::clone(&shared) };
                Err((Self { guard: ReceiverGuard::new(shared), incoming }, sender))
            }
        }
    }
}
