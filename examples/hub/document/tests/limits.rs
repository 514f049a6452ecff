//! How much one update may need, and how much of the document it may take.

use yrs::encoding::write::Write;
use yrs::updates::decoder::Decode;
use yrs::{ReadTxn, StateVector, Text, Transact, Update};

use super::super::content::{UPDATE_STRUCTS, Unfit};
use super::super::placing::Misfit;
use super::super::replica::{Rejected, Replica};
use super::chain::chain;
use super::{Page, apply};

/// A one-character update of each of these clients, all typed into an empty text.
fn at_once(clients: impl Iterator<Item = u64>) -> Vec<Vec<u8>> {
    clients.map(|id| Page::new(id).edit(0.0, Some("x"))).collect()
}

#[test]
fn update_of_too_many_at_the_same_place_is_refused() {
    let mut hub = Replica::load(&[]).unwrap();
    // Each is compared with all before it: 62 · 63 / 2 = 1953.
    let page = Page::new(1);
    for update in at_once((1..=63).map(|id| 100 - id)) {
        page.doc.transact_mut().apply_update(Update::decode_v1(&update).unwrap()).unwrap();
    }
    let (few, mut many) = (page.encode(), Page::new(2));
    many.held = at_once((1..=100).map(|id| 200 - id));
    many.receive();
    assert_eq!(apply(&mut hub, &many.encode()), Err(Rejected::Misfit(Misfit::TooManyAtOnce)));
    assert_eq!(hub.state_vector(), StateVector::default());
    assert!(apply(&mut hub, &few).unwrap().is_some());
}

#[test]
fn deleted_characters_count_as_pieces() {
    let mut hub = Replica::load(&[]).unwrap();
    let page = Page::new(9);
    apply(&mut hub, &page.edit(0.0, Some(&"xy".repeat(3000)))).unwrap();
    // Every other one is deleted.
    let mut transaction = page.doc.transact_mut();
    for at in 0..3000 {
        page.text.remove_range(&mut transaction, at, 1);
    }
    let update = transaction.encode_update_v1();
    drop(transaction);
    apply(&mut hub, &update).unwrap();
    // Typed into an empty text, at the same time.
    let update = &at_once(std::iter::once(20))[0];
    assert_eq!(apply(&mut hub, update), Err(Rejected::Misfit(Misfit::TooManyAtOnce)));
}

#[test]
fn deleted_text_leaves_room() {
    let mut hub = Replica::load(&[]).unwrap();
    let page = Page::new(1);
    let text = "x".repeat(1_000_000);
    for _ in 0..20 {
        assert!(apply(&mut hub, &page.edit(0.0, Some(&text))).unwrap().is_some());
        let mut transaction = page.doc.transact_mut();
        page.text.remove_range(&mut transaction, 0, 1_000_000);
        let update = transaction.encode_update_v1();
        drop(transaction);
        assert!(apply(&mut hub, &update).unwrap().is_some());
    }
}

/// An update that deletes each second one of the first characters of a client.
fn deletions(client: u8, count: u32) -> Vec<u8> {
    let mut update = vec![0, 1, client];
    update.write_var(count);
    for at in 0..count {
        update.write_var(2 * at);
        update.write_var(1);
    }
    update
}

#[test]
fn deletions_count_as_structs_also_if_they_change_nothing() {
    let (mut hub, page) = (Replica::load(&[]).unwrap(), Page::new(1));
    let most = UPDATE_STRUCTS as u32;
    apply(&mut hub, &page.edit(0.0, Some(&"x".repeat(30_000)))).unwrap();
    let mut transaction = page.doc.transact_mut();
    page.text.remove_range(&mut transaction, 0, 30_000);
    let update = transaction.encode_update_v1();
    drop(transaction);
    apply(&mut hub, &update).unwrap();
    // The document is one piece.
    assert_eq!(apply(&mut hub, &deletions(1, most + 1)), Ok(None));
    let too_many = Err(Rejected::Unfit(Unfit::TooMany));
    assert_eq!(apply(&mut hub, &deletions(1, most + 2)), too_many);
}

/// An answer to step 1 has all deletions of the document.
#[test]
fn answer_of_a_page_is_taken_when_the_document_has_many_deletions() {
    let (mut hub, page) = (Replica::load(&[]).unwrap(), Page::new(1));
    apply(&mut hub, &page.edit(0.0, Some(&"x".repeat(24_000)))).unwrap();
    for part in 0..2 {
        let mut transaction = page.doc.transact_mut();
        for at in 0..6000 {
            page.text.remove_range(&mut transaction, 6000 * part + at, 1);
        }
        let update = transaction.encode_update_v1();
        drop(transaction);
        apply(&mut hub, &update).unwrap();
    }
    page.edit(0.5, Some("typed"));
    let answer = page.doc.transact().encode_state_as_update_v1(&hub.state_vector());
    assert!(apply(&mut hub, &answer).unwrap().is_some());
    assert_eq!(hub.text_len(), 12_005);
}

/// All client ids are in one update after the document was merged.
#[test]
fn document_of_many_clients_that_refer_to_each_other_is_loaded() {
    let update = chain(1..20_001, 1);
    assert_eq!(Replica::load(&[update]).unwrap().text_len(), 20_000);
}
