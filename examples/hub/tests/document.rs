//! The document: edits converge, and what can't be one is refused.

use std::path::Path;

use redb::{Database, ReadableTableMetadata, TableDefinition};
use yrs::sync::{Message as Sync, SyncMessage};
use yrs::updates::decoder::Decode;
use yrs::{Doc, ReadTxn, StateVector, Text, Transact, Update};

use crate::editor::Editor;
use crate::run::{hub, hub_with};

#[tokio::test]
async fn two_clients_converge_on_what_both_type() {
    let hub = hub().await;
    let (mut one, mut two) = (Editor::open(&hub, "one").await, Editor::open(&hub, "two").await);
    one.insert(0, "héllo 🦀").await;
    two.until("héllo 🦀").await;
    // At once, at different places; 🦀 is two units of UTF-16.
    one.insert(8, "!").await;
    two.delete(0, 1).await;
    two.insert(0, "H").await;
    one.until("Héllo 🦀!").await;
    two.until("Héllo 🦀!").await;
    one.acknowledged(2).await;
    two.acknowledged(2).await;
    Editor::open(&hub, "three").await.until("Héllo 🦀!").await;
}

#[tokio::test]
async fn edits_of_a_client_that_was_away_are_merged() {
    let hub = hub().await;
    let (mut one, mut two) = (Editor::open(&hub, "one").await, Editor::open(&hub, "two").await);
    one.insert(0, "text").await;
    two.until("text").await;
    // Typed while there is no connection.
    two.change(|text, transaction| text.insert(transaction, 4, " of two"));
    one.insert(0, "one's ").await;
    one.acknowledged(2).await;
    let mut two = two.again(&hub, "two").await;
    two.until("one's text of two").await;
    one.until("one's text of two").await;
}

