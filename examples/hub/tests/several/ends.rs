//! A broker or a hub that is killed, missing, or without what it had.

use std::time::Duration;

use serde_json::json;

use super::until_broker;
use crate::broker::Broker;
use crate::editor::Editor;
use crate::program::{Program, run as run_program};
use crate::run::{Hub, hub_with, within};

behind_each_broker!(
    broker_that_is_killed_loses_nothing_that_was_acknowledged,
    messages_that_no_queue_takes_are_1013,
    broker_without_its_data_ends_the_hub,
    broker_with_another_history_ends_the_hub,
    hub_that_is_killed_continues_with_the_history,
    broker_that_is_missing_at_the_start_is_reported,
);

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
    // The stored messages can be read.
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

/// Also if the other history is no shorter: its numbers are of other messages.
async fn broker_with_another_history_ends_the_hub(mut broker: Broker) {
    let hub = broker.hub().await;
    broker.kill();
    broker.forget();
    assert!(broker.start_again().await);
    let error = hub.ended().await.unwrap_err().to_string();
    assert!(error.contains("has lost"), "{error}");
}

async fn hub_that_is_killed_continues_with_the_history(broker: Broker) {
    let arguments = [broker.option(), &broker.url()];
    let other: Hub = broker.hub().await;
    let mut bo = other.chat("bo", 0).await;
    let mut program = Program::start_with(&arguments);
    let mut client = program.open("/rooms/chat?client=c&name=n").await;
    let mut editor = Editor::on(program.address, "c").await;
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
    let mut editor = Editor::on(program.address, "d").await;
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
