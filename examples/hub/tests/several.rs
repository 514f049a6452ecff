//! Several hubs behind one broker: Redis and NATS, each with the same tests.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::broker::{Broker, Kind};
use crate::document::Editor;
use crate::program::{Program, run as run_program};
use crate::run::{Client, Hub, hub_with, within};

/// Runs each test behind each broker that is installed.
macro_rules! behind_each_broker {
    ($($(#[$attribute:meta])* $name:ident),* $(,)?) => {
        #[cfg(feature = "redis")]
        mod redis {
            $(
                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let Some(broker) = super::Broker::start(super::Kind::Redis).await else {
                        return;
                    };
                    super::$name(broker).await;
                }
            )*
        }

        #[cfg(feature = "nats")]
        mod nats {
            $(
                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let Some(broker) = super::Broker::start(super::Kind::Nats).await else {
                        return;
                    };
                    super::$name(broker).await;
                }
            )*
        }
    };
}

behind_each_broker!(
    messages_of_two_hubs_reach_all_clients_once_and_in_order,
    /// `cargo test --release -p sansocket-hub --all-features -- --ignored two_hundred`
    #[ignore = "4,000,000 deliveries"]
    two_hundred_clients_on_each_of_two_hubs_get_ten_thousand_messages,
    resend_on_another_hub_is_stored_once,
    client_continues_on_another_hub_with_since,
    hub_that_lags_waits_until_it_has_what_its_client_has,
    people_of_two_hubs_add_up,
    hub_that_is_silent_is_gone_with_its_people_and_cursors,
    cursor_is_seen_on_the_other_hub_and_removed_at_the_end,
    document_edited_on_two_hubs_converges,
    document_converges_after_the_broker_was_away,
    document_is_replaced_by_a_snapshot,
    hub_that_was_away_reads_the_snapshot,
    broker_that_is_killed_loses_nothing_that_was_acknowledged,
    messages_that_no_queue_takes_are_1013,
    broker_without_its_data_ends_the_hub,
    hub_that_is_killed_continues_with_the_history,
    broker_that_is_missing_at_the_start_is_reported,
);

/// Sends and receives until all messages of all clients were received.
async fn take_part(mut client: Client, id: String, messages: u64, all: u64) {
    const IN_FLIGHT: u64 = 8;
    let (mut said, mut acknowledged, mut received, mut seq) = (0, 0, 0, 0);
    let mut last: HashMap<String, u64> = HashMap::new();
    while acknowledged < messages || received < all {
        while said < messages && said - acknowledged < IN_FLIGHT {
            said += 1;
            client.say(said, &format!("message {said}")).await;
        }
        let message = client.message().await;
        let message: Value = serde_json::from_str(message.as_text().unwrap()).unwrap();
        match message["type"].as_str().unwrap() {
            "ack" => {
                acknowledged += 1;
                assert_eq!(message["id"], acknowledged, "{id}");
            }
            "said" => {
                received += 1;
                let (of, number) = (message["client"].as_str().unwrap(), &message["id"]);
                let last = last.entry(of.to_owned()).or_default();
                *last += 1;
                assert_eq!(number, &json!(*last), "{id}: of {of}");
                assert!(message["seq"].as_u64().unwrap() > seq, "{id}: {message}");
                seq = message["seq"].as_u64().unwrap();
            }
            "refused" => panic!("{id}: {message}"),
            _ => {}
        }
    }
    assert_eq!(received, all, "{id}");
    client.close().await.unwrap();
}

async fn crowd(broker: &Broker, clients: u64, messages: u64) {
    let hubs = [broker.hub().await, broker.hub().await];
    let each = messages / (2 * clients);
    let mut opened = vec![];
    for number in 0..2 * clients {
        let id = format!("client-{number}");
        opened.push((hubs[(number % 2) as usize].chat(&id, 0).await, id));
    }
    // All are there before the first message is said: `welcome` follows the subscription.
    for (client, _) in &mut opened {
        client.next("welcome").await;
    }
    let mut running = vec![];
    for (client, id) in opened {
        running.push(tokio::spawn(take_part(client, id, each, 2 * clients * each)));
    }
    for client in running {
        client.await.unwrap();
    }
    for hub in hubs {
        hub.stop().await;
    }
}

