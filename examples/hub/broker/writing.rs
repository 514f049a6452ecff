//! Writes to the broker: a batch at a time, in order, until each is written.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::backend::{Backend, Job, Write, Writer, Written};
use super::health::{Health, WRITER};
use super::{PAUSE, within};
use crate::Failure;

/// The maximum number of jobs in a batch.
const BATCH: usize = 256;

/// Runs the jobs until `None` or the end of the channel, and publishes bytes between them.
pub(super) async fn write<B: Backend>(
    backend: Arc<B>,
    mut jobs: mpsc::Receiver<Option<Job>>,
    mut live: mpsc::Receiver<Vec<u8>>,
    health: Arc<Health>,
) {
    let mut writing = Writing { backend, writer: None, health, has_failed: false };
    loop {
        tokio::select! {
            biased;
            job = jobs.recv() => {
                let Some(Some(job)) = job else { break };
                let (mut batch, mut has_ended) = (vec![job], false);
                while batch.len() < BATCH && !has_ended {
                    match jobs.try_recv() {
                        Ok(Some(job)) => batch.push(job),
                        Ok(None) => has_ended = true,
                        Err(_) => break,
                    }
                }
                writing.run(batch).await;
                if has_ended {
                    break;
                }
            }
            Some(bytes) = live.recv() => writing.publish(bytes).await,
        }
    }
    while let Ok(bytes) = live.try_recv() {
        writing.publish(bytes).await;
    }
}

struct Writing<B: Backend> {
    backend: Arc<B>,
    /// `None` before the first job, and after an error.
    writer: Option<B::Writer>,
    health: Arc<Health>,
    has_failed: bool,
}

impl<B: Backend> Writing<B> {
    async fn run(&mut self, mut batch: Vec<Job>) {
        while !batch.is_empty() {
            let writes: Vec<_> = batch.iter().map(|job| &job.write).collect();
            match self.try_write(&writes).await {
                Ok(written) => {
                    if std::mem::take(&mut self.has_failed) {
                        self.health.report(WRITER, true);
                    }
                    let done = batch.drain(..written.len());
                    done.zip(written).for_each(|(job, written)| (job.then)(written));
                }
                Err(error) => {
                    self.writer = None;
                    if !std::mem::replace(&mut self.has_failed, true) {
                        eprintln!("hub: the broker was not written: {error}");
                        self.health.report(WRITER, false);
                    }
                    sleep(PAUSE).await;
                    while !self.health.can_read() {
                        sleep(PAUSE).await;
                    }
                }
            }
        }
    }

    async fn try_write(&mut self, writes: &[&Write]) -> Result<Vec<Written>, Failure> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self.writer.insert(within(self.backend.writer()).await?),
        };
        within(writer.write(writes)).await
    }

    /// Publishes bytes that may be lost.
    async fn publish(&mut self, bytes: Vec<u8>) {
        let result = async {
            let writer = match &mut self.writer {
                Some(writer) => writer,
                None => self.writer.insert(within(self.backend.writer()).await?),
            };
            within(writer.publish(bytes)).await
        };
        if result.await.is_err() {
            self.writer = None;
        }
    }
}
