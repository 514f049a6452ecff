//! The database of a store. After a write that failed, for example because the disk was full, redb
//! refuses everything: the database is opened again.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use redb::backends::InMemoryBackend;
use redb::{Database as Redb, DatabaseError, ReadTransaction, WriteTransaction};

use crate::Failure;

/// The error of reads while the database could not be opened again.
const CLOSED: &str = "the store is closed after an error";

pub(super) struct Database {
    /// The file; `None` is a database in memory.
    directory: Option<PathBuf>,
    /// `None` if it could not be opened again.
    open: RwLock<Option<Redb>>,
}

/// A read transaction, during which the database stays open.
pub(crate) struct Reading<'a> {
    transaction: ReadTransaction,
    _open: RwLockReadGuard<'a, Option<Redb>>,
}

impl Deref for Reading<'_> {
    type Target = ReadTransaction;

    fn deref(&self) -> &ReadTransaction {
        &self.transaction
    }
}

impl Database {
    /// Opens the database of this directory, which is made if it is missing; without one, a
    /// database in memory.
    pub(super) fn open(directory: Option<&Path>) -> Result<Self, Failure> {
        let open = match directory {
            None => Redb::builder().create_with_backend(InMemoryBackend::new())?,
            Some(directory) => {
                let shown = directory.display();
                fs::create_dir_all(directory)
                    .map_err(|error| format!("can't make {shown} (see --data): {error}"))?;
                create(directory)?
            }
        };
        Ok(Self { directory: directory.map(Path::to_owned), open: RwLock::new(Some(open)) })
    }

    /// Begins to read what was committed.
    pub(super) fn begin_read(&self) -> Result<Reading<'_>, Failure> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let transaction = open.as_ref().ok_or(CLOSED)?.begin_read()?;
        Ok(Reading { transaction, _open: open })
    }

    /// Begins to write. A database that was closed is opened.
    pub(super) fn begin_write(&self) -> Result<WriteTransaction, Failure> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(database) = &*open {
            return Ok(database.begin_write()?);
        }
        drop(open);
        self.reopen()?;
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        Ok(open.as_ref().ok_or(CLOSED)?.begin_write()?)
    }

    /// Opens the database again after an error. One that could not be opened is left to the next
    /// write.
    pub(super) fn recover(&self) -> Result<(), Failure> {
        let is_open = self.open.read().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_open { self.reopen() } else { Ok(()) }
    }

    /// Waits for the end of all reads, closes the database, and opens it again. Does nothing to a
    /// database in memory.
    fn reopen(&self) -> Result<(), Failure> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        *open = None;
        *open = Some(create(directory)?);
        Ok(())
    }
}

fn create(directory: &Path) -> Result<Redb, Failure> {
    let shown = directory.display();
    Redb::create(directory.join("hub.redb")).map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => {
            format!("another hub uses {shown}: give this one its own --data").into()
        }
        error => format!("can't open the store in {shown} (see --data): {error}").into(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::Database;

    #[test]
    fn database_that_cannot_be_opened_again_is_opened_by_a_later_write() {
        let directory = TempDir::new().unwrap();
        let (file, aside) = (directory.path().join("hub.redb"), directory.path().join("aside"));
        let database = Database::open(Some(directory.path())).unwrap();
        fs::rename(&file, &aside).unwrap();
        fs::create_dir(&file).unwrap();
        assert!(database.reopen().is_err());
        assert!(database.begin_read().is_err() && database.begin_write().is_err());
        fs::remove_dir(&file).unwrap();
        fs::rename(&aside, &file).unwrap();
        database.begin_write().unwrap().commit().unwrap();
        assert!(database.begin_read().is_ok());
    }
}
