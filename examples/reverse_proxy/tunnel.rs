//! Both directions of a connection until its end: RFC 6455 §7.
//!
//! | happening | the client's side | the backend's side |
//! |---|---|---|
//! | Close frames, end of a stream | passed on | passed on |
//! | a side is reset | reset | reset |
//! | the client violates the protocol | Close 1002, 1007 or 1009 at the end | end of stream: 1006 |
//! | the backend violates it | Close 1014 (bad gateway) | Close 1002, 1007 or 1009 |
//! | nothing passes for the idle time | Close 1001 | Close 1001 |
//! | the proxy ends | Close 1001 | Close 1001 |
//! | an end takes 5 s without progress | reset | reset |
//!
//! A client that violates the protocol still gets what the backend sends, for 5 s at most. A Close
//! frame of the proxy stands between two frames: a frame that is under way is finished before.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use sansocket::group::Member;
use sansocket::{CloseCode, CloseFrame, ProtocolError};
use tokio::time::{Instant, Sleep, sleep};

use crate::direction::Direction;
use crate::flow::Flow;
use crate::frames::End;
use crate::stream::Stream;

/// How long an end may take without progress, as a connection of the library waits.
const CLOSE: Duration = Duration::from_secs(5);

/// A client's connection, and the backend's for it.
pub(crate) struct Tunnel {
    client: Stream,
    backend: Stream,
    up: Direction,
    down: Direction,
    idle: Duration,
    last_progress: Instant,
    ending_since: Option<Instant>,
}

/// The streams of both sides, with the bytes that arrived with the opening handshakes.
pub(crate) struct Sides {
    pub(crate) client: (Stream, Bytes),
    pub(crate) backend: (Stream, Bytes),
}

/// How a tunnel ends.
enum Outcome {
    /// Both streams were shut down.
    Ended,
    /// A side was lost, or did not end in time.
    Lost,
}

impl Tunnel {
    pub(crate) fn new(sides: Sides, [up, down]: [Flow; 2], idle: Duration) -> Self {
        let ((client, from_client), (backend, from_backend)) = (sides.client, sides.backend);
        Self {
            client,
            backend,
            up: Direction::new(up, from_client),
            down: Direction::new(down, from_backend),
            idle,
            last_progress: Instant::now(),
            ending_since: None,
        }
    }

    /// Passes frames on until the end of the connection.
    pub(crate) async fn run(mut self, member: &Member) {
        let mut closing = pin!(member.closing());
        let mut timer = pin!(sleep(self.idle));
        let outcome = poll_fn(|cx| {
            if let Poll::Ready(frame) = closing.as_mut().poll(cx) {
                self.close(&frame);
            }
            self.poll(cx, timer.as_mut())
        });
        if let Outcome::Lost = outcome.await {
            self.client.abort();
            self.backend.abort();
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, mut timer: Pin<&mut Sleep>) -> Poll<Outcome> {
        loop {
            let before = self.ends();
            let Self { client, backend, up, down, .. } = &mut *self;
            let up_is_done = up.poll(cx, client, backend, down.as_back()).is_ready();
            let down_is_done = down.poll(cx, backend, client, up.as_back()).is_ready();
            if self.up.is_reset() || self.down.is_reset() {
                return Poll::Ready(Outcome::Lost);
            }
            if up_is_done && down_is_done {
                return Poll::Ready(Outcome::Ended);
            }
            if self.ends() == before
                && let Some(outcome) = ready!(self.poll_timer(cx, timer.as_mut()))
            {
                return Poll::Ready(outcome);
            }
            self.report_violations();
        }
    }

    /// Returns the state of each direction that the other one needs.
    fn ends(&self) -> [bool; 4] {
        let Self { up, down, .. } = self;
        [up.source_is_done(), down.source_is_done(), up.is_ending(), down.is_ending()]
    }

    fn report_violations(&mut self) {
        let close =
            |error: ProtocolError| CloseFrame::truncated(error.close_code(), error.close_reason());
        if let Some(End::Violation(error)) = self.up.end() {
            self.down.close_at_end(close(error));
            self.up.end_output();
        }
        if let Some(End::Violation(error)) = self.down.end() {
            self.up.close(close(error));
            self.down.close(CloseFrame::truncated(CloseCode::BAD_GATEWAY, error.close_reason()));
        }
    }

    /// Closes both sides with a frame of the proxy.
    fn close(&mut self, frame: &CloseFrame) {
        self.up.close(frame.clone());
        self.down.close(frame.clone());
    }

    /// Ready when something takes too long: with the outcome, or after it has queued Close frames.
    fn poll_timer(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Sleep>,
    ) -> Poll<Option<Outcome>> {
        loop {
            let now = Instant::now();
            if self.up.take_progress() | self.down.take_progress() {
                self.last_progress = now;
            }
            if self.up.is_ending() || self.down.is_ending() {
                self.ending_since.get_or_insert(now);
            }
            let deadline = match self.ending_since {
                // Progress does not extend the time of a client that violates the protocol.
                Some(since) if self.up.has_violation() => since + CLOSE,
                Some(since) => since.max(self.last_progress) + CLOSE,
                // An `Instant` that late may not exist: the timer began with the same time.
                None => self.last_progress.checked_add(self.idle).unwrap_or(timer.deadline()),
            };
            // A timer that is early is set anew when it fires, not with each message.
            if deadline < timer.deadline() || timer.is_elapsed() {
                timer.as_mut().reset(deadline);
            }
            ready!(timer.as_mut().poll(cx));
            if Instant::now() < deadline {
                continue;
            }
            if self.down.close_now() {
                self.ending_since = Some(now);
            } else if self.ending_since.is_some() {
                return Poll::Ready(Some(Outcome::Lost));
            } else {
                self.close(&CloseFrame::truncated(CloseCode::GOING_AWAY, "idle"));
            }
            return Poll::Ready(None);
        }
    }
}
