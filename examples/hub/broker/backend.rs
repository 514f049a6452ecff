//! What a hub asks of a broker, whichever it is: writes in order, reads from a position, and a
//! channel that keeps nothing.

use crate::Failure;
use crate::store::chat::{Said, Stored};

/// What is to be stored.
#[derive(Clone)]
pub(crate) enum Write {
    Say(Said),
    /// An update of the document.
    Append(Vec<u8>),
    /// The document up to this number: updates up to it are removed.
    Snapshot(u64, Vec<u8>),
    /// Asks for the number of the last message of the chat.
    Latest,
    /// Nothing: it is done when everything before it is.
    Nothing,
}

/// What has become of a [`Write`].
#[derive(Debug)]
pub(crate) enum Written {
    /// Also [`Stored::Again`] if it is new: the stream's reader publishes it.
    Said(Stored),
    /// The number of the update, or the number that was asked for.
    Number(u64),
    Nothing,
    /// The broker will never take it.
    Refused,
}

/// A job for the broker, and what runs after it.
pub(crate) struct Job {
    pub(crate) write: Write,
    pub(crate) then: Box<dyn FnOnce(Written) + Send>,
}

/// The last entries of the streams, or the last ones that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Positions {
    pub(crate) chat: u64,
    pub(crate) document: u64,
}

/// What is at the broker.
pub(crate) struct Latest {
    /// The id of the history.
    pub(crate) id: String,
    pub(crate) positions: Positions,
}

/// An entry of the document's stream.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) update: Vec<u8>,
    /// The hub that has appended it; `None` is a snapshot of all up to this number.
    pub(crate) hub: Option<String>,
}

/// What a hub receives of the broker.
#[derive(Debug)]
pub(crate) enum Event {
    Said(Said),
    /// A message with this number that can't be read.
    Unreadable(u64),
    Entry(Entry),
    /// What a hub publishes that is not kept.
    Live(Vec<u8>),
    /// The connection is there, for the first time or again.
    Connected,
    /// The broker has lost what this hub has read.
    Behind(String),
}

impl Event {
    /// Stands for a message of the chat that can't be read, which is reported.
    pub(super) fn unreadable(seq: u64, error: &Failure) -> Self {
        eprintln!("hub: message {seq} of the chat can't be read, and is skipped: {error}");
        Self::Unreadable(seq)
    }
}

/// A broker's own protocol.
pub(crate) trait Backend: Send + Sync + 'static {
    type Writer: Writer;
    type Reader: Reader;
    type Live: Live;

    fn writer(&self) -> impl Future<Output = Result<Self::Writer, Failure>> + Send;

    /// Reads what follows these positions. Returns what is there, too.
    fn reader(
        &self,
        after: Positions,
    ) -> impl Future<Output = Result<(Self::Reader, Latest), Failure>> + Send;

    fn listen(&self) -> impl Future<Output = Result<Self::Live, Failure>> + Send;
}

pub(crate) trait Writer: Send {
    /// Writes some of these, at least the first one, in their order. After an error, some may be
    /// written, which are then written again.
    fn write(
        &mut self,
        writes: &[&Write],
    ) -> impl Future<Output = Result<Vec<Written>, Failure>> + Send;

    /// Publishes to the hubs that are there.
    fn publish(&mut self, bytes: Vec<u8>) -> impl Future<Output = Result<(), Failure>> + Send;
}

pub(crate) trait Reader: Send {
    /// Waits for entries: `Said`, `Unreadable` and `Entry` alone. An error is one of the
    /// connection. An entry that can't be read is not: it would be read again and again.
    fn next(&mut self) -> impl Future<Output = Result<Vec<Event>, Failure>> + Send;
}

pub(crate) trait Live: Send {
    fn next(&mut self) -> impl Future<Output = Result<Vec<u8>, Failure>> + Send;
}
