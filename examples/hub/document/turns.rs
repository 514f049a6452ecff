//! The replica, used by one connection after the other, on a thread that may block: while an update
//! takes long, the other rooms go on.
//!
//! A turn lasts until what was applied is submitted, so that updates are stored in the order in
//! which they were applied.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::task::spawn_blocking;

use super::replica::Replica;
use crate::Failure;
use crate::store::Store;
use crate::store::document::load;

/// The replica behind a lock, and the progress of its updates to the store.
pub(super) struct Turns {
    state: Arc<Mutex<State>>,
    progress: watch::Sender<Progress>,
    store: Arc<Store>,
}

/// The state that one turn has for itself.
pub(super) struct State {
    /// `None` if it has to be loaded again.
    pub(super) replica: Option<Replica>,
    /// Whether a turn uses the replica. Still set at the next turn if the connection was aborted
    /// meanwhile: the replica then has updates that were not submitted.
    is_used: bool,
    /// The number of updates that had failed when the replica was loaded.
    failed: u64,
    /// The updates that the store has copied since they were merged, and their length.
    pub(super) copied: usize,
    pub(super) bytes: usize,
}

pub(super) type Turn = OwnedMutexGuard<State>;

/// The progress of the store and the broker.
#[derive(Default)]
pub(super) struct Progress {
    /// The number of updates that were submitted, and of those that are stored, or failed.
    pub(super) submitted: u64,
    pub(super) finished: u64,
    pub(super) failed: u64,
    /// The number of updates of the broker that are on the way to the store.
    pub(super) copies: usize,
    /// The numbers of the last update that was acknowledged, and that the broker has delivered.
    pub(super) appended: u64,
    pub(super) delivered: u64,
}

impl Progress {
    /// Whether all submitted updates are stored.
    fn is_stored(&self) -> bool {
        self.finished == self.submitted && self.copies == 0 && self.delivered >= self.appended
    }
}

impl Turns {
    pub(super) fn new(replica: Replica, store: Arc<Store>) -> Self {
        let replica = Some(replica);
        let state = State { replica, is_used: false, failed: 0, copied: 0, bytes: 0 };
        let state = Arc::new(Mutex::new(state));
        Self { state, progress: watch::Sender::default(), store }
    }

    pub(super) fn progress(&self) -> &watch::Sender<Progress> {
        &self.progress
    }

    /// Waits for a turn, and works with the replica. Returns no result if the replica can't be
    /// loaded yet. The caller submits what `work` has applied before its next `await`.
    pub(super) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Replica) -> T + Send + 'static,
    ) -> (Turn, Option<T>) {
        let mut turn = Arc::clone(&self.state).lock_owned().await;
        let (failed, is_stored) = {
            let progress = self.progress.borrow();
            (progress.failed, progress.is_stored())
        };
        if turn.is_used || turn.failed != failed {
            // The replica has updates that the store has not.
            turn.replica = None;
        }
        (turn.is_used, turn.failed) = (true, failed);
        let store = is_stored.then(|| Arc::clone(&self.store));
        let work = move || {
            if let (None, Some(store)) = (&turn.replica, store) {
                turn.replica = reload(&store)
                    .inspect_err(|error| eprintln!("hub: the document was not loaded: {error}"))
                    .ok();
            }
            let result = turn.replica.as_mut().map(work);
            (turn, result)
        };
        let (mut turn, result) = spawn_blocking(work).await.expect("yrs' panics are caught");
        turn.is_used = false;
        (turn, result)
    }

    /// The same when the replica is loaded, if that has to be waited for.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Replica) -> T + Clone + Send + 'static,
    ) -> (Turn, T) {
        let mut progress = self.progress.subscribe();
        loop {
            let once = work.clone();
            if let (turn, Some(result)) = self.with(move |replica| once(replica)).await {
                return (turn, result);
            }
            let _ = progress.changed().await;
        }
    }
}

fn reload(store: &Store) -> Result<Replica, Failure> {
    let updates = store.read().and_then(|transaction| load(&transaction))?;
    Replica::load(&updates).map_err(|_| "the document in the store is damaged".into())
}
