//! The server's copy of the document, and the limits of updates.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use yrs::updates::decoder::Decode;
use yrs::{
    ClientID, Doc, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef, Transact, Update,
    WriteTxn,
};

use super::content::{Content, TEXT, UPDATE_CLIENTS, UPDATE_STRUCTS, Unfit};
use super::order::Order;
use super::placing::{Limits, Misfit};

/// The length of the text, in code units of UTF-16.
pub(super) const LIMIT: usize = 1024 * 1024;

/// The length of the encoded document: its text, and what is left of deleted text.
const HISTORY: usize = 16 * 1024 * 1024;

/// After so many updates, or bytes of them, all are replaced by one.
pub(super) const UPDATES: usize = 1000;
pub(super) const BYTES: usize = 4 * 1024 * 1024;

/// The stack for an update of many client ids. A debug build needs some 300 bytes for each.
const STACK: usize = 64 * 1024 * 1024;

/// A copy of the document.
pub(super) struct Replica {
    doc: Doc,
    text: TextRef,
    order: Order,
    /// The length of the document when it was encoded last, and of the updates since then.
    encoded: usize,
    grown: usize,
    /// The updates since all were replaced by one, and their length.
    updates: usize,
    bytes: usize,
}

/// Why an update is not in the document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rejected {
    /// The update is not one of a plain text.
    Unfit(Unfit),
    /// The update does not fit the document.
    Misfit(Misfit),
    /// The update writes with the client id of another page.
    Forged,
    /// The document would be longer than the limit.
    TooLong,
    /// yrs failed, and the document has to be loaded again.
    Broken,
}

impl From<Unfit> for Rejected {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}

impl From<Misfit> for Rejected {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit(misfit)
    }
}

impl Replica {
    /// Makes the document of these updates.
    pub(super) fn load(updates: &[Vec<u8>]) -> Result<Self, Rejected> {
        // As pages count. In bytes, yrs miscounts a pair of surrogates of which one is deleted.
        let options = Options { offset_kind: OffsetKind::Utf16, ..Options::default() };
        let doc = Doc::with_options(options);
        let text = doc.get_or_insert_text(TEXT);
        let order = Order::default();
        let mut this = Self { doc, text, order, encoded: 0, grown: 0, updates: 0, bytes: 0 };
        for update in updates {
            this.merge(update)?;
        }
        this.encode();
        Ok(this)
    }

    /// Applies an update of a client. Returns what is new in it, to be stored and sent to others.
    /// The limits are those of its connection. `may_write` gets each client id that the update
    /// writes with, and whether the document has something of that one.
    pub(super) fn apply(
        &mut self,
        update: &[u8],
        limits: &Limits,
        may_write: impl Fn(ClientID, bool) -> bool,
    ) -> Result<Option<Vec<u8>>, Rejected> {
        let content = Content::read(update, UPDATE_STRUCTS, self.order.len())?;
        let writing = self.order.writing(&content);
        if writing.len() > UPDATE_CLIENTS {
            return Err(Unfit::TooMany.into());
        }
        if !writing.iter().all(|id| may_write(*id, self.order.clock(*id) > 0)) {
            return Err(Rejected::Forged);
        }
        if self.encoded + self.grown > HISTORY {
            // The estimate counts text that was deleted meanwhile: encode to know the length.
            self.measure();
        }
        let is_longer = !writing.is_empty() && self.text_len() + update.len() > LIMIT;
        if is_longer || self.encoded > HISTORY {
            return Err(Rejected::TooLong);
        }
        self.take(update, &content, limits)
    }

    /// Applies an update that is stored, whose limits were checked before.
    pub(super) fn merge(&mut self, update: &[u8]) -> Result<Option<Vec<u8>>, Rejected> {
        self.take(update, &Content::read(update, usize::MAX, 0)?, &Limits::NONE)
    }

    fn take(
        &mut self,
        update: &[u8],
        content: &Content,
        limits: &Limits,
    ) -> Result<Option<Vec<u8>>, Rejected> {
        self.order.add(content, limits)?;
        let is_deep = content.clients() > UPDATE_CLIENTS;
        let apply = || {
            let update = Update::decode_v1(update).ok()?;
            let mut transaction = self.doc.transact_mut();
            transaction.apply_update(update).ok()?;
            let is_resolved = transaction.prune_pending().is_none();
            let new = transaction.has_changes().then(|| transaction.encode_update_v1());
            is_resolved.then_some(new)
        };
        let apply = || catch_unwind(AssertUnwindSafe(apply)).ok().flatten();
        let new = if is_deep { on_a_deep_stack(apply) } else { apply() };
        let new = new.ok_or(Rejected::Broken)?;
        if let Some(new) = &new {
            self.updates += 1;
            self.bytes += new.len();
            self.grown += new.len();
        }
        Ok(new)
    }

    /// Returns the update that a client with this state lacks.
    pub(super) fn lacking(&self, state: &StateVector) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(state)
    }

    pub(super) fn state_vector(&self) -> StateVector {
        self.doc.transact().state_vector()
    }

    /// Returns the whole document if it is time to replace all updates by it.
    pub(super) fn compact(&mut self) -> Option<Vec<u8>> {
        (self.updates >= UPDATES || self.bytes >= BYTES).then(|| self.encode())
    }

    /// The whole document.
    pub(super) fn encode(&mut self) -> Vec<u8> {
        (self.updates, self.bytes) = (0, 0);
        self.measure()
    }

    fn measure(&mut self) -> Vec<u8> {
        let all = self.lacking(&StateVector::default());
        (self.encoded, self.grown) = (all.len(), 0);
        all
    }

    /// The number of its pieces, which are structs.
    pub(super) fn pieces(&self) -> usize {
        self.order.len()
    }

    pub(super) fn text_len(&self) -> usize {
        self.text.len(&self.doc.transact()) as usize
    }
}

/// yrs recurses for each client id of an update: a stored one may have as many as pieces.
fn on_a_deep_stack<T: Send>(work: impl FnOnce() -> Option<T> + Send) -> Option<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        thread.ok()?.join().ok()?
    })
}
