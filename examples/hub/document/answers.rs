//! The answers to step 1, each of which may be the whole document: few are made at once.
//!
//! An answer is in memory until its client has read it, so all clients together have a number of
//! places. A client that does not read keeps its place for [`READ_TIMEOUT`] if others may need it,
//! and is dropped then: the places bound the memory, and the number of connections does not.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;

/// The number of answers that are made or sent at once. The longest document has some 10 MiB.
const PLACES: usize = 32;

/// The time that a client has to read its answer while all places are taken.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// The client does not read, and others need its place.
#[derive(Debug, PartialEq)]
pub(super) struct Late;

pub(super) struct Answers {
    places: Semaphore,
}

impl Answers {
    pub(super) fn new() -> Self {
        Self { places: Semaphore::new(PLACES) }
    }

    /// Makes an answer when there is a place, and sends it.
    pub(super) async fn give<T, S: Future>(
        &self,
        make: impl Future<Output = T>,
        send: impl FnOnce(T) -> S,
    ) -> Result<S::Output, Late> {
        let _place = self.places.acquire().await;
        let answer = make.await;
        tokio::select! {
            sent = send(answer) => Ok(sent),
            () = self.are_needed() => Err(Late),
        }
    }

    /// Waits until all places are taken when the time is over, and each time after that.
    async fn are_needed(&self) {
        loop {
            sleep(READ_TIMEOUT).await;
            if self.places.available_permits() == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn clients_that_do_not_read_hold_few_answers_and_not_for_long() {
        let (answers, made) = (Arc::new(Answers::new()), Arc::new(AtomicUsize::new(0)));
        let mut clients = JoinSet::new();
        for _ in 0..3 * PLACES {
            let (answers, made) = (Arc::clone(&answers), Arc::clone(&made));
            clients.spawn(async move {
                let make = async { made.fetch_add(1, Ordering::Relaxed) };
                answers.give(make, |_| pending::<()>()).await
            });
        }
        sleep(READ_TIMEOUT / 2).await;
        assert_eq!(made.load(Ordering::Relaxed), PLACES);
        // A client that reads waits for those before it.
        assert_eq!(answers.give(ready("answer"), ready).await, Ok("answer"));
        assert_eq!(made.load(Ordering::Relaxed), 3 * PLACES);
        // Only the clients are dropped whose places are needed.
        let dropped = std::iter::from_fn(|| clients.try_join_next()).count();
        assert!((2 * PLACES + 1..2 * PLACES + 3).contains(&dropped), "{dropped}");
    }

    #[tokio::test(start_paused = true)]
    async fn slow_client_has_its_time_while_there_are_places() {
        let answers = Answers::new();
        let minute = |()| sleep(Duration::from_secs(60));
        assert_eq!(answers.give(ready(()), minute).await, Ok(()));
    }
}
