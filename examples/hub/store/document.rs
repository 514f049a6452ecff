//! The updates of the document, in the order in which they were applied.

use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

use crate::Failure;

const UPDATES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("document");

pub(super) fn create(transaction: &WriteTransaction) -> Result<(), Failure> {
    transaction.open_table(UPDATES)?;
    Ok(())
}

/// Adds an update.
pub(crate) fn append(transaction: &WriteTransaction, update: &[u8]) -> Result<(), Failure> {
    let mut updates = transaction.open_table(UPDATES)?;
    let next = updates.last()?.map_or(0, |(number, _)| number.value()) + 1;
    updates.insert(next, update)?;
    Ok(())
}

/// Replaces all updates by one that contains them.
pub(crate) fn compact(transaction: &WriteTransaction, all: &[u8]) -> Result<(), Failure> {
    let mut updates = transaction.open_table(UPDATES)?;
    updates.retain(|_, _| false)?;
    updates.insert(0, all)?;
    Ok(())
}

/// All updates, in order.
pub(crate) fn load(transaction: &ReadTransaction) -> Result<Vec<Vec<u8>>, Failure> {
    let updates = transaction.open_table(UPDATES)?;
    updates.iter()?.map(|update| Ok(update?.1.value().to_vec())).collect()
}
