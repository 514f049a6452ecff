//! The document, with yrs on the client's side.

use std::path::Path;

use redb::{Database, ReadableTableMetadata, TableDefinition};
use serde_json::json;
use yrs::sync::awareness::AwarenessUpdateEntry;
use yrs::sync::{AwarenessUpdate, Message as Sync, SyncMessage};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{
    Any, ClientID, Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef,
    Transact, Update,
};

use crate::run::{Client, Hub, hub, hub_with, within};

/// A client with a copy of the document.
pub(crate) struct Editor {
    pub(crate) client: Client,
    doc: Doc,
    text: TextRef,
    /// The last number of updates that was acknowledged.
    acknowledged: u64,
    /// The states of others that were received last.
    states: Vec<(ClientID, AwarenessUpdateEntry)>,
}

fn to_bytes(message: &Sync) -> Vec<u8> {
    message.encode_v1()
}

impl Editor {
    /// Connects, and asks for the document.
    pub(crate) async fn open(hub: &Hub, client: &str) -> Self {
        Self::on(hub.open(&format!("/rooms/document?client={client}&name=n")).await).await
    }

    /// The same on a connection.
    pub(crate) async fn on(client: Client) -> Self {
        let doc = Doc::with_options(Options {
            offset_kind: OffsetKind::Utf16,
            ..Options::with_client_id(ClientID::random())
        });
        let text = doc.get_or_insert_text("text");
        let mut this = Self { client, doc, text, acknowledged: 0, states: vec![] };
        this.ask().await;
        this
    }

    /// The same copy on another connection.
    pub(crate) async fn again(self, hub: &Hub, client: &str) -> Self {
        let client = hub.open(&format!("/rooms/document?client={client}&name=n")).await;
        let mut this = Self { client, acknowledged: 0, ..self };
        this.ask().await;
        this
    }

    async fn ask(&mut self) {
        let known = self.doc.transact().state_vector();
        self.send(&Sync::Sync(SyncMessage::SyncStep1(known))).await;
    }

    pub(crate) async fn send(&mut self, message: &Sync) {
        self.client.socket.send(to_bytes(message)).await.unwrap();
    }

