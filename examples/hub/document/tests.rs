//! Updates of pages are applied, also at once; updates that no page writes are refused, and change
//! nothing.

#[path = "../tests/chain.rs"]
mod chain;
mod limits;

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use proptest::prelude::*;
use sansocket::CloseCode;
use sansocket::topic::Topic;
use tokio::time::timeout;
use yrs::updates::decoder::Decode;
use yrs::{
    Assoc, ClientID, Doc, ID, IndexedSequence, OffsetKind, Options, ReadTxn, StateVector, Text,
    TextRef, Transact, Update,
};

use super::authors::Author;
use super::content::{Content, Unfit};
use super::order::Order;
use super::placing::{Limits, Misfit};
use super::replica::{Rejected, Replica};
use super::updates::{Refused, Updates};
use crate::journal::Journal;
use crate::store::Store;

/// A page.
struct Page {
    doc: Doc,
    text: TextRef,
    /// The other pages' updates that it has not received yet.
    held: Vec<Vec<u8>>,
}

impl Page {
    fn new(id: u64) -> Self {
        let id = ClientID::new(id);
        let doc = Doc::with_options(Options {
            offset_kind: OffsetKind::Utf16,
            ..Options::with_client_id(id)
        });
        let text = doc.get_or_insert_text("text");
        Self { doc, text, held: vec![] }
    }

    /// Inserts a word at this part of the text, or deletes there.
    fn edit(&self, part: f64, word: Option<&str>) -> Vec<u8> {
        let mut transaction = self.doc.transact_mut();
        let len = self.text.len(&transaction);
        let at = (part * f64::from(len)) as u32;
        match word {
            Some(word) => self.text.insert(&mut transaction, at, word),
            None => self.text.remove_range(&mut transaction, at, 3.min(len - at)),
        }
        transaction.encode_update_v1()
    }

    fn receive(&mut self) {
        let mut transaction = self.doc.transact_mut();
        for update in self.held.drain(..) {
            transaction.apply_update(Update::decode_v1(&update).unwrap()).unwrap();
        }
    }

    fn encode(&self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&StateVector::default())
    }

    /// The ids of its characters.
    fn ids(&self) -> Vec<ID> {
        let transaction = self.doc.transact();
        let id = |at| {
            let index = self.text.sticky_index(&transaction, at, Assoc::After).unwrap();
            *index.id().unwrap()
        };
        (0..self.text.len(&transaction)).map(id).collect()
    }
}

/// Three pages write at once, and receive each other's updates now and then. Returns their updates
/// in an order in which the hub may receive them, and a page that has all.
fn write(edits: &[(usize, f64, Option<&str>, bool)]) -> (Vec<Vec<u8>>, Page) {
    let mut pages = [Page::new(7), Page::new(1 << 40), Page::new(3)];
    let mut updates = vec![];
    for (author, part, word, receives) in edits {
        if *receives {
            pages[*author].receive();
        }
        let update = pages[*author].edit(*part, *word);
        for (index, page) in pages.iter_mut().enumerate() {
            if index != *author {
                page.held.push(update.clone());
            }
        }
        updates.push(update);
    }
    let [mut page, ..] = pages;
    page.receive();
    (updates, page)
}

fn edits() -> impl Strategy<Value = Vec<(usize, f64, Option<&'static str>, bool)>> {
    let word =
        prop::option::weighted(0.7, prop::sample::select(&["a", "wörd", "🦀\n", "typed"][..]));
    prop::collection::vec((0..3_usize, 0.0..1.0, word, any::<bool>()), 1..40)
}

fn add(order: &mut Order, update: &[u8]) -> Result<(), Misfit> {
    order.add(&Content::read(update, usize::MAX, 0).unwrap(), &Limits::NONE)
}

fn replica(update: &[u8]) -> Replica {
    Replica::load(&[update.to_vec()]).unwrap()
}

