//! What outlives the process: one redb database, and one thread that writes it.
//!
//! ```text
//!   connections ──► queue of jobs ──► the writer: one transaction for all jobs that wait
//!       ▲                                               │ commit: the file is synced
//!       └──────────── `then` of each job ◄──────────────┘
//! ```
//!
//! A commit takes as long for a hundred messages as for one, so those that arrive during a commit
//! share the next one (group commit). After a commit that failed, the database is opened again.

pub(crate) mod chat;
mod database;
pub(crate) mod document;
pub(crate) mod id;

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use redb::WriteTransaction;
use tokio::sync::mpsc;

use self::database::Database;
pub(crate) use self::database::Reading;
use crate::Failure;

/// The number of jobs that may wait for the writer.
const QUEUE: usize = 1024;

/// The number of jobs of one transaction.
const BATCH: usize = 256;

/// Runs after the commit, and learns whether it was done.
type Then = Box<dyn FnOnce(bool) + Send>;

/// Writes, if a transaction could be begun.
type Job = Box<dyn FnOnce(Option<&WriteTransaction>) -> (Result<(), Failure>, Then) + Send>;

/// The store, with its writer.
pub(crate) struct Store {
    database: Arc<Database>,
    /// `None` ends the writer.
    jobs: mpsc::Sender<Option<Job>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// A place in the queue: what is submitted with it does not wait.
pub(crate) struct Slot<'a>(mpsc::Permit<'a, Option<Job>>);

impl Slot<'_> {
    /// Runs `write` in the next transaction, and `then` with its result after the commit; with
    /// `None` if the transaction failed. Both run on the writer's thread.
    pub(crate) fn submit<T: Send + 'static>(
        self,
        write: impl FnOnce(&WriteTransaction) -> Result<T, Failure> + Send + 'static,
        then: impl FnOnce(Option<T>) + Send + 'static,
    ) {
        self.0.send(Some(Box::new(move |transaction| match transaction.map(write) {
            Some(Ok(value)) => {
                (Ok(()), Box::new(move |is_done: bool| then(is_done.then_some(value))))
            }
            Some(Err(error)) => (Err(error), Box::new(move |_| then(None))),
            None => (Ok(()), Box::new(move |_| then(None))),
        })));
    }
}

impl Store {
    /// Opens the database of this directory, which is made if it is missing; without one, a
    /// database in memory.
    pub(crate) fn open(directory: Option<&Path>) -> Result<Self, Failure> {
        let database = Database::open(directory)?;
        let transaction = database.begin_write()?;
        chat::create(&transaction)?;
        document::create(&transaction)?;
        id::create(&transaction)?;
        transaction.commit()?;
        let database = Arc::new(database);
        let (jobs, queue) = mpsc::channel(QUEUE);
        let writer = thread::Builder::new().name("store".into()).spawn({
            let database = Arc::clone(&database);
            move || write(&database, queue)
        })?;
        Ok(Self { database, jobs, writer: Mutex::new(Some(writer)) })
    }

    /// Waits for a place in the queue. `None` after [`close`](Self::close).
    pub(crate) async fn slot(&self) -> Option<Slot<'_>> {
        self.jobs.reserve().await.ok().map(Slot)
    }

    /// Begins to read what was committed.
    pub(crate) fn read(&self) -> Result<Reading<'_>, Failure> {
        self.database.begin_read()
    }

    /// Writes at once, before the hub serves.
    pub(crate) fn write_now(
        &self,
        write: impl FnOnce(&WriteTransaction) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let transaction = self.database.begin_write()?;
        write(&transaction)?;
        Ok(transaction.commit()?)
    }

    /// Waits until all jobs in the queue are committed, and ends the writer.
    pub(crate) async fn close(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(writer), Ok(())) = (writer, self.jobs.send(None).await) else { return };
        let _ = tokio::task::spawn_blocking(|| writer.join()).await;
    }
}

fn write(database: &Database, mut queue: mpsc::Receiver<Option<Job>>) {
    while let Some(Some(first)) = queue.blocking_recv() {
        let (mut jobs, mut has_ended) = (vec![first], false);
        while jobs.len() < BATCH && !has_ended {
            match queue.try_recv() {
                Ok(Some(job)) => jobs.push(job),
                Ok(None) => has_ended = true,
                Err(_) => break,
            }
        }
        commit(database, jobs);
        if has_ended {
            return;
        }
    }
}

/// Runs the jobs in one transaction. If one fails, none is committed.
fn commit(database: &Database, jobs: Vec<Job>) {
    let begun = database.begin_write();
    let (written, thens): (Vec<_>, Vec<_>) =
        jobs.into_iter().map(|job| job(begun.as_ref().ok())).unzip();
    let result = (|| {
        let transaction = begun?;
        written.into_iter().collect::<Result<(), _>>()?;
        Ok::<_, Failure>(transaction.commit()?)
    })();
    if let Err(error) = &result {
        eprintln!("hub: the store was not written: {error}");
        if let Err(error) = database.reopen() {
            eprintln!("hub: the store was not opened again: {error}");
        }
    }
    thens.into_iter().for_each(|then| then(result.is_ok()));
}

/// Random enough to differ from others of its kind.
pub(crate) fn random() -> String {
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}
