//! The server's copy of the document, and what it refuses.

use std::panic::{AssertUnwindSafe, catch_unwind};

use yrs::updates::decoder::Decode;
use yrs::{Doc, ReadTxn, StateVector, Text, TextRef, Transact, Update, WriteTxn};

/// The name of the text in the document.
const TEXT: &str = "text";

/// The length of the text, in bytes of UTF-8.
pub(super) const LIMIT: usize = 1024 * 1024;

/// The length of the encoded document: its text, and what is left of deleted text.
const HISTORY: usize = 16 * 1024 * 1024;

/// After so many updates, or bytes of them, all are replaced by one.
pub(super) const UPDATES: usize = 1000;
pub(super) const BYTES: usize = 4 * 1024 * 1024;

/// The document.
pub(super) struct Replica {
    doc: Doc,
    text: TextRef,
    /// The length of the document when it was encoded last.
    encoded: usize,
    /// The updates since then, and their length.
    updates: usize,
    bytes: usize,
}

/// What became of an update.
#[derive(Debug, PartialEq)]
pub(super) enum Applied {
    /// What is new in it, to be stored and sent to others.
    New(Vec<u8>),
    /// It contains nothing that is new.
    Known,
    /// It would be longer than the limit.
    TooLong,
    /// An update of its author before it is missing: one that was refused.
    Gap,
    /// It refers to what is nowhere. What is new in its other content.
    Unresolved(Vec<u8>),
    /// yrs failed, and the document has to be loaded again.
    Broken,
}

impl Replica {
    /// The document of these updates.
    pub(super) fn load(updates: &[Vec<u8>]) -> Option<Self> {
        let doc = Doc::new();
        let text = doc.get_or_insert_text(TEXT);
        let load = || {
            let mut transaction = doc.transact_mut();
            for update in updates {
                transaction.apply_update(Update::decode_v1(update).ok()?).ok()?;
            }
            Some(())
        };
        catch_unwind(AssertUnwindSafe(load)).ok()??;
        let mut this = Self { doc, text, encoded: 0, updates: 0, bytes: 0 };
        this.encode();
        Some(this)
    }

    /// Applies an update that has this length.
    pub(super) fn apply(&mut self, update: Update, len: usize) -> Applied {
        let known = self.state_vector();
        if update.state_vector_lower().iter().any(|(client, clock)| *clock > known.get(client)) {
            return Applied::Gap;
        }
        let is_longer = update.extends(&known);
        if is_longer && (self.text_len() + len > LIMIT || self.encoded + self.bytes > HISTORY) {
            return Applied::TooLong;
        }
        self.take(update)
    }

    /// Applies an update that is stored: limits were checked before.
    pub(super) fn merge(&mut self, update: &[u8]) -> Applied {
        let update = catch_unwind(|| Update::decode_v1(update).ok()).ok().flatten();
        update.map_or(Applied::Broken, |update| self.take(update))
    }

    fn take(&mut self, update: Update) -> Applied {
        let apply = || {
            let mut transaction = self.doc.transact_mut();
            transaction.apply_update(update).ok()?;
            let is_resolved = transaction.prune_pending().is_none();
            let is_new = transaction.has_changes();
            if !is_new && is_resolved {
                return Some(Applied::Known);
            }
            let new = transaction.encode_update_v1();
            Some(if is_resolved { Applied::New(new) } else { Applied::Unresolved(new) })
        };
        let applied = catch_unwind(AssertUnwindSafe(apply)).ok().flatten();
        if let Some(Applied::New(new) | Applied::Unresolved(new)) = &applied {
            self.updates += 1;
            self.bytes += new.len();
        }
        applied.unwrap_or(Applied::Broken)
    }

    /// What a client with this state lacks.
    pub(super) fn lacking(&self, state: &StateVector) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(state)
    }

    pub(super) fn state_vector(&self) -> StateVector {
        self.doc.transact().state_vector()
    }

    /// The whole document, if it is time to replace all updates by it.
    pub(super) fn compact(&mut self) -> Option<Vec<u8>> {
        (self.updates >= UPDATES || self.bytes >= BYTES).then(|| self.encode())
    }

    /// The whole document.
    pub(super) fn encode(&mut self) -> Vec<u8> {
        let all = self.lacking(&StateVector::default());
        (self.encoded, self.updates, self.bytes) = (all.len(), 0, 0);
        all
    }

    fn text_len(&self) -> usize {
        self.text.len(&self.doc.transact()) as usize
    }
}
