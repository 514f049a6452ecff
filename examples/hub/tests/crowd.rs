//! Many connections, of which some do not read.

use std::time::Duration;

use sansocket_hub::Settings;

use crate::prices::{dropped, slow, subscribe_to_all};
use crate::run::{Client, hub, hub_with};

/// So many connections read all prices, and so many do not read: the others get theirs, and what
/// is dropped is counted.
async fn crowd(connections: usize, slow_ones: usize, rounds: usize) {
    let (tick, stats) = (Duration::from_millis(50), Duration::from_secs(1));
    let hub = hub_with(Settings { tick, stats, ..Settings::new() }).await;
    let mut clients: Vec<Client> = vec![];
    for _ in 0..connections - slow_ones {
        let mut client = hub.prices().await;
        let symbols = ["ALDR"];
        client.next("symbols").await;
        client.send(serde_json::json!({ "type": "subscribe", "symbols": symbols })).await;
        clients.push(client);
    }
    // After the others: the hub gives up a client that does not read for a minute.
    let mut slow_clients = vec![];
    for _ in 0..slow_ones {
        slow_clients.push(slow(&hub).await);
    }
    for _ in 0..rounds {
        for client in &mut clients {
            client.next("price").await;
        }
    }
    // One that reads all symbols makes sure that the slow ones were written to for long enough.
    let mut last = hub.prices().await;
    subscribe_to_all(&mut last).await;
    for _ in 0..1_000 {
        last.next("price").await;
    }
    for client in &mut slow_clients {
        dropped(client, 0).await;
    }
    drop((clients, slow_clients, last));
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_connections_get_prices_beside_twenty_that_do_not_read() {
    crowd(1000, 20, 5).await;
}

/// They don't read: nobody waits for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_people_come_and_go_and_the_list_follows() {
    let hub = hub().await;
    let mut watcher = hub.chat("watcher", 0).await;
    let mut clients = vec![];
    for number in 0..1000 {
        clients.push(hub.chat(&format!("c{number}"), 0).await);
    }
    let people = watcher.until("people", |people| people["count"] == 1001).await;
    assert_eq!(people["people"].as_array().unwrap().len(), 200);
    drop(clients);
    watcher.until("people", |people| people["count"] == 1).await;
    hub.stop().await;
}

/// `ulimit -n 20000; cargo test --release -p sansocket-hub -- --ignored five_thousand`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs 10,000 descriptors"]
async fn five_thousand_connections_get_prices_beside_a_hundred_that_do_not_read() {
    crowd(5000, 100, 10).await;
}
