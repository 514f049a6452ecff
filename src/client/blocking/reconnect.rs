//! A client that connects again to a URI, on a thread.

use super::{Connector, MaybeTlsStream};
use crate::adapter::Error;
use crate::client::reconnect::blocking::Reconnect;
use crate::client::reconnect::{Policy, Schedule};
use crate::connection::NoEntropy;
use crate::handshake::ClientRequest;

impl Connector {
    /// A client that connects again after a failure. The function makes the request of each
    /// attempt, for example with a token that it fetches. An error of it is a failed attempt; an
    /// [`Error::Io`] of [`io::Error::other`](std::io::Error::other) is tried again.
    ///
    /// ```no_run
    /// use sansocket::blocking::Connector;
    /// use sansocket::reconnect::{Cause, Policy};
    /// use sansocket::ClientRequest;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let request = || Ok(ClientRequest::new("ws://127.0.0.1:9001/feed")?);
    /// let reconnect = Connector::new().reconnect(Policy::new(), request)?;
    /// let handle = reconnect.handle();
    /// for connection in reconnect {
    ///     let (mut socket, _response) = connection?;
    ///     let mut result = Ok(());
    ///     for message in socket.messages() {
    ///         result = message.map(|message| println!("{message:?}"));
    ///     }
    ///     handle.ended(Cause::of(result, socket.closed()));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NoEntropy`] if the operating system has no random bytes for the delays.
    pub fn reconnect(
        &self,
        policy: Policy,
        mut request: impl FnMut() -> Result<ClientRequest, Error> + Send + 'static,
    ) -> Result<Reconnect<MaybeTlsStream>, NoEntropy> {
        let connector = self.clone();
        let schedule = Schedule::new(policy)?;
        Ok(Reconnect::new(schedule, move || connector.connect(&request()?)))
    }
}
