//! Splits a connection into halves, and joins them.

use std::sync::Arc;

use super::closable::Closable;
use super::io::{Clock, Stream};
use super::permit::SinkPermit;
use super::receiver::Receiver;
use super::sender::Sender;
use super::shared::SharedDriver;
use super::websocket::WebSocket;

impl<S: Stream, C: Clock> WebSocket<S, C> {
    /// Splits the connection, to send from one or more tasks while another task receives.
    #[must_use]
    pub fn split(self) -> (Sender<S, C>, Receiver<S, C>) {
        let shared = Arc::new(SharedDriver::new(self.inner.driver.with_stream(Closable::new)));
        (Sender::new(Arc::clone(&shared)), Receiver::new(shared))
    }
}

impl<S: Stream, C: Clock> Receiver<S, C> {
    /// Joins the halves.
    ///
    /// # Errors
    ///
    /// Returns both halves if they belong to different connections, if another clone of the sender
    /// exists, or if the connection was aborted.
    pub fn reunite(
        mut self,
        mut sender: Sender<S, C>,
    ) -> Result<WebSocket<S, C>, (Self, Sender<S, C>)> {
        let is_aborted = self.shared.lock().stream.is_closed();
        // The permit of a sink that is ready holds the connection too.
        let holders = 2 + usize::from(sender.sink().is_held());
        if is_aborted
            || !Arc::ptr_eq(&self.shared, &sender.shared)
            || Arc::strong_count(&self.shared) != holders
        {
            return Err((self, sender));
        }
        *sender.sink() = SinkPermit::default();
        self.on_drop = None;
        let shared = Arc::clone(&self.shared);
        drop((self, sender));
        match Arc::try_unwrap(shared) {
            Ok(shared) => {
                let open = |mut stream: Closable<S>| stream.take().expect("it was open just now");
                Ok(WebSocket::with_driver(shared.into_driver().with_stream(open)))
            }
            // Only this sender existed, so no clone of it can have been made meanwhile.
            Err(shared) => {
                let sender = Sender::new(Arc::clone(&shared));
                Err((Self::new(shared), sender))
            }
        }
    }
}