    /// Receives one message of y-protocols or an acknowledgement.
    pub(crate) async fn receive(&mut self) {
        let message = self.client.message().await;
        if let Some(text) = message.as_text() {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            if value["type"] == "ack" {
                self.acknowledged = value["updates"].as_u64().unwrap();
            }
            assert_ne!(value["type"], "refused", "{value}");
            return;
        }
        match Sync::decode_v1(message.as_bytes()).unwrap() {
            Sync::Sync(SyncMessage::SyncStep1(known)) => {
                let lacking = self.doc.transact().encode_state_as_update_v1(&known);
                self.send(&Sync::Sync(SyncMessage::SyncStep2(lacking))).await;
            }
            Sync::Sync(SyncMessage::SyncStep2(update) | SyncMessage::Update(update)) => {
                let update = Update::decode_v1(&update).unwrap();
                self.doc.transact_mut().apply_update(update).unwrap();
            }
            Sync::Awareness(update) => self.states.extend(update.clients),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn text(&self) -> String {
        self.text.get_string(&self.doc.transact())
    }

    /// Receives until the text is this.
    pub(crate) async fn until(&mut self, text: &str) {
        within(async {
            while self.text() != text {
                self.receive().await;
            }
        })
        .await;
    }

    /// Receives until so many updates are acknowledged.
    pub(crate) async fn acknowledged(&mut self, updates: u64) {
        within(async {
            while self.acknowledged < updates {
                self.receive().await;
            }
        })
        .await;
        assert_eq!(self.acknowledged, updates);
    }

    /// Receives until the state of this client is as wanted.
    pub(crate) async fn until_state(
        &mut self,
        id: u64,
        is_wanted: impl Fn(&AwarenessUpdateEntry) -> bool,
    ) {
        let id = ClientID::new(id);
        within(async {
            while !self.states.iter().any(|(of, state)| *of == id && is_wanted(state)) {
                self.receive().await;
            }
        })
        .await;
    }

    /// The update of a change of the copy.
    fn change(&mut self, change: impl FnOnce(&TextRef, &mut yrs::TransactionMut<'_>)) -> Vec<u8> {
        let mut transaction = self.doc.transact_mut();
        change(&self.text, &mut transaction);
        transaction.encode_update_v1()
    }

    async fn update(&mut self, update: Vec<u8>) {
        self.send(&Sync::Sync(SyncMessage::Update(update))).await;
    }

    pub(crate) async fn insert(&mut self, at: u32, text: &str) {
        let update = self.change(|it, transaction| it.insert(transaction, at, text));
        self.update(update).await;
    }

    pub(crate) async fn delete(&mut self, at: u32, len: u32) {
        let update = self.change(|it, transaction| it.remove_range(transaction, at, len));
        self.update(update).await;
    }

    pub(crate) async fn point(&mut self, id: u64, clock: u32, state: &str) {
        self.send(&Sync::Awareness(states(id, clock, state))).await;
    }
}

fn states(id: u64, clock: u32, json: &str) -> AwarenessUpdate {
    let entry = AwarenessUpdateEntry { clock, json: json.into() };
    AwarenessUpdate { clients: [(ClientID::new(id), entry)].into() }
}

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
async fn cursor_is_seen_by_others_and_removed_at_the_end() {
    let hub = hub().await;
    let mut one = Editor::open(&hub, "one").await;
    one.point(7, 1, r#"{"name":"one"}"#).await;
    one.point(7, 2, r#"{"name":"one","at":3}"#).await;
    // Who comes later gets the present states.
    let mut two = Editor::open(&hub, "two").await;
    two.until_state(7, |state| state.clock == 2 && state.json.contains("at")).await;
    two.send(&Sync::AwarenessQuery).await;
    one.point(7, 3, r#"{"name":"one","at":4}"#).await;
    two.until_state(7, |state| state.clock == 3).await;
    one.client.close().await.unwrap();
    two.until_state(7, |state| &*state.json == "null" && state.clock == 4).await;
    two.states.clear();
    two.send(&Sync::AwarenessQuery).await;
    two.point(8, 1, "{}").await;
    two.until_state(8, |_| true).await;
    assert!(two.states.iter().all(|(id, _)| *id != ClientID::new(7)), "{:?}", two.states);
}

#[tokio::test]
async fn forged_cursor_is_1008_and_nobody_sees_it() {
    let hub = hub().await;
    let (mut one, mut two) = (Editor::open(&hub, "one").await, Editor::open(&hub, "two").await);
    one.point(7, 1, "{}").await;
    two.until_state(7, |_| true).await;
    for forged in [r#"{"name":"forged"}"#, "null"] {
        let mut forger = Editor::open(&hub, "forger").await;
        forger.point(7, 9, forged).await;
        assert_eq!(forger.client.closed().await.0, 1008);
    }
    one.point(7, 2, "{}").await;
    two.until_state(7, |state| state.clock == 2).await;
    assert!(two.states.iter().all(|(_, state)| state.clock < 9), "{:?}", two.states);
    // The same page on a new connection goes on, while the old one is not noticed to be gone.
    let mut again = Editor::open(&hub, "one").await;
    again.point(7, 3, "{}").await;
    two.until_state(7, |state| state.clock == 3).await;
    // The end of the old connection does not remove it.
    one.client.close().await.unwrap();
    again.point(7, 4, "{}").await;
    two.until_state(7, |state| state.clock == 4).await;
    assert!(two.states.iter().all(|(_, state)| &*state.json != "null"), "{:?}", two.states);
}

#[tokio::test]
async fn too_many_or_invalid_states_are_1008() {
    let hub = hub().await;
    for id in 1..=4 {
        let mut client = Editor::open(&hub, "c").await;
        let long = json!("x".repeat(2048)).to_string();
        let state = ["{", "", &long, "{}{}"][id as usize - 1];
        client.point(id, 1, state).await;
        assert_eq!(client.client.closed().await.0, 1008, "{state}");
    }
    let mut client = Editor::open(&hub, "c").await;
    for id in 1..=5 {
        client.point(id, 1, "{}").await;
    }
    assert_eq!(client.client.closed().await.0, 1008);
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

#[tokio::test]
async fn other_types_than_the_text_count_too() {
    use yrs::Map;
    let hub = hub().await;
    let mut one = Editor::open(&hub, "one").await;
    let map = one.doc.get_or_insert_map("map");
    let update = one.change(|_, transaction| {
        map.insert(transaction, "key", Any::from("x".repeat(1000)));
    });
    one.update(update).await;
    one.acknowledged(1).await;
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