async fn messages_of_two_hubs_reach_all_clients_once_and_in_order(broker: Broker) {
    crowd(&broker, 20, 500).await;
}

async fn two_hundred_clients_on_each_of_two_hubs_get_ten_thousand_messages(broker: Broker) {
    crowd(&broker, 200, 10_000).await;
}

async fn resend_on_another_hub_is_stored_once(broker: Broker) {
    let (one, two) = (broker.hub().await, broker.hub().await);
    let mut client = one.chat("c", 0).await;
    client.say(1, "first").await;
    let seq = client.next("ack").await["seq"].as_u64().unwrap();
    drop(client);
    // At once: the other hub may not have read it.
    let mut client = two.chat("c", 0).await;
    client.say(1, "first").await;
    client.say(1, "another text").await;
    client.say(2, "second").await;
    assert_eq!(client.next("ack").await, json!({ "type": "ack", "id": 1, "seq": seq }));
    assert_eq!(client.next("refused").await["id"], 1);
    assert_eq!(client.next("ack").await, json!({ "type": "ack", "id": 2, "seq": seq + 1 }));
    let mut other = one.chat("other", 0).await;
    for text in ["first", "second"] {
        assert_eq!(other.next("said").await["text"], text);
    }
}

async fn client_continues_on_another_hub_with_since(broker: Broker) {
    let (one, two) = (broker.hub().await, broker.hub().await);
    let mut client = one.chat("c", 0).await;
    for id in 1..=10 {
        client.say(id, &id.to_string()).await;
    }
    let mut seq = 0;
    for _ in 0..5 {
        seq = client.next("said").await["seq"].as_u64().unwrap();
    }
    drop(client);
    let mut client = two.chat("c", seq).await;
    assert!(client.next("welcome").await["latest"].as_u64().unwrap() >= seq);
    // Not acknowledged, as far as this client knows.
    for id in 6..=12 {
        client.say(id, &id.to_string()).await;
    }
    for id in 6..=12 {
        assert_eq!(client.next("said").await["id"], id);
    }
    // A hub that starts later has the same history.
    let mut late = broker.hub().await.chat("late", 0).await;
    for id in 1..=12 {
        assert_eq!(late.next("said").await["id"], id);
    }
}

async fn hub_that_lags_waits_until_it_has_what_its_client_has(broker: Broker) {
    let relay = broker.relay().await;
    let (one, two) = (broker.hub().await, broker.hub_behind(&relay).await);
    let mut observer = two.chat("observer", 0).await;
    until_broker(&mut observer, "connected").await;
    relay.cut(true);
    until_broker(&mut observer, "lost").await;
    let mut client = one.chat("c", 0).await;
    let mut seq = 0;
    for id in 1..=3 {
        client.say(id, &id.to_string()).await;
        seq = client.next("ack").await["seq"].as_u64().unwrap();
    }
    // The handshake is done, and the hub does not answer before it has read.
    let mut moved = two.chat("c", seq).await;
    relay.cut(false);
    assert_eq!(moved.next("welcome").await["latest"], seq);
    moved.say(4, "4").await;
    assert_eq!(moved.next("said").await["seq"], seq + 1);
}

async fn people_until(client: &mut Client, names: &[&str]) {
    let is_as_wanted = |list: &Value| {
        let listed = list["people"].as_array().unwrap();
        listed.iter().map(|person| &person["client"]).eq(names.iter())
            && list["count"] == names.len()
    };
    within(async { while !is_as_wanted(&client.next("people").await) {} }).await;
}

