//! A client of the document, with a copy by yrs.

use std::net::SocketAddr;

use sha2::{Digest, Sha256};
use yrs::sync::awareness::AwarenessUpdateEntry;
use yrs::sync::{AwarenessUpdate, Message as Sync, SyncMessage};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{
    ClientID, Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef, Transact,
    Update,
};

use crate::run::{Client, Hub, open, within};

/// A client with a copy of the document.
pub(crate) struct Editor {
    pub(crate) client: Client,
    pub(crate) doc: Doc,
    text: TextRef,
    /// The last number of updates that was acknowledged.
    acknowledged: u64,
    /// Whether it has answered the hub's step 1 on this connection.
    has_answered: bool,
    /// The states of others that were received last.
    pub(crate) states: Vec<(ClientID, AwarenessUpdateEntry)>,
}

fn to_bytes(message: &Sync) -> Vec<u8> {
    message.encode_v1()
}

async fn connect(hub: SocketAddr, client: &str) -> Client {
    open(hub, &format!("/rooms/document?client={client}&name=n")).await
}

/// With which this client has to write.
fn client_id(client: &str) -> ClientID {
    let hash = Sha256::digest(client);
    ClientID::new(u64::from_be_bytes(hash[..8].try_into().unwrap()) >> 11)
}

impl Editor {
    /// Connects, and asks for the document.
    pub(crate) async fn open(hub: &Hub, client: &str) -> Self {
        Self::on(hub.address, client).await
    }

    /// The same, to any hub.
    pub(crate) async fn on(hub: SocketAddr, client: &str) -> Self {
        let doc = Doc::with_options(Options {
            offset_kind: OffsetKind::Utf16,
            ..Options::with_client_id(client_id(client))
        });
        let text = doc.get_or_insert_text("text");
        let client = connect(hub, client).await;
        let mut this =
            Self { client, doc, text, acknowledged: 0, has_answered: false, states: vec![] };
        this.ask().await;
        this
    }

    /// Continues with the same copy on another connection.
    pub(crate) async fn again(self, hub: &Hub, client: &str) -> Self {
        let client = connect(hub.address, client).await;
        let mut this = Self { client, acknowledged: 0, has_answered: false, ..self };
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

    /// The last number of updates that was acknowledged.
    pub(crate) fn acknowledged_updates(&self) -> u64 {
        self.acknowledged
    }

    /// Receives one message of y-protocols or an acknowledgement. Returns whether it answers
    /// step 1.
    pub(crate) async fn receive(&mut self) -> bool {
        let message = self.client.message().await;
        if let Some(text) = message.as_text() {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            if value["type"] == "ack" {
                self.acknowledged = value["updates"].as_u64().unwrap();
            }
            assert_ne!(value["type"], "refused", "{value}");
            return false;
        }
        let message = Sync::decode_v1(message.as_bytes()).unwrap();
        let is_answer = matches!(message, Sync::Sync(SyncMessage::SyncStep2(_)));
        match message {
            Sync::Sync(SyncMessage::SyncStep1(known)) => {
                let lacking = self.doc.transact().encode_state_as_update_v1(&known);
                self.send(&Sync::Sync(SyncMessage::SyncStep2(lacking))).await;
                self.has_answered = true;
            }
            Sync::Sync(SyncMessage::SyncStep2(update) | SyncMessage::Update(update)) => {
                let update = Update::decode_v1(&update).unwrap();
                self.doc.transact_mut().apply_update(update).unwrap();
            }
            Sync::Awareness(update) => self.states.extend(update.clients),
            other => panic!("{other:?}"),
        }
        is_answer
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

    /// Receives until the hub's step 1 is answered. A hub that lags has all of this copy then, and
    /// takes what is typed after it.
    pub(crate) async fn answered(&mut self) {
        within(async {
            while !self.has_answered {
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
    pub(crate) fn change(
        &mut self,
        change: impl FnOnce(&TextRef, &mut yrs::TransactionMut<'_>),
    ) -> Vec<u8> {
        let mut transaction = self.doc.transact_mut();
        change(&self.text, &mut transaction);
        transaction.encode_update_v1()
    }

    pub(crate) async fn update(&mut self, update: Vec<u8>) {
        self.send(&Sync::Sync(SyncMessage::Update(update))).await;
    }

    /// An update that this client could have sent next: it adds "evil" behind the last character.
    pub(crate) fn next(&self) -> Vec<u8> {
        let copy = Doc::with_options(Options::with_client_id(self.doc.client_id()));
        let text = copy.get_or_insert_text("text");
        let mut transaction = copy.transact_mut();
        let all = self.doc.transact().encode_state_as_update_v1(&StateVector::default());
        transaction.apply_update(Update::decode_v1(&all).unwrap()).unwrap();
        drop(transaction);
        let mut transaction = copy.transact_mut();
        text.push(&mut transaction, "evil");
        transaction.encode_update_v1()
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
