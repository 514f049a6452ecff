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

/// Replaces all updates by one, which `merge` makes of them. Returns it.
pub(crate) fn merge(
    transaction: &WriteTransaction,
    merge: impl FnOnce(&[Vec<u8>]) -> Option<Vec<u8>>,
) -> Result<Vec<u8>, Failure> {
    let updates = transaction.open_table(UPDATES)?;
    let all = read(&updates)?;
    drop(updates);
    let all = merge(&all).ok_or("the updates can't be merged")?;
    compact(transaction, &all)?;
    Ok(all)
}

/// All updates, in order.
pub(crate) fn load(transaction: &ReadTransaction) -> Result<Vec<Vec<u8>>, Failure> {
    read(&transaction.open_table(UPDATES)?)
}

fn read(updates: &impl ReadableTable<u64, &'static [u8]>) -> Result<Vec<Vec<u8>>, Failure> {
    updates.iter()?.map(|update| Ok(update?.1.value().to_vec())).collect()
}