#[tokio::test]
async fn undecodable_messages_are_1007_and_the_document_is_untouched() {
    let hub = hub().await;
    let mut one = Editor::open(&hub, "one").await;
    one.insert(0, "text").await;
    one.acknowledged(1).await;
    let update = |content: &[u8]| {
        let mut message = vec![0, 2, u8::try_from(content.len()).unwrap()];
        message.extend(content);
        message
    };
    let cases = [
        vec![],
        vec![9],
        vec![0],
        vec![0, 7, 0],
        update(b""),
        update(b"forged"),
        // Many clients, of which none is there; a client id above 2⁵³.
        update(&[0xff, 0xff, 0xff, 0xff, 0x0f]),
        update(&[1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 4, 1, 0]),
        // A second message behind the first one.
        [update(&[0, 0]), vec![3]].concat(),
        // Awareness and a state vector of many clients.
        vec![1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
        vec![0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
    ];
    for message in cases {
        let mut client = Editor::open(&hub, "c").await;
        client.client.socket.send(message.clone()).await.unwrap();
        assert_eq!(client.client.closed().await.0, 1007, "{message:?}");
    }
    Editor::open(&hub, "two").await.until("text").await;
    one.insert(4, "!").await;
    one.acknowledged(2).await;
}

#[tokio::test]
async fn update_after_one_that_is_missing_is_refused() {
    let hub = hub().await;
    let mut one = Editor::open(&hub, "one").await;
    one.change(|text, transaction| text.insert(transaction, 0, "lost"));
    one.insert(4, "text").await;
    let refused = one.client.next("refused").await;
    assert!(refused["reason"].as_str().unwrap().contains("missing"), "{refused}");
    // A sync step brings both.
    let known = StateVector::default();
    let all = one.doc.transact().encode_state_as_update_v1(&known);
    one.send(&Sync::Sync(SyncMessage::SyncStep2(all))).await;
    Editor::open(&hub, "two").await.until("losttext").await;
}

#[tokio::test]
async fn update_that_refers_to_what_is_nowhere_is_1008() {
    let hub = hub().await;
    let mut one = Editor::open(&hub, "one").await;
    // Typed behind the text of another client, which the hub does not have.
    let other = Doc::new();
    let text = other.get_or_insert_text("text");
    let mut transaction = other.transact_mut();
    text.insert(&mut transaction, 0, "nowhere");
    let update = Update::decode_v1(&transaction.encode_update_v1()).unwrap();
    drop(transaction);
    one.doc.transact_mut().apply_update(update).unwrap();
    one.insert(7, "text").await;
    assert_eq!(one.client.closed().await.0, 1008);
    let mut two = Editor::open(&hub, "two").await;
    two.insert(0, "still works").await;
    two.acknowledged(1).await;
    Editor::open(&hub, "three").await.until("still works").await;
}

#[tokio::test]
async fn document_has_at_most_a_mebibyte_of_text() {
    let hub = hub_with(sansocket_hub::Settings { rate: 1000, ..Default::default() }).await;
    let mut one = Editor::open(&hub, "one").await;
    for _ in 0..4 {
        one.insert(0, &"x".repeat(256 * 1024 - 100)).await;
    }
    one.acknowledged(4).await;
    let too_long = one.change(|text, transaction| text.insert(transaction, 0, &"y".repeat(500)));
    one.update(too_long).await;
    let refused = one.client.next("refused").await;
    assert!(refused["reason"].as_str().unwrap().contains("too long"), "{refused}");
    // The copy has what the hub has not, so it is loaded anew. Deleting is possible, and then
    // there is room.
    let mut two = Editor::open(&hub, "two").await;
    two.until(&"x".repeat(4 * (256 * 1024 - 100))).await;
    two.delete(0, 1000).await;
    two.insert(0, "y").await;
    two.acknowledged(2).await;
}

/// An update with one struct of the client 7, without deletions.
fn update_of(content: &[u8]) -> Sync {
    let update = [&[1, 1, 7, 0], content, &[0]].concat();
    Sync::Sync(SyncMessage::Update(update))
}

#[tokio::test]
async fn anything_but_text_is_1007_and_nobody_sees_it() {
    let directory = tempfile::TempDir::new().unwrap();
    let settings =
        sansocket_hub::Settings { data: Some(directory.path().into()), ..Default::default() };
    let hub = hub_with(settings).await;
    let mut one = Editor::open(&hub, "one").await;
    one.insert(0, "text").await;
    one.acknowledged(1).await;
    let text = b"\x01\x04text";
    // 1000 arrays in each other: yrs reads them by recursion.
    let nested = [&b"\x08\x01\x04text\x01"[..], &[117, 1].repeat(1000), &[126]].concat();
    let cases = [
        nested,
        // Another type, an embed, a format, an unknown type, a map's value, a subdocument.
        b"\x04\x01\x06hidden\x01x".to_vec(),
        [b"\x05", &text[..], b"\x02{}"].concat(),
        [b"\x06", &text[..], b"\x01k\x02{}"].concat(),
        [b"\x07", &text[..], b"\x09"].concat(),
        [b"\x24", &text[..], b"\x01k\x01v"].concat(),
        [b"\x09", &text[..], b"\x04guid\x76\x00"].concat(),
        // A text in the text, an empty string, content that no kind has.
        [b"\x04\x00", &[7, 0][..], b"\x01x"].concat(),
        [b"\x04", &text[..], b"\x00"].concat(),
        [b"\x14", &text[..], b"\x01x"].concat(),
    ];
    for content in cases {
        let mut client = Editor::open(&hub, "c").await;
        client.send(&update_of(&content)).await;
        assert_eq!(client.client.closed().await.0, 1007, "{content:?}");
    }
    one.insert(4, "!").await;
    one.acknowledged(2).await;
    Editor::open(&hub, "two").await.until("text!").await;
    drop(one);
    hub.stop().await;
    assert_eq!(stored_updates(directory.path()), 2);
}

/// Text that others have typed at once at one place is quadratic work.
#[tokio::test]
async fn too_much_at_one_place_is_refused_and_deleting_goes_on() {
    let hub = hub_with(sansocket_hub::Settings { rate: 1000, ..Default::default() }).await;
    let mut one = Editor::open(&hub, "one").await;
    one.insert(0, "text").await;
    one.acknowledged(1).await;
    let clients = 1000..1200_u16;
    let mut update = vec![200, 1];
    for client in clients.rev() {
        // One struct, this client, from 0: "x" at the beginning of the text.
        let client = [(client & 127) as u8 | 128, (client >> 7) as u8];
        update.extend([&[1], &client[..], b"\x00\x04\x01\x04text\x01x"].concat());
    }
    update.push(0);
    // As what others have written, and this hub has not.
    one.send(&Sync::Sync(SyncMessage::SyncStep2(update))).await;
    let refused = one.client.next("refused").await;
    assert!(refused["reason"].as_str().unwrap().contains("same place"), "{refused}");
    one.delete(0, 1).await;
    Editor::open(&hub, "two").await.until("ext").await;
}

/// Answers are not queued for a client that does not read them: each is the whole document.
#[tokio::test]
async fn steps_1_of_a_client_that_does_not_read_have_one_answer_at_a_time() {
    let hub = hub_with(sansocket_hub::Settings { rate: 1000, ..Default::default() }).await;
    let (mut one, mut observer) =
        (Editor::open(&hub, "one").await, Editor::open(&hub, "observer").await);
    // Text that can't be compressed much.
    let mut state = 1_u64;
    for part in 0..4 {
        let part: String = (0..240_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(part + 1);
                char::from(b' ' + (state >> 33) as u8 % 90)
            })
            .collect();
        one.insert(0, &part).await;
    }
    one.acknowledged(4).await;
    let text = one.text();
    const ASKED: usize = 200;
    for _ in 0..ASKED {
        one.send(&Sync::Sync(SyncMessage::SyncStep1(StateVector::default()))).await;
    }
    // The hub has received all of that when the observer sees what is behind it.
    one.point(7, 1, "{}").await;
    observer.until_state(7, |_| true).await;
    one.insert(0, "!").await;
    let mut answers = 0;
    while one.acknowledged_updates() < 5 {
        answers += usize::from(one.receive().await);
    }
    assert!((1..ASKED / 2).contains(&answers), "{answers}");
    // The last question has an answer.
    Editor::open(&hub, "two").await.until(&format!("!{text}")).await;
}

/// The number of updates in the store of a hub that has ended.
fn stored_updates(directory: &Path) -> u64 {
    const UPDATES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("document");
    let database = Database::open(directory.join("hub.redb")).unwrap();
    database.begin_read().unwrap().open_table(UPDATES).unwrap().len().unwrap()
}

/// After many updates, the store has one.
#[tokio::test]
async fn updates_are_compacted() {
    let directory = tempfile::TempDir::new().unwrap();
    let settings = sansocket_hub::Settings {
        data: Some(directory.path().into()),
        rate: 100_000,
        ..Default::default()
    };
    let hub = hub_with(settings.clone()).await;
    let mut one = Editor::open(&hub, "one").await;
    for at in 0..1010 {
        one.insert(at, if at % 2 == 0 { "a" } else { "b" }).await;
        if at % 100 == 99 {
            one.acknowledged(u64::from(at) + 1).await;
        }
    }
    one.acknowledged(1010).await;
    drop(one);
    hub.stop().await;
    assert_eq!(stored_updates(directory.path()), 1 + 10);
    let hub = hub_with(settings).await;
    Editor::open(&hub, "two").await.until(&"ab".repeat(505)).await;
    hub.stop().await;
    assert_eq!(stored_updates(directory.path()), 1);
}
