//! The history of the chat: the newest messages, each once.
//!
//! | table | key | value |
//! |---|---|---|
//! | `chat` | sequence number | client, its id of the message, name, text, time |
//! | `chat-ids` | client, its id of the message | sequence number |

use redb::{
    ReadTransaction, ReadableTable, ReadableTableMetadata, Table, TableDefinition, WriteTransaction,
};
use serde::{Deserialize, Serialize};

use crate::Failure;

type Message = (&'static str, u64, &'static str, &'static str, u64);

const MESSAGES: TableDefinition<'_, u64, Message> = TableDefinition::new("chat");
const IDS: TableDefinition<'_, (&str, u64), u64> = TableDefinition::new("chat-ids");

/// A message of the chat, as clients receive it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename = "said", rename_all = "camelCase")]
pub(crate) struct Said {
    pub(crate) seq: u64,
    pub(crate) client: String,
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) text: String,
    /// In milliseconds of Unix.
    pub(crate) at: u64,
}

/// The result of storing a message.
#[derive(Debug)]
pub(crate) enum Stored {
    New(Said),
    /// The message is stored already, with this sequence number.
    Again(u64),
    /// The client has given its id to a message with another text.
    Conflict,
}

pub(super) fn create(transaction: &WriteTransaction) -> Result<(), Failure> {
    transaction.open_table(MESSAGES)?;
    transaction.open_table(IDS)?;
    Ok(())
}

/// Stores a message with its sequence number, or the next one if that is 0. Removes the oldest
/// above so many.
pub(crate) fn say(
    transaction: &WriteTransaction,
    mut said: Said,
    keep: u64,
) -> Result<Stored, Failure> {
    let mut messages = transaction.open_table(MESSAGES)?;
    let mut ids = transaction.open_table(IDS)?;
    let known = ids.get((said.client.as_str(), said.id))?.map(|seq| seq.value());
    if let Some(seq) = known {
        let stored = messages.get(seq)?;
        let is_same = stored.is_some_and(|stored| stored.value().3 == said.text);
        return Ok(if is_same { Stored::Again(seq) } else { Stored::Conflict });
    }
    if said.seq == 0 {
        said.seq = messages.last()?.map_or(0, |(seq, _)| seq.value()) + 1;
    }
    let value = (said.client.as_str(), said.id, said.name.as_str(), said.text.as_str(), said.at);
    messages.insert(said.seq, value)?;
    ids.insert((said.client.as_str(), said.id), said.seq)?;
    while messages.len()? > keep {
        remove_first(&mut messages, &mut ids)?;
    }
    Ok(Stored::New(said))
}

fn remove_first(
    messages: &mut Table<'_, u64, Message>,
    ids: &mut Table<'_, (&'static str, u64), u64>,
) -> Result<(), Failure> {
    if let Some((_, first)) = messages.pop_first()? {
        let (client, id, ..) = first.value();
        ids.remove((client, id))?;
    }
    Ok(())
}

/// Looks for a message that may be stored already.
#[cfg(feature = "nats")]
pub(crate) fn find(transaction: &ReadTransaction, said: &Said) -> Result<Option<Stored>, Failure> {
    let ids = transaction.open_table(IDS)?;
    let Some(seq) = ids.get((said.client.as_str(), said.id))?.map(|seq| seq.value()) else {
        return Ok(None);
    };
    let stored = transaction.open_table(MESSAGES)?.get(seq)?;
    let is_same = stored.is_some_and(|stored| stored.value().3 == said.text);
    Ok(Some(if is_same { Stored::Again(seq) } else { Stored::Conflict }))
}

/// At most so many messages with these sequence numbers, in order.
pub(crate) fn history(
    transaction: &ReadTransaction,
    seqs: std::ops::RangeInclusive<u64>,
    limit: usize,
) -> Result<Vec<Said>, Failure> {
    let messages = transaction.open_table(MESSAGES)?;
    let said = messages.range(seqs)?.take(limit).map(|message| {
        let (seq, message) = message?;
        let (client, id, name, text, at) = message.value();
        let (client, name, text) = (client.to_owned(), name.to_owned(), text.to_owned());
        Ok(Said { seq: seq.value(), client, id, name, text, at })
    });
    said.collect()
}

/// The sequence number of the newest message; 0 without one.
pub(crate) fn latest(transaction: &ReadTransaction) -> Result<u64, Failure> {
    let messages = transaction.open_table(MESSAGES)?;
    Ok(messages.last()?.map_or(0, |(seq, _)| seq.value()))
}

/// The highest id that this client has given to a message that is kept; 0 without one.
pub(crate) fn last_id(transaction: &ReadTransaction, client: &str) -> Result<u64, Failure> {
    let ids = transaction.open_table(IDS)?;
    let last = ids.range((client, 0)..=(client, u64::MAX))?.next_back().transpose()?;
    Ok(last.map_or(0, |(id, _)| id.value().1))
}
