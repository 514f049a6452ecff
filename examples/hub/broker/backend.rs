//! The interface of a broker: writes in order, reads from a position, and a channel that keeps
//! nothing.

use crate::Failure;
use crate::store::chat::{Said, Stored};

/// An entry to store at the broker, or a question that takes its turn among the entries.
#[derive(Clone)]
pub(crate) enum Write {
    Say(Said),
    /// An update of the document.
    Append(Vec<u8>),
    /// The document up to this number: updates up to it are removed.
    Snapshot(u64, Vec<u8>),
    /// Asks for the number of the last message of the chat.
    Latest,
    /// Stores nothing, and is done when all writes before it are.
    Nothing,
}

/// The result of a [`Write`].
#[derive(Debug)]
pub(crate) enum Written {
    /// A message. [`Stored::Again`] for a new one, too: the stream's reader publishes it.
    Said(Stored),
    /// The number of the update, or the number that was asked for.
    Number(u64),
    Nothing,
    /// The broker refuses the entry, and would refuse it again.
    Refused,
}

/// A job for the broker, and a function that gets its result.
pub(crate) struct Job {
    pub(crate) write: Write,
    pub(crate) then: Box<dyn FnOnce(Written) + Send>,
}

/// The numbers of the last entries of both streams, or of the last ones that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Positions {
    pub(crate) chat: u64,
    pub(crate) document: u64,
}

/// The history at the broker.
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

/// An event that a hub receives from the broker.
#[derive(Debug)]
pub(crate) enum Event {
    Said(Said),
    /// A message with this number that can't be read.
    Unreadable(u64),
    Entry(Entry),
    /// Bytes that a hub has published, and that the broker does not keep.
    Live(Vec<u8>),
    /// The connection is open, for the first time or again.
    Connected,
    /// The broker has lost what this hub has read.
    Behind(String),
}

impl Event {
    /// Reports a message of the chat that can't be read, and returns the event in its place.
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

    /// Returns a reader of the entries after these positions, and the latest positions.
    fn reader(
        &self,
        after: Positions,
    ) -> impl Future<Output = Result<(Self::Reader, Latest), Failure>> + Send;

    fn listen(&self) -> impl Future<Output = Result<Self::Live, Failure>> + Send;
}

pub(crate) trait Writer: Send {
    /// Writes some of these in their order, at least the first one. After an error, some may be
    /// written, and all are written again.
    fn write(
        &mut self,
        writes: &[&Write],
    ) -> impl Future<Output = Result<Vec<Written>, Failure>> + Send;

    /// Publishes to all hubs that are connected.
    fn publish(&mut self, bytes: Vec<u8>) -> impl Future<Output = Result<(), Failure>> + Send;
}

pub(crate) trait Reader: Send {
    /// Waits for entries: `Said`, `Unreadable` and `Entry` alone. An error is one of the
    /// connection. An entry that can't be read is no error, as the next reader would fail at it,
    /// too.
    fn next(&mut self) -> impl Future<Output = Result<Vec<Event>, Failure>> + Send;
}

pub(crate) trait Live: Send {
    fn next(&mut self) -> impl Future<Output = Result<Vec<u8>, Failure>> + Send;
}
