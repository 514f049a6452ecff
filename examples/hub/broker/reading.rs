//! Reads from the broker, and continues after the last entry when the broker was away.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::backend::{Backend, Event, Latest, Live, Positions, Reader};
use super::health::{Health, READER};
use super::{PAUSE, within};
use crate::Failure;

pub(super) struct Reading<B> {
    pub(super) backend: Arc<B>,
    /// The id of the history that is read.
    pub(super) id: String,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) health: Arc<Health>,
}

impl<B: Backend> Reading<B> {
    /// Reads with this reader from the beginning, and with others after errors.
    pub(super) async fn read(self, first: B::Reader) {
        let mut read = Positions::default();
        let mut reader = Some(first);
        while !self.events.is_closed() {
            let Err(error) = self.read_once(&mut reader, &mut read).await else { return };
            if self.health.can_read() {
                eprintln!("hub: the broker was not read: {error}");
                self.health.report(READER, false);
            }
            sleep(PAUSE).await;
        }
    }

    /// Reads until an error. Returns without one when the receiver of events is dropped.
    async fn read_once(
        &self,
        first: &mut Option<B::Reader>,
        read: &mut Positions,
    ) -> Result<(), Failure> {
        let mut reader = match first.take() {
            Some(reader) => reader,
            None => {
                let (reader, latest) = within(self.backend.reader(*read)).await?;
                let Latest { id, positions } = latest;
                let is_behind = positions.chat < read.chat || positions.document < read.document;
                if is_behind || id != self.id {
                    let behind = format!(
                        "the broker has lost what was read before ({read:?} of {} was read, \
                         {positions:?} of {id} is there); start the hub again to continue with \
                         what is left",
                        self.id
                    );
                    let _ = self.events.send(Event::Behind(behind)).await;
                    return Ok(());
                }
                reader
            }
        };
        self.health.report(READER, true);
        if self.events.send(Event::Connected).await.is_err() {
            return Ok(());
        }
        loop {
            for event in reader.next().await? {
                if !is_next(&event, read)? {
                    continue;
                }
                if self.events.send(event).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

/// Whether the event is new. Updates of the document that are missing are in a newer snapshot.
fn is_next(event: &Event, read: &mut Positions) -> Result<bool, Failure> {
    let (number, last) = match event {
        Event::Said(said) => (said.seq, &mut read.chat),
        Event::Unreadable(seq) => (*seq, &mut read.chat),
        Event::Entry(entry) => {
            if entry.hub.is_some() && entry.number > read.document + 1 {
                return Err("updates were replaced by a snapshot before they were read".into());
            }
            (entry.number, &mut read.document)
        }
        _ => return Ok(true),
    };
    let is_new = number > *last;
    *last = number.max(*last);
    Ok(is_new)
}

/// Receives the bytes that other hubs publish.
pub(super) async fn listen<B: Backend>(backend: Arc<B>, events: mpsc::Sender<Event>) {
    while !events.is_closed() {
        if let Ok(mut live) = within(backend.listen()).await {
            // Others answer with what they have.
            if events.send(Event::Connected).await.is_err() {
                return;
            }
            while let Ok(bytes) = live.next().await {
                if events.send(Event::Live(bytes)).await.is_err() {
                    return;
                }
            }
        }
        sleep(PAUSE).await;
    }
}
