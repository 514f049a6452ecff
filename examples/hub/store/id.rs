//! The id of a history: with it, a client knows whether the numbers that it has are of this one.

use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

use super::random;
use crate::Failure;

const ABOUT: TableDefinition<'_, &str, &str> = TableDefinition::new("about");

const ID: &str = "id";

/// Gives a new store an id of its own.
pub(super) fn create(transaction: &WriteTransaction) -> Result<(), Failure> {
    let is_missing = transaction.open_table(ABOUT)?.get(ID)?.is_none();
    if is_missing { set(transaction, &random()) } else { Ok(()) }
}

/// Replaces the id, in a copy of another history.
pub(crate) fn set(transaction: &WriteTransaction, id: &str) -> Result<(), Failure> {
    transaction.open_table(ABOUT)?.insert(ID, id)?;
    Ok(())
}

pub(crate) fn get(transaction: &ReadTransaction) -> Result<String, Failure> {
    let id = transaction.open_table(ABOUT)?.get(ID)?.ok_or("the store has no id")?;
    Ok(id.value().to_owned())
}
