//! The store, which outlives the process: one redb database, and one thread that writes it.
//!
//! ```text
//!   connections ──► queue of jobs ──► the writer: one transaction for all jobs that wait
//!       ▲                                               │ commit: the file is synced
//!       └──────────── `then` of each job ◄──────────────┘
//! ```
//!
//! A commit takes as long for a hundred messages as for one, so those that arrive during a commit
//! share the next one (group commit). After a commit that failed, for example because the disk is
//! full, the database is opened again, and nothing is written for a second: jobs fail at once.

pub(crate) mod chat;
mod database;
pub(crate) mod document;
pub(crate) mod id;

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use redb::WriteTransaction;
use tokio::sync::mpsc;

use self::database::Database;
pub(crate) use self::database::Reading;
use crate::Failure;

/// The number of jobs that may wait for the writer.
const QUEUE: usize = 1024;

/// The number of jobs of one transaction.
const BATCH: usize = 256;

/// The pause after a commit that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a job fails in the pause.
const PAUSED: &str = "the store has just failed";

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
        // In memory, what fails is a job, and no disk.
        let pause = if directory.is_some() { PAUSE } else { Duration::ZERO };
        let writer = Writer { database: Arc::clone(&database), pause, retry_at: None };
        let writer = thread::Builder::new().name("store".into()).spawn(|| writer.run(queue))?;
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

/// Commits the jobs.
struct Writer {
    database: Arc<Database>,
    pause: Duration,
    /// The end of the pause, since a commit has failed, and until one is done.
    retry_at: Option<Instant>,
}

impl Writer {
    fn run(mut self, mut queue: mpsc::Receiver<Option<Job>>) {
        while let Some(Some(first)) = queue.blocking_recv() {
            let (mut jobs, mut has_ended) = (vec![first], false);
            while jobs.len() < BATCH && !has_ended {
                match queue.try_recv() {
                    Ok(Some(job)) => jobs.push(job),
                    Ok(None) => has_ended = true,
                    Err(_) => break,
                }
            }
            if let Some(line) = self.commit(jobs, Instant::now()) {
                eprintln!("hub: {line}");
            }
            if has_ended {
                return;
            }
        }
    }

    /// Runs the jobs in one transaction. If one fails, none is committed. Returns a line for the
    /// log: of the first commit that fails, and of the next one that is done.
    fn commit(&mut self, jobs: Vec<Job>, now: Instant) -> Option<String> {
        let is_paused = self.retry_at.is_some_and(|at| now < at);
        let begun = if is_paused { Err(PAUSED.into()) } else { self.database.begin_write() };
        let (written, thens): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|job| job(begun.as_ref().ok())).unzip();
        let result = (|| {
            let transaction = begun?;
            written.into_iter().collect::<Result<(), _>>()?;
            Ok::<_, Failure>(transaction.commit()?)
        })();
        let line = match &result {
            Ok(()) => self.retry_at.take().map(|_| "the store is written again".to_owned()),
            Err(error) if !is_paused => self.recover(error, now),
            Err(_) => None,
        };
        thens.into_iter().for_each(|then| then(result.is_ok()));
        line
    }

    /// Opens the database again, so that it can be read.
    fn recover(&mut self, error: &Failure, now: Instant) -> Option<String> {
        let is_first = self.retry_at.replace(now + self.pause).is_none();
        let closed = match self.database.recover() {
            Ok(()) => String::new(),
            Err(error) => format!(", and not opened again: {error}"),
        };
        is_first.then(|| format!("the store is not written: {error}{closed}"))
    }
}

/// Random enough to differ from others of its kind.
pub(crate) fn random() -> String {
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// Commits one job, which fails if it is run. Returns whether it was run and was stored, and
    /// the line for the log.
    fn commit(writer: &mut Writer, fails: bool, now: Instant) -> (bool, bool, String) {
        let (sender, receiver) = std::sync::mpsc::channel();
        let job = move |transaction: Option<&WriteTransaction>| {
            let is_run = transaction.is_some();
            let result = if is_run && fails { Err("a full disk".into()) } else { Ok(()) };
            let then = move |is_done| sender.send((is_run, is_done)).unwrap();
            (result, Box::new(then) as Then)
        };
        let line = writer.commit(vec![Box::new(job)], now);
        let (is_run, is_done) = receiver.recv().unwrap();
        (is_run, is_done, line.unwrap_or_default())
    }

    #[test]
    fn failed_commit_is_tried_again_after_a_pause_and_logged_once() {
        let directory = TempDir::new().unwrap();
        let database = Arc::new(Database::open(Some(directory.path())).unwrap());
        let mut writer = Writer { database, pause: PAUSE, retry_at: None };
        let start = Instant::now();
        // In halves of a pause.
        let rows = [
            (0, true, (true, false, "the store is not written: a full disk")),
            (1, false, (false, false, "")),
            (2, true, (true, false, "")),
            (3, false, (false, false, "")),
            (4, false, (true, true, "the store is written again")),
            (4, false, (true, true, "")),
        ];
        for (halves, fails, (is_run, is_done, line)) in rows {
            let done = commit(&mut writer, fails, start + halves * PAUSE / 2);
            assert_eq!(done, (is_run, is_done, line.to_owned()), "{halves}");
            assert!(writer.database.begin_read().is_ok());
        }
    }
}
