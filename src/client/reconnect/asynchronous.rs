//! Reconnecting on an async runtime.

use core::fmt;
use std::boxed::Box;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};

use super::cause::Cause;
use super::given_up::GivenUp;
use super::progress::{Event, Progress, Step};
use super::schedule::Schedule;
use crate::adapter::Error;
use crate::adapter::runtime::{Clock, Stream, WebSocket};
use crate::handshake::Response;

/// A client that connects again after a failure, on an async stream and its clock: see the
/// [module](super).
///
/// [`connect`](Self::connect) is enough for most clients. [`next_event`](Self::next_event) also
/// reports attempts and delays. Before the next call, [`ended`](Self::ended) reports how the last
/// connection has ended.
///
/// Delays are waited for on the clock, and nothing runs between the calls: dropping it stops it.
///
/// ```no_run
/// # #[cfg(feature = "tokio")] mod example {
/// use std::error::Error;
///
/// use sansocket::ClientRequest;
/// use sansocket::reconnect::{Cause, Policy};
/// use sansocket::tokio::Connector;
///
/// /// Prints what the server sends, over as many connections as it takes.
/// async fn follow() -> Result<(), Box<dyn Error>> {
///     let request = || async { Ok(ClientRequest::new("ws://127.0.0.1:9001/feed")?) };
///     let mut reconnect = Connector::new().reconnect(Policy::new(), request)?;
///     while let Some((mut socket, _response)) = reconnect.connect().await? {
///         let result = loop {
///             match socket.recv().await {
///                 Ok(Some(message)) => println!("{message}"),
///                 Ok(None) => break Ok(()),
///                 Err(error) => break Err(error),
///             }
///         };
///         reconnect.ended(Cause::of(result, socket.closed()));
///     }
///     Ok(())
/// }
/// # }
/// ```
pub struct Reconnect<S, C> {
    clock: C,
    progress: Progress,
    connect: Box<dyn FnMut() -> Attempt<S, C> + Send>,
    /// The attempt, kept here so that a future that is dropped does not end it.
    attempt: Option<Attempt<S, C>>,
}

type Attempt<S, C> =
    Pin<Box<dyn Future<Output = Result<(WebSocket<S, C>, Response), Error>> + Send>>;

