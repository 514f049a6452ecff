//! Several hubs behind one broker: its streams are the history, and each hub keeps a copy.
//!
//! ```text
//!   rooms ──► queue of jobs ──► write: one batch at a time ──► broker ──► then: the ack
//!   rooms ◄── events ◄───────── read: both streams, from the last entry that was read
//!                               listen: what others publish, which is not kept
//! ```
//!
//! A write that fails is tried again, in the same order, until the broker is back. So a message
//! waits, unacknowledged, while the broker is away: as many as the queue takes; after that, its
//! connection is closed with 1013, and its client has to repeat what was not acknowledged.
//!
//! | | Redis | NATS JetStream |
//! |---|---|---|
//! | acknowledged after | the script's `XADD` (durable: `appendfsync always`) | `PubAck` |
//! | sequence number | the entry's id `N-0` | the stream's sequence |
//! | a resend is known by | a hash that the same script reads | `Nats-Msg-Id`, and the copy |
//! | document | stream, and a hash with a snapshot | stream, and an object store |
//! | cursors, people | `PUBLISH` | a subject without a stream |

mod backend;
mod health;
#[cfg(feature = "nats")]
mod nats;
mod reading;
#[cfg(feature = "redis")]
mod redis;
mod writing;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use self::backend::Backend;
pub(crate) use self::backend::{Entry, Event, Job, Positions, Write, Written};
use self::health::Health;
use crate::Failure;
use crate::store::{Store, id, random};

/// The maximum number of jobs in the queue to the broker.
const QUEUE: usize = 1024;

/// The maximum number of events in the queue to the rooms.
const EVENTS: usize = 1024;

/// How long the broker may take for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// Where a hub finds its broker.
#[derive(Clone)]
pub enum Address {
    /// `redis://HOST:PORT/`
    Redis(String),
    /// `nats://HOST:PORT`
    Nats(String),
}

/// A broker, to which this hub is connected.
pub(crate) struct Broker {
    /// The name of this hub.
    pub(crate) hub: String,
    /// The longest update that the broker takes.
    pub(crate) update: usize,
    jobs: mpsc::Sender<Option<Job>>,
    live: mpsc::Sender<Vec<u8>>,
    state: watch::Receiver<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// The positions that a hub has to read before it serves, and the events.
pub(crate) struct Events {
    pub(crate) latest: Positions,
    pub(crate) events: mpsc::Receiver<Event>,
}

/// A URL without user, password or token, which are before the last `@`.
#[cfg(any(feature = "redis", feature = "nats", test))]
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
        (None, Some((_, host))) => format!("***@{host}"),
        (_, None) => url.to_owned(),
    }
}

impl Broker {
    /// Connects. `store` is the copy; `history` is the number of chat messages that are kept.
    pub(crate) async fn connect(
        address: &Address,
        store: &Arc<Store>,
        history: u64,
    ) -> Result<(Self, Events), Failure> {
        let hub = random();
        match address {
            #[cfg(feature = "redis")]
            Address::Redis(url) => {
                let connecting = redis::Redis::connect(url, hub.clone(), history);
                let backend = within(connecting).await.map_err(|error| {
                    let url = without_password(url);
                    format!(
                        "can't use Redis at {url} (is redis-server there? see --redis): {error}"
                    )
                })?;
                Self::start(backend, hub, usize::MAX, store).await
            }
            #[cfg(feature = "nats")]
            Address::Nats(url) => {
                let connecting = nats::Nats::connect(url, hub.clone(), history, store);
                let backend = within(connecting).await.map_err(|error| {
                    let url = without_password(url);
                    format!(
                        "can't use JetStream of NATS at {url} (is `nats-server -js` there? see \
                         --nats): {error}"
                    )
                })?;
                let update = backend.max_update();
                Self::start(backend, hub, update, store).await
            }
            #[allow(unreachable_patterns)]
            Address::Redis(_) | Address::Nats(_) => {
                let _ = (store, history, hub);
                Err("this hub is built without brokers: --redis needs `--features redis`, and \
                     --nats `--features nats`"
                    .into())
            }
        }
    }

