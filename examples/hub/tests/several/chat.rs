//! Messages: each is stored once and reaches all clients of all hubs, in one order.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::until_broker;
use crate::broker::Broker;
use crate::editor::Editor;
use crate::run::Client;

behind_each_broker!(
    messages_of_two_hubs_reach_all_clients_once_and_in_order,
    /// `cargo test --release -p sansocket-hub --all-features -- --ignored two_hundred`
    #[ignore = "4,000,000 deliveries"]
    two_hundred_clients_on_each_of_two_hubs_get_ten_thousand_messages,
    resend_on_another_hub_is_stored_once,
    client_continues_on_another_hub_with_since,
    hub_that_lags_waits_until_it_has_what_its_client_has,
    hubs_have_one_history_and_show_one_id_of_a_client,
    entry_that_cannot_be_read_is_skipped,
);

/// Sends and receives until all messages of all clients were received. A message of each client is
/// a round. The next begins for each when it has received the last, so nobody is more than two
/// rounds behind, for which the hub keeps enough: it closes the connection of who lags further.
async fn take_part(mut client: Client, id: String, messages: u64, clients: u64) {
    let all = clients * messages;
    let (mut said, mut acknowledged, mut received, mut seq) = (0, 0, 0, 0);
    let mut last: HashMap<String, u64> = HashMap::new();
    while acknowledged < messages || received < all {
        if said < messages && received >= said * clients {
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
        running.push(tokio::spawn(take_part(client, id, each, 2 * clients)));
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

async fn hubs_have_one_history_and_show_one_id_of_a_client(broker: Broker) {
    let (one, two) = (broker.hub().await, broker.hub().await);
    let here = one.chat("c", 0).await.next("welcome").await;
    let there = two.chat("c", 0).await.next("welcome").await;
    assert_eq!((&here["store"], &here["you"]), (&there["store"], &there["you"]));
    assert_ne!(here["you"], "c");
}

/// Another program has written to the broker's streams.
async fn entry_that_cannot_be_read_is_skipped(broker: Broker) {
    let (one, two) = (broker.hub().await, broker.hub().await);
    let (mut ada, mut bo) = (one.chat("ada", 0).await, two.chat("bo", 0).await);
    ada.say(1, "before").await;
    assert_eq!(bo.next("said").await["seq"], 1);
    broker.write_what_no_hub_reads().await;
    let mut late = broker.hub().await.chat("late", 0).await;
    ada.say(2, "after").await;
    assert_eq!(ada.next("ack").await["seq"], 1);
    assert_eq!(ada.next("ack").await, json!({ "type": "ack", "id": 2, "seq": 3 }));
    assert_eq!(late.next("said").await["text"], "before");
    for client in [&mut bo, &mut late] {
        assert_eq!(client.next("said").await["text"], "after");
    }
    let (mut here, mut there) = (Editor::open(&one, "a").await, Editor::open(&two, "b").await);
    here.insert(0, "text").await;
    there.until("text").await;
}
