//! Connection attempts to several addresses, polled together in one future.

use std::boxed::Box;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec::Vec;

use super::addresses::{Failure, Next, Race};
use super::deadline::{Deadline, Instant};
use crate::adapter::runtime::Clock;

/// Returns the first stream that connects. The other attempts are dropped, which closes their
/// sockets.
///
/// At the deadline, the caller polls once more, and gets the failures so far.
///
/// With a clock that has no timer, the next attempt starts only when one fails.
pub(super) async fn first<S, F: Future<Output = io::Result<S>>>(
    mut race: Race,
    mut clock: impl Clock,
    deadline: &Deadline<impl Instant>,
    connect: impl Fn(SocketAddr) -> F,
) -> Result<S, Vec<Failure>> {
    let begin = clock.now();
    let mut under_way = Vec::new();
    poll_fn(|cx| {
        loop {
            if let Some(stream) = poll_attempts(&mut under_way, cx, &mut race) {
                return Poll::Ready(Ok(stream));
            }
            match race.next(clock.now().saturating_sub(begin)) {
                Next::Start(address) => {
                    under_way.push((address, Box::pin(connect(address))));
                }
                Next::Wait(_) if deadline.left().is_err() => return Poll::Ready(Err(race.end())),
                Next::Wait(None) => return Poll::Pending,
                Next::Wait(Some(time)) => ready!(clock.poll_until(cx, begin + time)),
                Next::GiveUp => return Poll::Ready(Err(race.end())),
            }
        }
    })
    .await
}

/// Polls every attempt, and reports those that failed.
fn poll_attempts<S, F: Future<Output = io::Result<S>>>(
    under_way: &mut Vec<(SocketAddr, Pin<Box<F>>)>,
    cx: &mut Context<'_>,
    race: &mut Race,
) -> Option<S> {
    let mut connected = None;
    under_way.retain_mut(|(address, attempt)| {
        if connected.is_some() {
            return true;
        }
        match attempt.as_mut().poll(cx) {
            Poll::Pending => return true,
            Poll::Ready(Ok(stream)) => connected = Some(stream),
            Poll::Ready(Err(error)) => race.failed(*address, error),
        }
        false
    });
    connected
}