async fn people_of_two_hubs_add_up(broker: Broker) {
    let (one, two) = (broker.hub().await, broker.hub().await);
    let mut ada = one.chat("ada", 0).await;
    let mut bo = two.chat("bo", 0).await;
    // In both hubs, and one person.
    let (first, second) = (one.chat("both", 0).await, two.chat("both", 0).await);
    people_until(&mut ada, &["ada", "bo", "both"]).await;
    people_until(&mut bo, &["ada", "bo", "both"]).await;
    bo.send(json!({ "type": "typing", "typing": true })).await;
    within(async { while ada.next("people").await["people"][1]["typing"] != true {} }).await;
    drop(first);
    second.close().await.unwrap();
    people_until(&mut ada, &["ada", "bo"]).await;
    // A hub that starts learns who is there.
    let three = broker.hub().await;
    let mut cy = three.chat("cy", 0).await;
    people_until(&mut cy, &["ada", "bo", "cy"]).await;
    // One that ends says so.
    drop(bo);
    two.stop().await;
    people_until(&mut ada, &["ada", "cy"]).await;
}

async fn hub_that_is_silent_is_gone_with_its_people_and_cursors(broker: Broker) {
    let relay = broker.relay().await;
    let (one, two) = (broker.hub().await, broker.hub_behind(&relay).await);
    let mut ada = one.chat("ada", 0).await;
    let _bo = two.chat("bo", 0).await;
    let mut here = Editor::open(&one, "ada").await;
    let mut there = Editor::open(&two, "bo").await;
    there.point(7, 1, "{}").await;
    here.until_state(7, |state| &*state.json == "{}").await;
    people_until(&mut ada, &["ada", "bo"]).await;
    relay.cut(true);
    people_until(&mut ada, &["ada"]).await;
    here.until_state(7, |state| &*state.json == "null").await;
    relay.cut(false);
    people_until(&mut ada, &["ada", "bo"]).await;
}