impl<S: Stream, C: Clock> Reconnect<S, C> {
    /// A client that opens its connections by this function, which is called for each attempt.
    /// There is no timeout around it but its own.
    #[must_use]
    pub fn new<F>(
        schedule: Schedule,
        clock: C,
        mut connect: impl FnMut() -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(WebSocket<S, C>, Response), Error>> + Send + 'static,
    {
        Self {
            clock,
            progress: Progress::new(schedule),
            connect: Box::new(move || Box::pin(connect())),
            attempt: None,
        }
    }

    /// Waits for the next connection, through as many attempts and delays as it takes. `None` if no
    /// other one is wanted: this side has closed the last one, or the peer with code 1000.
    ///
    /// # Cancel safety
    ///
    /// The next call continues the attempt, or the delay.
    ///
    /// # Errors
    ///
    /// [`GivenUp`] if no other connection is tried. Then `None`.
    pub async fn connect(&mut self) -> Result<Option<(WebSocket<S, C>, Response)>, GivenUp> {
        loop {
            match self.next_event().await? {
                Some(Event::Connected { socket, response }) => return Ok(Some((socket, response))),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// Waits for the next [`Event`]; otherwise as [`connect`](Self::connect).
    ///
    /// # Cancel safety
    ///
    /// As of [`connect`](Self::connect). No event is lost.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn next_event(&mut self) -> Result<Option<Event<WebSocket<S, C>>>, GivenUp> {
        poll_fn(|cx| {
            loop {
                let Self { clock, progress, connect, attempt } = self;
                match progress.step {
                    Step::Connect => return Poll::Ready(Ok(Some(progress.begin(clock.now())))),
                    Step::Connecting => {
                        let connected =
                            ready!(attempt.get_or_insert_with(connect).as_mut().poll(cx));
                        *attempt = None;
                        return Poll::Ready(progress.finish(connected, clock.now()));
                    }
                    Step::Connected => return Poll::Ready(progress.next(clock.now())),
                    Step::Waiting { until } => {
                        let waited = clock.poll_until(cx, until);
                        if !clock.has_timer() {
                            return Poll::Ready(Err(progress.give_up(Error::NoTimer)));
                        }
                        ready!(waited);
                        progress.step = Step::Connect;
                    }
                    Step::Over => return Poll::Ready(Ok(None)),
                }
            }
        })
        .await
    }

    /// Reports how the connection has ended: [`Cause::of`] makes the cause of the result of the
    /// work, and of [`closed`](WebSocket::closed). Without a report before the next call, the
    /// connection counts as lost, and is tried again whatever the peer's code was.
    pub fn ended(&mut self, cause: impl Into<Cause>) {
        self.progress.ended(cause.into(), self.clock.now());
    }
}

impl<S, C> fmt::Debug for Reconnect<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconnect").field("progress", &self.progress).finish_non_exhaustive()
    }
}

/// Defines `Reconnect` of an adapter that has sockets, and `Connector::reconnect`.
#[cfg(any(feature = "tokio", feature = "async-io"))]
macro_rules! reconnects {
    ($connector:ty, $stream:ty, $clock:expr => $Clock:ty) => {
        /// A client that connects again after a failure: see
        /// [`reconnect`](crate::reconnect).
        pub type Reconnect = $crate::client::reconnect::Reconnect<$stream, $Clock>;

        impl $connector {
            /// A client that connects again after a failure. The function makes the request of each
            /// attempt, for example with a token that it fetches. An error of it is a failed
            /// attempt; an [`Error::Io`] of
            /// [`io::Error::other`](std::io::Error::other) is tried again.
            ///
            /// ```no_run
            /// use std::collections::VecDeque;
            ///
            /// use sansocket::reconnect::{Cause, Policy};
            /// use sansocket::tokio::Connector;
            /// use sansocket::{ClientRequest, Error};
            ///
            /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
            /// let request = || async { Ok(ClientRequest::new("ws://127.0.0.1:9001/feed")?) };
            /// let mut reconnect = Connector::new().reconnect(Policy::new(), request)?;
            /// let mut unsent = VecDeque::new();
            /// while let Some((mut socket, _response)) = reconnect.connect().await? {
            ///     socket.keep_unsent();
            ///     let work = async {
            ///         // A message that can't be fed stays, for the next connection.
            ///         while let Some(message) = unsent.front().cloned() {
            ///             socket.feed(message).await?;
            ///             unsent.pop_front();
            ///         }
            ///         while let Some(message) = socket.recv().await? {
            ///             socket.send(message).await?;
            ///         }
            ///         Ok::<(), Error>(())
            ///     };
            ///     let result = work.await;
            ///     reconnect.ended(Cause::of(result, socket.closed()));
            ///     // Those that this connection has accepted come first.
            ///     unsent = socket.unsent().into_iter().chain(unsent).collect();
            /// }
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            ///
            /// [`NoEntropy`](crate::NoEntropy) if the operating system has no random bytes for the
            /// delays.
            pub fn reconnect<F>(
                &self,
                policy: $crate::client::reconnect::Policy,
                mut request: impl FnMut() -> F + Send + 'static,
            ) -> Result<Reconnect, $crate::connection::NoEntropy>
            where
                F: Future<Output = Result<ClientRequest, Error>> + Send + 'static,
            {
                let connector = self.clone();
                let schedule = $crate::client::reconnect::Schedule::new(policy)?;
                Ok(Reconnect::new(schedule, $clock, move || {
                    let (connector, request) = (connector.clone(), request());
                    async move { connector.connect(&request.await?).await }
                }))
            }
        }
    };
}

#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(in crate::client) use reconnects;
