//! Many connections, of which some do not read.

use std::time::Duration;

use sansocket_hub::Settings;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinSet;

use crate::prices::{dropped, slow, subscribe_to_all};
use crate::run::{Client, hub, hub_with, within};

/// So many connections read all prices, and so many do not read: the others get theirs, and what
/// is dropped is counted.
async fn crowd(connections: usize, slow_ones: usize, rounds: usize) {
    let (tick, stats) = (Duration::from_millis(50), Duration::from_secs(1));
    let hub = hub_with(Settings { tick, stats, ..Settings::new() }).await;
    let (done, mut all_done) = mpsc::unbounded_channel();
    let mut readers = JoinSet::new();
    for _ in 0..connections - slow_ones {
        let mut client = hub.prices().await;
        let symbols = ["ALDR"];
        client.next("symbols").await;
        client.send(serde_json::json!({ "type": "subscribe", "symbols": symbols })).await;
        readers.spawn(read(client, rounds, done.clone()));
    }
    // After the others: the hub gives up a client that does not read for a minute.
    let mut slow_clients = vec![];
    for _ in 0..slow_ones {
        slow_clients.push(slow(&hub).await);
    }
    for _ in 0..connections - slow_ones {
        within(all_done.recv()).await;
    }
    // One that reads all symbols makes sure that the slow ones were written to for long enough.
    let mut last = hub.prices().await;
    subscribe_to_all(&mut last).await;
    for _ in 0..1_000 {
        last.next("price").await;
    }
    // All at once: a report comes each second, and the hub waits for nobody longer than a minute.
    let mut dropping = JoinSet::new();
    for mut client in slow_clients {
        dropping.spawn(async move { dropped(&mut client, 0).await });
    }
    dropping.join_all().await;
    readers.shutdown().await;
    drop(last);
    hub.stop().await;
}

/// Reads prices until it is aborted, and tells when it has so many.
async fn read(mut client: Client, prices: usize, done: UnboundedSender<()>) {
    for _ in 0..prices {
        client.next("price").await;
    }
    done.send(()).unwrap();
    loop {
        client.next("price").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_connections_get_prices_beside_twenty_that_do_not_read() {
    crowd(1000, 20, 5).await;
}

/// `ulimit -n 20000; cargo test --release -p sansocket-hub -- --ignored five_thousand`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs 10,000 descriptors"]
async fn five_thousand_connections_get_prices_beside_a_hundred_that_do_not_read() {
    crowd(5000, 100, 10).await;
}

/// A thousand people come, all at once, are seen by the first one, and leave.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_people_come_to_the_chat_and_leave() {
    let hub = hub().await;
    let mut first = hub.chat("first", 0).await;
    let mut others: Vec<Client> = vec![];
    for number in 1..1000 {
        others.push(hub.chat(&format!("client-{number}"), 0).await);
    }
    for client in &mut others {
        client.next("welcome").await;
    }
    let list = first.until("people", |list| list["count"] == 1000).await;
    assert_eq!(list["people"].as_array().unwrap().len(), 200);
    others[998].until("people", |list| list["count"] == 1000).await;
    others[0].say(1, "hello").await;
    assert_eq!(first.next("said").await["text"], "hello");
    drop(others);
    first.until("people", |list| list["count"] == 1).await;
    hub.stop().await;
}