async fn cursor_is_seen_on_the_other_hub_and_removed_at_the_end(broker: Broker) {
    let (one, two) = (broker.hub().await, broker.hub().await);
    let (mut here, mut there) = (Editor::open(&one, "a").await, Editor::open(&two, "b").await);
    there.point(7, 1, r#"{"name":"b"}"#).await;
    here.until_state(7, |state| state.json.contains('b')).await;
    there.point(7, 2, r#"{"name":"b","at":3}"#).await;
    here.until_state(7, |state| state.clock == 2).await;
    // Who comes later gets it, too; nobody else may use it.
    let mut later = Editor::open(&one, "later").await;
    later.until_state(7, |state| state.clock == 2).await;
    later.point(7, 9, "{}").await;
    assert_eq!(later.client.closed().await.0, 1008);
    there.client.close().await.unwrap();
    here.until_state(7, |state| &*state.json == "null").await;
}

async fn document_edited_on_two_hubs_converges(broker: Broker) {
    let (one, two) = (broker.hub().await, broker.hub().await);
    let (mut here, mut there) = (Editor::open(&one, "a").await, Editor::open(&two, "b").await);
    here.insert(0, "text").await;
    there.until("text").await;
    for _ in 0..20 {
        here.insert(0, "a").await;
        there.insert(there.text().chars().count() as u32, "b").await;
    }
    let all = format!("{}text{}", "a".repeat(20), "b".repeat(20));
    here.until(&all).await;
    there.until(&all).await;
    here.acknowledged(21).await;
    there.acknowledged(20).await;
    let late = broker.hub().await;
    Editor::open(&late, "late").await.until(&all).await;
    // A client that moves has what the other hub may not have.
    here.insert(0, "!").await;
    here.acknowledged(22).await;
    let mut moved = here.again(&late, "a").await;
    moved.insert(0, "?").await;
    there.until(&format!("?!{all}")).await;
}

/// Receives until the hub has said this of its broker.
async fn until_broker(client: &mut Client, state: &str) {
    within(async { while client.next("broker").await["state"] != state {} }).await;
}

async fn document_converges_after_the_broker_was_away(mut broker: Broker) {
    let (one, two) = (broker.hub().await, broker.hub().await);
    let (mut here, mut there) = (Editor::open(&one, "a").await, Editor::open(&two, "b").await);
    here.insert(0, "before").await;
    there.until("before").await;
    here.acknowledged(1).await;
    broker.kill();
    // Neither is acknowledged, nor seen by others.
    here.insert(0, "a").await;
    there.insert(6, "b").await;
    assert!(broker.start_again().await);
    here.acknowledged(2).await;
    there.acknowledged(1).await;
    here.until("abeforeb").await;
    there.until("abeforeb").await;
    let late = broker.hub().await;
    Editor::open(&late, "late").await.until("abeforeb").await;
}

/// Makes a snapshot due.
async fn edit_a_lot(editor: &mut Editor) {
    for at in 0..1010 {
        editor.insert(at, if at % 2 == 0 { "a" } else { "b" }).await;
        if at % 100 == 99 {
            editor.acknowledged(u64::from(at) + 1).await;
        }
    }
    editor.acknowledged(1010).await;
}

async fn document_is_replaced_by_a_snapshot(broker: Broker) {
    let (one, two) = (broker.hub().await, broker.hub().await);
    let mut here = Editor::open(&one, "a").await;
    edit_a_lot(&mut here).await;
    let mut there = Editor::open(&two, "b").await;
    there.until(&"ab".repeat(505)).await;
    within(async {
        while broker.updates().await > 10 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    // The snapshot and what follows it.
    let late = broker.hub().await;
    let mut editor = Editor::open(&late, "c").await;
    editor.until(&"ab".repeat(505)).await;
    editor.insert(0, "!").await;
    editor.acknowledged(1).await;
    here.until(&format!("!{}", "ab".repeat(505))).await;
    there.until(&format!("!{}", "ab".repeat(505))).await;
}

async fn hub_that_was_away_reads_the_snapshot(broker: Broker) {
    let relay = broker.relay().await;
    let (one, two) = (broker.hub().await, broker.hub_behind(&relay).await);
    let mut observer = two.chat("observer", 0).await;
    let mut there = Editor::open(&two, "b").await;
    relay.cut(true);
    until_broker(&mut observer, "lost").await;
    let mut here = Editor::open(&one, "a").await;
    edit_a_lot(&mut here).await;
    within(async {
        while broker.updates().await > 10 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    relay.cut(false);
    there.until(&"ab".repeat(505)).await;
    there.insert(0, "!").await;
    here.until(&format!("!{}", "ab".repeat(505))).await;
}

async fn broker_that_is_killed_loses_nothing_that_was_acknowledged(mut broker: Broker) {
    let (one, two) = (broker.hub().await, broker.hub().await);
    let (mut ada, mut bo) = (one.chat("ada", 0).await, two.chat("bo", 0).await);
    until_broker(&mut ada, "connected").await;
    until_broker(&mut bo, "connected").await;
    for id in 1..=20 {
        ada.say(id, &id.to_string()).await;
        ada.next("ack").await;
        let said = bo.next("said").await;
        assert_eq!((&said["id"], &said["seq"]), (&json!(id), &json!(id)));
    }
    broker.kill();
    until_broker(&mut ada, "lost").await;
    until_broker(&mut bo, "lost").await;
    // These wait.
    for id in 21..=25 {
        ada.say(id, &id.to_string()).await;
    }
    // What is there can be read.
    let mut reader = two.chat("reader", 0).await;
    assert_eq!(reader.next("said").await["id"], 1);
    assert_eq!(two.chat("other", 0).await.next("broker").await["state"], "lost");
    assert!(broker.start_again().await);
    let mut acknowledged = vec![];
    while acknowledged.len() < 5 {
        let ack = ada.next("ack").await;
        acknowledged.push((ack["id"].as_u64().unwrap(), ack["seq"].as_u64().unwrap()));
    }
    assert_eq!(acknowledged, [(21, 21), (22, 22), (23, 23), (24, 24), (25, 25)]);
    for id in 21..=25 {
        let said = bo.next("said").await;
        assert_eq!((&said["id"], &said["seq"]), (&json!(id), &json!(id)));
    }
    for id in 2..=25 {
        assert_eq!(reader.next("said").await["id"], id);
    }
    let mut late = broker.hub().await.chat("late", 0).await;
    for id in 1..=25 {
        assert_eq!(late.next("said").await["id"], id);
    }
}

async fn messages_that_no_queue_takes_are_1013(mut broker: Broker) {
    let hub = broker.hub().await;
    let mut client = hub.chat("c", 0).await;
    until_broker(&mut client, "connected").await;
    broker.kill();
    until_broker(&mut client, "lost").await;
    // The answers of one connection have 256 places.
    for id in 1..=300 {
        client.say(id, &id.to_string()).await;
    }
    assert_eq!(client.closed().await.0, 1013);
    assert!(broker.start_again().await);
    // The client repeats everything; each is there once.
    let mut client = hub.chat("c", 0).await;
    for id in 1..=300 {
        client.say(id, &id.to_string()).await;
        assert_eq!(client.next("ack").await["seq"], id);
    }
}

async fn broker_without_its_data_ends_the_hub(mut broker: Broker) {
    let hub = broker.hub().await;
    let mut client = hub.chat("c", 0).await;
    client.say(1, "text").await;
    client.next("said").await;
    broker.kill();
    broker.forget();
    assert!(broker.start_again().await);
    assert_eq!(within(client.closed()).await.0, 1001);
    let error = hub.ended().await.unwrap_err().to_string();
    assert!(error.contains("has lost"), "{error}");
}

async fn hub_that_is_killed_continues_with_the_history(broker: Broker) {
    let arguments = [broker.option(), &broker.url()];
    let other: Hub = broker.hub().await;
    let mut bo = other.chat("bo", 0).await;
    let mut program = Program::start_with(&arguments);
    let mut client = program.open("/rooms/chat?client=c&name=n").await;
    let mut editor = Editor::on(program.open("/rooms/document?client=c&name=n").await).await;
    for id in 1..=20 {
        client.say(id, &id.to_string()).await;
        editor.insert(0, "x").await;
        client.next("ack").await;
        editor.acknowledged(id).await;
    }
    // These may be stored or not.
    for id in 21..=30 {
        client.say(id, &id.to_string()).await;
    }
    program.child.kill().unwrap();
    program.child.wait().unwrap();
    let program = Program::start_with(&arguments);
    let mut client = program.open("/rooms/chat?client=c&name=n").await;
    for id in 1..=20 {
        assert_eq!(client.next("said").await["id"], id);
    }
    for id in 21..=30 {
        client.say(id, &id.to_string()).await;
        assert_eq!(client.next("ack").await["seq"], id);
    }
    for id in 1..=30 {
        assert_eq!(bo.next("said").await["id"], id);
    }
    let mut editor = Editor::on(program.open("/rooms/document?client=d&name=n").await).await;
    editor.until(&"x".repeat(20)).await;
}

async fn broker_that_is_missing_at_the_start_is_reported(mut broker: Broker) {
    broker.kill();
    let (option, url) = (broker.option(), broker.url());
    let output = tokio::task::spawn_blocking(move || {
        run_program(&["--listen", "127.0.0.1:0", option, &url])
    });
    let output = output.await.unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(&broker.url()) && text.contains(broker.option()), "{text}");
}

/// Without a broker, nothing is said of one.
#[tokio::test]
async fn hub_without_a_broker_does_not_mention_it() {
    let stats = Duration::from_millis(10);
    let hub = hub_with(sansocket_hub::Settings { stats, ..Default::default() }).await;
    let mut client = hub.chat("c", 0).await;
    for _ in 0..10 {
        let message = client.message().await;
        assert!(!message.as_text().unwrap().contains("\"broker\""), "{message:?}");
    }
}
