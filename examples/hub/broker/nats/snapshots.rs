//! Snapshots of the document, in an object store: each has its own name, so that hubs that store
//! one at the same time can't replace a newer one.

use async_nats::jetstream::Context;
use async_nats::jetstream::object_store::{Config, ObjectStore};
use futures_util::TryStreamExt;
use tokio::io::AsyncReadExt;

use crate::Failure;
use crate::broker::Entry;

const BUCKET: &str = "hub-document";
const STREAM: &str = "OBJ_hub-document";
const PREFIX: &str = "snapshot-";

#[derive(Clone)]
pub(super) struct Snapshots {
    context: Context,
    objects: ObjectStore,
}

impl Snapshots {
    /// Makes the bucket if it is missing.
    pub(super) async fn open(context: &Context) -> Result<Self, Failure> {
        let objects = match context.get_object_store(BUCKET).await {
            Ok(objects) => objects,
            Err(_) => {
                let config = Config { bucket: BUCKET.into(), ..Config::default() };
                context.create_object_store(config).await?
            }
        };
        Ok(Self { context: context.clone(), objects })
    }

    /// The newest snapshot, if it is newer than this.
    pub(super) async fn newest(&self, after: u64) -> Result<Option<Entry>, Failure> {
        let newest = self.numbers().await?.into_iter().max();
        let Some(number) = newest.filter(|number| *number > after) else { return Ok(None) };
        let mut update = vec![];
        self.objects.get(name_of(number)).await?.read_to_end(&mut update).await?;
        Ok(Some(Entry { number, update, hub: None }))
    }

    /// Stores a snapshot, and removes those that are older. Returns whether it is the newest one.
    pub(super) async fn replace(&self, number: u64, all: &[u8]) -> Result<bool, Failure> {
        let older = self.numbers().await?;
        if older.iter().any(|other| *other >= number) {
            return Ok(false);
        }
        let bucket = self.context.get_stream(STREAM).await?;
        let subjects = bucket.info_with_subjects(format!("$O.{BUCKET}.M.>")).await?;
        let subjects: Vec<_> = subjects.try_collect().await?;
        self.objects.put(name_of(number).as_str(), &mut &*all).await?;
        for other in older {
            self.objects.delete(name_of(other)).await?;
        }
        // A deleted object leaves a note.
        for (subject, _) in subjects {
            bucket.purge().filter(subject).await?;
        }
        Ok(true)
    }

    async fn numbers(&self) -> Result<Vec<u64>, Failure> {
        let objects: Vec<_> = self.objects.list().await?.try_collect().await?;
        let number = |name: &str| name.strip_prefix(PREFIX)?.parse().ok();
        Ok(objects.iter().filter_map(|object| number(&object.name)).collect())
    }
}

fn name_of(number: u64) -> String {
    format!("{PREFIX}{number}")
}
