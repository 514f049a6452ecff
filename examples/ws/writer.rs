//! A thread that writes. A stream may block: a pipe without a reader, a terminal that is stopped.
//! Then the thread waits, and the connection, its pings and Ctrl-C do not.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Bytes that may be queued: as many as one message may have, by the library's default.
const MAX_QUEUED: u32 = 16 * 1024 * 1024;
/// Bytes that an empty text takes in the queue, about.
const OVERHEAD: usize = 64;

/// A queue of texts in front of a thread.
pub(crate) struct Writer {
    queue: mpsc::UnboundedSender<(String, OwnedSemaphorePermit)>,
    /// In bytes. A text takes its room until it is written.
    room: Arc<Semaphore>,
    failure: Arc<OnceLock<io::Error>>,
}

impl Writer {
    /// Starts a thread, which ends when the function fails.
    pub(crate) fn new(mut write: impl FnMut(String) -> io::Result<()> + Send + 'static) -> Self {
        let (queue, mut queued) = mpsc::unbounded_channel::<(String, OwnedSemaphorePermit)>();
        let failure = Arc::new(OnceLock::new());
        let report = Arc::clone(&failure);
        thread::spawn(move || {
            while let Some((text, _room)) = queued.blocking_recv() {
                if let Err(error) = write(text) {
                    let _ = report.set(error);
                    return;
                }
            }
        });
        Self { queue, room: room(), failure }
    }

    /// Another queue for the same thread, which keeps the order of both. It has room while this
    /// one is full.
    pub(crate) fn second_queue(&self) -> Self {
        Self { queue: self.queue.clone(), room: room(), failure: Arc::clone(&self.failure) }
    }

    /// Queues a text, as soon as there is room for it. After a failure the text is dropped.
    pub(crate) async fn write(&self, text: String) {
        if let Ok(room) = Arc::clone(&self.room).acquire_many_owned(size(&text)).await {
            let _ = self.queue.send((text, room));
        }
    }

    /// Queues a text if there is room for it, and drops it otherwise.
    pub(crate) fn try_write(&self, text: String) {
        if let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(size(&text)) {
            let _ = self.queue.send((text, room));
        }
    }

    /// Waits until the queue is written, or the thread has failed.
    pub(crate) async fn flush(&self) {
        let _ = self.room.acquire_many(MAX_QUEUED).await;
    }

    /// Waits for a failure.
    pub(crate) async fn failed(&self) {
        self.queue.closed().await;
    }

    pub(crate) fn failure(&self) -> Option<&io::Error> {
        self.failure.get()
    }
}

fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(MAX_QUEUED as usize))
}

/// The room that a text takes. One that is larger than the queue waits until the queue is empty.
fn size(text: &str) -> u32 {
    u32::try_from(text.len() + OVERHEAD).map_or(MAX_QUEUED, |size| size.min(MAX_QUEUED))
}
