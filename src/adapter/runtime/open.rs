//! Opens connections on async streams.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::alarm::Alarm;
use super::budget::ReadBudget;
use super::driver::Driver;
use super::io::{self, Clock, Stream, retry};
use super::websocket::WebSocket;
use crate::adapter::Error;
use crate::adapter::handshakes::handshakes;
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::{answer, incoming};
use crate::session::trace::Peer;
use crate::session::{Exchange, Handshake, Next, Session};

/// The first request of a client.
pub type Incoming<S, C> = incoming::Incoming<Transport<S, C>>;

/// The server's answer to a client's request.
pub type Answer<S, C> = answer::Answer<Transport<S, C>, WebSocket<S, C>>;

/// A stream whose opening handshake is not done, with its clock.
pub struct Transport<S, C> {
    stream: S,
    alarm: Alarm<C>,
    budget: ReadBudget,
    /// When the handshake began.
    started: Duration,
    peer: Peer,
}

handshakes! { [async .await] impl[S: Stream, C: Clock] Transport<S, C> => WebSocket<S, C> }

impl<S: Stream, C: Clock> Transport<S, C> {
    pub(in crate::adapter) fn new(
        stream: S,
        clock: C,
        started: impl FnOnce(&C) -> Duration,
    ) -> Self {
        let (started, budget) = (started(&clock), ReadBudget::default());
        Self { stream, started, budget, alarm: Alarm::new(clock), peer: Peer::default() }
    }

    /// Sets the address of the peer.
    #[allow(dead_code, reason = "futures-io alone has no sockets")]
    pub(crate) fn with_peer(mut self, peer: Peer) -> Self {
        self.peer = peer;
        self
    }

    const fn peer(&self) -> Peer {
        self.peer
    }

    const fn started(&self) -> Duration {
        self.started
    }

    fn now(&self) -> Duration {
        self.alarm.now()
    }

    /// Moves bytes until some were received, or the exchange is over: then `false`.
    fn exchange<H: Handshake>(
        &mut self,
        exchange: &mut Exchange<H>,
    ) -> impl Future<Output = Result<bool, Error>> {
        poll_fn(|cx| self.poll_exchange(cx, exchange))
    }

    fn poll_exchange<H: Handshake>(
        &mut self,
        cx: &mut Context<'_>,
        exchange: &mut Exchange<H>,
    ) -> Poll<Result<bool, Error>> {
        exchange.stream_ready();
        loop {
            let written = match exchange.next(self.alarm.now())? {
                Next::Write => {
                    let Some(output) = exchange.output() else { continue };
                    match io::poll_write(&mut self.stream, cx, &output) {
                        Poll::Ready(Ok(0)) => Poll::Ready(Err(Error::ConnectionLost)),
                        written => written.map_ok(|count| exchange.wrote(count)),
                    }
                }
                Next::Flush => retry(|| self.stream.poll_flush(cx)).map_ok(|()| exchange.flushed()),
                Next::ShutdownWrite => retry(|| self.stream.poll_shutdown(cx))
                    .map_ok(|()| exchange.write_half_shut_down()),
                Next::Read => {
                    // The task yields, although the peer may always have more bytes.
                    if self.budget.is_used_up() {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    let mut buffer = ReadBuffer::new(false);
                    match io::poll_read(&mut self.stream, cx, buffer.space()) {
                        Poll::Ready(Ok(count @ 1..)) => {
                            self.budget.count(count, 0);
                            buffer.fill(count);
                            exchange.received(buffer.bytes());
                        }
                        Poll::Ready(Ok(0) | Err(Error::ConnectionLost)) => exchange.end_input(),
                        Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                        Poll::Pending => {
                            self.budget.end_burst();
                            exchange.read_would_block();
                            continue;
                        }
                    }
                    return Poll::Ready(Ok(true));
                }
                Next::Wait(None) => return Poll::Pending,
                Next::Wait(Some(deadline)) => {
                    ready!(self.alarm.poll_until(cx.waker(), deadline))?;
                    continue;
                }
                Next::Done => return Poll::Ready(Ok(false)),
            };
            match written {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    exchange.write_failed();
                    return Poll::Ready(Err(error));
                }
                Poll::Pending => exchange.write_would_block(self.alarm.now()),
            }
        }
    }

    fn into_socket(self, session: Session) -> WebSocket<S, C> {
        WebSocket::with_driver(Driver::new(session, self.stream, self.alarm))
    }

    fn into_stream(self) -> S {
        self.stream
    }
}