fn apply(replica: &mut Replica, update: &[u8]) -> Result<Option<Vec<u8>>, Rejected> {
    replica.apply(update, &Limits::of_connection(usize::MAX), |_, _| true)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(100)
    })]

    #[test]
    fn what_pages_write_is_taken_and_placed_as_by_yrs(edits in edits()) {
        let (updates, page) = write(&edits);
        let (mut order, mut hub) = (Order::default(), Replica::load(&[]).unwrap());
        for update in &updates {
            add(&mut order, update).unwrap();
            apply(&mut hub, update).unwrap();
        }
        prop_assert_eq!(order.live(), page.ids());
        // Pages and hubs that come later have to take the document of the hub.
        let all = hub.encode();
        let mut later = Order::default();
        add(&mut later, &all).unwrap();
        prop_assert_eq!(later.live(), page.ids());
        let mut new = Replica::load(&[]).unwrap();
        prop_assert!(apply(&mut new, &page.encode()).is_ok());
        prop_assert_eq!(apply(&mut hub, &page.encode()), Ok(None));
    }

    #[test]
    fn refused_update_leaves_the_order_as_it_was(edits in edits(), count in 0..40_usize) {
        let (updates, page) = write(&edits);
        let mut order = Order::default();
        for update in &updates[..count.min(updates.len())] {
            add(&mut order, update).unwrap();
        }
        let (live, len) = (order.live(), order.len());
        // All the others at once, and a deletion of what is nowhere.
        let mut rest = Content::read(&page.encode(), usize::MAX, 0).unwrap();
        rest.deletions.push((ID::new(ClientID::new(9), 0), 1));
        prop_assert_eq!(order.add(&rest, &Limits::NONE), Err(Misfit::Unresolved));
        prop_assert_eq!((order.live(), order.len()), (live.clone(), len));
        rest.deletions.pop();
        let strict = Limits { structs: 0, ..Limits::NONE };
        let result = order.add(&rest, &strict);
        if result.is_err() {
            prop_assert_eq!((order.live(), order.len()), (live, len));
            order.add(&rest, &Limits::NONE).unwrap();
        }
        prop_assert_eq!(order.live(), page.ids());
    }

    #[test]
    fn update_cut_short_is_malformed(edits in edits()) {
        let all = write(&edits).1.encode();
        for len in 0..all.len() {
            prop_assert!(Content::read(&all[..len], usize::MAX, 0).is_err(), "{len} of {all:?}");
        }
    }

    #[test]
    fn changed_update_is_refused_or_what_yrs_reads(
        edits in edits(),
        changes in prop::collection::vec((0.0..1.0, any::<u8>()), 1..4),
    ) {
        let (updates, page) = write(&edits);
        let mut all = page.encode();
        for (part, byte) in changes {
            let at = (part * all.len() as f64) as usize;
            all[at] = byte;
        }
        let mut hub = replica(&updates[0]);
        prop_assert_ne!(apply(&mut hub, &all), Err(Rejected::Broken));
    }
}

#[test]
fn half_of_a_surrogate_pair_is_deleted_as_a_unit() {
    let (mut hub, page) = (Replica::load(&[]).unwrap(), Page::new(1));
    for (word, len) in [(Some("🦀"), 2), (None, 1)] {
        let update = page.edit(0.5, word);
        assert!(apply(&mut hub, &update).unwrap().is_some());
        assert_eq!(hub.text_len(), len);
    }
}

#[test]
fn numbers_that_yjs_reads_differently_are_malformed() {
    // A clock of 2³² + 5, which is 5 in 32 bits; a client of 2⁵³; a length of nine bytes.
    let cases: [&[u8]; 3] = [
        &[1, 1, 7, 0x85, 0x80, 0x80, 0x80, 0x10, 4, 1, 4, 116, 101, 120, 116, 1, 120, 0],
        &[1, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 0, 1, 1, 0],
        &[1, 1, 7, 0, 0, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0],
    ];
    for update in cases {
        assert_eq!(Content::read(update, usize::MAX, 0), Err(Unfit::Malformed), "{update:?}");
    }
}

#[tokio::test]
async fn rooms_go_on_while_the_document_is_busy() {
    let store = Arc::new(Store::open(None).unwrap());
    let journal = Journal::new(store, None, 10);
    let updates = Arc::new(Updates::new(journal.clone(), Topic::new()).unwrap());
    let (open, gate) = sync_channel::<()>(0);
    let busy = tokio::spawn({
        let updates = Arc::clone(&updates);
        async move { updates.busy(gate).await }
    });
    // More wait for the document than the store's queue has places.
    let waiting: Vec<_> = (0..1100)
        .map(|id| {
            let updates = Arc::clone(&updates);
            let author = Author::new(&id.to_string(), true);
            let update = Page::new(id).edit(0.0, Some("x"));
            tokio::spawn(async move { updates.take(update, author, 1, |_| ()).await })
        })
        .collect();
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    // On the only thread of this runtime, and of the store.
    let (done, is_done) = tokio::sync::oneshot::channel();
    let place = timeout(Duration::from_secs(60), journal.slot()).await;
    place.expect("a place").unwrap().barrier(|stored| done.send(stored).unwrap());
    assert_eq!(is_done.await, Ok(Some(())));
    assert!(!busy.is_finished());
    open.send(()).unwrap();
    busy.await.unwrap();
    for task in waiting {
        let taken = task.await.unwrap();
        assert!(matches!(taken, Ok(_) | Err(Refused::Close(CloseCode::TRY_AGAIN_LATER, _))));
    }
}