    async fn start<B: Backend>(
        backend: B,
        hub: String,
        update: usize,
        store: &Store,
    ) -> Result<(Self, Events), Failure> {
        let backend = Arc::new(backend);
        let (jobs, job_queue) = mpsc::channel(QUEUE);
        let (live, live_queue) = mpsc::channel(QUEUE);
        let (events_sender, events) = mpsc::channel(EVENTS);
        let (health, state) = Health::new();
        let health = Arc::new(health);
        let (reader, latest) = within(backend.reader(Positions::default())).await?;
        store.write_now(|transaction| id::set(transaction, &latest.id))?;
        let reading = reading::Reading {
            backend: Arc::clone(&backend),
            id: latest.id,
            events: events_sender.clone(),
            health: Arc::clone(&health),
        };
        let tasks = vec![
            tokio::spawn(writing::write(Arc::clone(&backend), job_queue, live_queue, health)),
            tokio::spawn(reading.read(reader)),
            tokio::spawn(reading::listen(backend, events_sender)),
        ];
        let tasks = Mutex::new(tasks);
        let this = Self { hub, update, jobs, live, state, tasks };
        Ok((this, Events { latest: latest.positions, events }))
    }

    /// Waits for a place in the queue.
    pub(crate) async fn reserve(&self) -> Option<mpsc::Permit<'_, Option<Job>>> {
        self.jobs.reserve().await.ok()
    }

    /// The number of the last message of the chat; 0 if there is none, or at the end of this hub.
    pub(crate) async fn latest(&self) -> u64 {
        let (answer, answered) = oneshot::channel();
        let Some(place) = self.reserve().await else { return 0 };
        let then = Box::new(|written: Written| {
            let _ = answer.send(match written {
                Written::Number(number) => number,
                _ => 0,
            });
        });
        place.send(Some(Job { write: Write::Latest, then }));
        answered.await.unwrap_or_default()
    }

    /// Stores a snapshot, if there is a place in the queue; otherwise, a later one will do.
    pub(crate) fn try_snapshot(&self, number: u64, all: Vec<u8>) {
        let job = Job { write: Write::Snapshot(number, all), then: Box::new(|_| ()) };
        let _ = self.jobs.try_send(Some(job));
    }

    /// Publishes bytes that the broker does not keep, after their kind and this hub's name. Drops
    /// them if the queue is full.
    pub(crate) fn publish(&self, kind: u8, content: &[u8]) {
        let _ = self.live.try_send([&[kind], self.hub.as_bytes(), content].concat());
    }

    /// Whether the broker is connected.
    pub(crate) fn state(&self) -> watch::Receiver<bool> {
        self.state.clone()
    }

    /// Waits until all jobs in the queue are done, if the broker is there, and ends the tasks.
    pub(crate) async fn close(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let mut tasks = tasks.into_iter();
        if let Some(mut writer) = tasks.next() {
            let writing = async {
                let _ = self.jobs.send(None).await;
                let _ = (&mut writer).await;
            };
            if timeout(ANSWER_TIMEOUT, writing).await.is_err() {
                eprintln!("hub: the broker is away: what was not acknowledged is not stored");
                writer.abort();
            }
        }
        tasks.for_each(|task| task.abort());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let tasks = self.tasks.get_mut().unwrap_or_else(PoisonError::into_inner);
        tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Waits for at most [`ANSWER_TIMEOUT`].
async fn within<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(ANSWER_TIMEOUT, future).await.unwrap_or_else(|_| Err("it does not answer".into()))
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn url_is_shown_without_its_password() {
        let rows = [
            ("redis://127.0.0.1:6379/", "redis://127.0.0.1:6379/"),
            ("redis://:secret@host/1", "redis://***@host/1"),
            ("nats://user:se@cr/et@host:4222", "nats://***@host:4222"),
            ("nats://a:secret@one,nats://b:secret@two", "nats://***@two"),
            ("user:secret@host", "***@host"),
        ];
        for (url, shown) in rows {
            assert_eq!(without_password(url), shown);
        }
    }
}
