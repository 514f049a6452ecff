//! Prices: subscriptions, history, and clients that do not read.

use std::time::Duration;

use sansocket_hub::Settings;
use serde_json::{Value, json};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::net::TcpStream;

use crate::run::{Client, Hub, hub, hub_with, open_on};

async fn subscribe(client: &mut Client, symbols: &[&str]) {
    client.send(json!({ "type": "subscribe", "symbols": symbols })).await;
}

#[tokio::test]
async fn symbols_come_first_and_each_has_a_name() {
    let hub = hub().await;
    let symbols = hub.prices().await.next("symbols").await;
    let symbols = symbols["symbols"].as_array().unwrap();
    assert_eq!(symbols.len(), 24);
    assert!(symbols.iter().all(|it| it["symbol"].is_string() && it["name"].is_string()));
}

#[tokio::test]
async fn history_comes_first_and_the_prices_that_follow_are_in_later_histories() {
    let hub = hub().await;
    let mut client = hub.prices().await;
    subscribe(&mut client, &["ALDR"]).await;
    let history = client.next("history").await;
    assert_eq!(history["symbol"], "ALDR");
    let points = history["points"].as_array().unwrap();
    assert_eq!(points.len(), 120);
    let present = client.next("price").await;
    assert_eq!(json!([present["at"], present["price"]]), points[119]);
    let mut live = vec![];
    for _ in 0..3 {
        let price = client.next("price").await;
        assert_eq!(price["symbol"], "ALDR");
        live.push(json!([price["at"], price["price"]]));
    }
    // Another client's history has the same prices.
    let mut other = hub.prices().await;
    subscribe(&mut other, &["ALDR"]).await;
    let history = other.next("history").await;
    let points = history["points"].as_array().unwrap();
    // The history begins later if this took long; a busy hub sends no message of some points.
    let kept = live.iter().filter(|live| live[0].as_u64() >= points[0][0].as_u64());
    let places: Vec<_> = kept.map(|live| points.iter().position(|point| point == live)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} of {live:?}");
}

#[tokio::test]
async fn unsubscribed_symbol_sends_no_more_and_can_be_subscribed_again() {
    let hub = hub().await;
    let mut client = hub.prices().await;
    subscribe(&mut client, &["ALDR", "BRNC", "ALDR"]).await;
    client.next("history").await;
    client.next("history").await;
    client.send(json!({ "type": "unsubscribe", "symbols": ["ALDR"] })).await;
    client.send(json!({ "type": "ping", "at": 1 })).await;
    client.next("pong").await;
    // A price that was taken already may still come, before the next history.
    subscribe(&mut client, &["CALX"]).await;
    client.next("history").await;
    for _ in 0..6 {
        assert_ne!(client.next("price").await["symbol"], "ALDR");
    }
    subscribe(&mut client, &["ALDR"]).await;
    assert_eq!(client.next("history").await["symbol"], "ALDR");
}

#[tokio::test]
async fn unknown_symbol_is_refused() {
    let hub = hub().await;
    let mut client = hub.prices().await;
    subscribe(&mut client, &["ALDR", "NONE"]).await;
    let refused = client.next("refused").await;
    assert!(refused["reason"].as_str().unwrap().contains("unknown symbol"), "{refused}");
    subscribe(&mut client, &["ALDR"]).await;
    client.next("history").await;
}

/// A socket that takes little: the hub notices early that its client does not read.
async fn narrow(hub: &Hub) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address = SockAddr::from(hub.address);
    tokio::task::spawn_blocking(move || {
        socket.connect(&address).unwrap();
        socket.set_nonblocking(true).unwrap();
        TcpStream::from_std(socket.into()).unwrap()
    })
    .await
    .unwrap()
}

/// A client that is subscribed to all symbols on a narrow socket, and does not read yet.
pub(crate) async fn slow(hub: &Hub) -> Client {
    let mut client = open_on(narrow(hub).await, "/rooms/prices?client=slow").await;
    subscribe_to_all(&mut client).await;
    client
}

/// Subscribes to all symbols, whose list has not been received.
pub(crate) async fn subscribe_to_all(client: &mut Client) {
    let symbols = client.next("symbols").await;
    let symbols = symbols["symbols"].as_array().unwrap();
    let symbols: Vec<&str> = symbols.iter().map(|it| it["symbol"].as_str().unwrap()).collect();
    subscribe(client, &symbols).await;
}

/// The number of prices that the hub has dropped of this client, which reads on until there are
/// more than so many: the first reports may be of before.
pub(crate) async fn dropped(client: &mut Client, more_than: u64) -> u64 {
    let stats = client.until("stats", |stats| stats["dropped"].as_u64() > Some(more_than)).await;
    stats["dropped"].as_u64().unwrap()
}

/// Settings with many changes of prices.
pub(crate) fn fast() -> Settings {
    let (tick, stats) = (Duration::from_millis(1), Duration::from_millis(50));
    Settings { tick, stats, rate: 1000, ..Settings::new() }
}

#[tokio::test]
async fn client_that_does_not_read_gets_the_newest_prices_and_others_get_all() {
    let hub = hub_with(fast()).await;
    let mut slow = slow(&hub).await;
    let mut reads = hub.prices().await;
    subscribe(&mut reads, &["ALDR"]).await;
    reads.next("history").await;
    let mut last = Value::Null;
    for _ in 0..500 {
        last = reads.next("price").await;
    }
    // The client begins to read, and gets the number of dropped messages.
    let dropped = dropped(&mut slow, 100).await;
    // The prices are the present ones.
    slow.until("price", |price| {
        price["symbol"] == "ALDR" && price["at"].as_u64() >= last["at"].as_u64()
    })
    .await;
    let stats = reads.next("stats").await;
    assert!(stats["dropped"].as_u64() < Some(dropped), "{stats}");
}
