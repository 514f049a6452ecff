//! The chat: history, acknowledgements, people.

use sansocket_hub::Settings;
use serde_json::{Value, json};

use crate::run::{Client, hub, hub_with};

/// The texts of the next messages that were said.
async fn texts(client: &mut Client, count: usize) -> Vec<String> {
    let mut texts = vec![];
    for _ in 0..count {
        texts.push(client.next("said").await["text"].as_str().unwrap().to_owned());
    }
    texts
}

#[tokio::test]
async fn message_is_acknowledged_and_said_to_all() {
    let hub = hub().await;
    let (mut one, mut two) = (hub.chat("one", 0).await, hub.chat("two", 0).await);
    let welcome = one.next("welcome").await;
    assert_eq!(
        welcome,
        json!({
            "type": "welcome", "name": "the one", "you": welcome["you"], "store": welcome["store"],
            "next": 1, "latest": 0, "lastId": 0,
        })
    );
    assert!(welcome["you"].is_string() && welcome["store"].is_string());
    one.say(1, "hello 🦀").await;
    assert_eq!(one.next("ack").await, json!({ "type": "ack", "id": 1, "seq": 1 }));
    let mut said = two.next("said").await;
    assert!(said["at"].take().as_u64().unwrap() > 1_700_000_000_000);
    assert_eq!(
        said,
        json!({
            "type": "said", "seq": 1, "client": welcome["you"], "id": 1, "name": "the one",
            "text": "hello 🦀", "at": null,
        })
    );
    hub.stop().await;
}

#[tokio::test]
async fn ping_is_answered_and_stats_come_after_the_opening() {
    let hub = hub().await;
    let mut client = hub.chat("c", 0).await;
    client.send(json!({ "type": "ping", "at": 12.5 })).await;
    assert_eq!(client.next("pong").await, json!({ "type": "pong", "at": 12.5 }));
    let mut client = hub.chat("c", 0).await;
    let stats = client.next("stats").await;
    assert_eq!(stats["compression"], "permessage-deflate");
    assert_eq!((&stats["roundTrip"], &stats["dropped"]), (&Value::Null, &json!(0)));
    assert!(stats["sent"].is_u64() && stats["received"].is_u64());
}

#[tokio::test]
async fn stats_have_the_round_trip_and_the_bytes_of_the_wire() {
    let stats = std::time::Duration::from_millis(20);
    let hub = hub_with(Settings { stats, ..Settings::new() }).await;
    let mut client = hub.chat("c", 0).await;
    client.say(1, "text").await;
    let is_measured = |stats: &Value| stats["roundTrip"].as_f64().is_some_and(|time| time > 0.0);
    let stats = client.until("stats", is_measured).await;
    assert!(stats["sent"].as_u64() > Some(100) && stats["received"].as_u64() > Some(20));
}

#[tokio::test]
async fn resend_is_stored_once_and_acknowledged_again() {
    let hub = hub().await;
    let mut client = hub.chat("c", 0).await;
    client.say(1, "first").await;
    client.next("ack").await;
    drop(client);
    let mut client = hub.chat("c", 0).await;
    assert_eq!(client.next("welcome").await["lastId"], 1);
    client.say(1, "first").await;
    client.say(2, "second").await;
    assert_eq!(client.next("ack").await, json!({ "type": "ack", "id": 1, "seq": 1 }));
    assert_eq!(client.next("ack").await, json!({ "type": "ack", "id": 2, "seq": 2 }));
    let mut other = hub.chat("other", 0).await;
    assert_eq!(other.next("welcome").await["latest"], 2);
    assert_eq!(texts(&mut other, 2).await, ["first", "second"]);
}

#[tokio::test]
async fn id_of_another_text_is_refused() {
    let hub = hub().await;
    let mut client = hub.chat("c", 0).await;
    client.say(1, "first").await;
    client.say(1, "another").await;
    client.next("ack").await;
    assert_eq!(client.next("refused").await["id"], 1);
    // The id of another client is another one.
    let mut other = hub.chat("other", 0).await;
    other.say(1, "another").await;
    assert_eq!(other.next("ack").await["seq"], 2);
}

#[tokio::test]
async fn history_is_what_a_client_lacks() {
    let hub = hub_with(Settings { rate: 1000, ..Settings::new() }).await;
    let mut client = hub.chat("c", 0).await;
    for id in 1..=120 {
        client.say(id, &id.to_string()).await;
        client.next("ack").await;
    }
    let first = |since| {
        let hub = &hub;
        async move { hub.chat("d", since).await.next("said").await["seq"].as_u64().unwrap() }
    };
    // Without `since` the last hundred, else all that is newer; a number that the hub never gave
    // is of a hub that had other data.
    assert_eq!((first(0).await, first(5).await, first(119).await), (21, 6, 120));
    assert_eq!(first(121).await, 21);
    let mut nothing = hub.chat("d", 120).await;
    client.say(121, "live").await;
    assert_eq!(texts(&mut nothing, 1).await, ["live"]);
}

/// Clients come while others speak: each gets every message once, in order.
#[tokio::test]
async fn history_and_live_messages_have_no_hole_and_no_double() {
    const MESSAGES: u64 = 200;
    let hub = hub_with(Settings { rate: 1000, ..Settings::new() }).await;
    let mut speaker = hub.chat("speaker", 0).await;
    speaker.say(1, "first").await;
    speaker.next("ack").await;
    let speaking = async {
        for id in 2..=MESSAGES {
            speaker.say(id, "text").await;
            speaker.next("ack").await;
        }
    };
    let coming = async {
        for _ in 0..20 {
            let mut client = hub.chat("listener", 0).await;
            let latest = client.next("welcome").await["latest"].as_u64().unwrap();
            let mut last = latest.saturating_sub(100);
            while last < (latest + 5).min(MESSAGES) {
                let seq = client.next("said").await["seq"].as_u64().unwrap();
                assert_eq!(seq, last + 1);
                last = seq;
            }
        }
    };
    tokio::join!(speaking, coming);
}

#[tokio::test]
async fn oldest_messages_are_removed_with_their_ids() {
    let hub = hub_with(Settings { history: 3, ..Settings::new() }).await;
    let mut client = hub.chat("c", 0).await;
    for id in 1..=5 {
        client.say(id, &id.to_string()).await;
        client.next("ack").await;
    }
    assert_eq!(texts(&mut hub.chat("d", 0).await, 3).await, ["3", "4", "5"]);
    // A resend is not known any more: it is a new message.
    client.say(1, "1").await;
    assert_eq!(client.next("ack").await["seq"], 6);
}

/// Others see a hash of the secret id: no other client can send in its place.
#[tokio::test]
async fn id_that_others_see_is_not_the_secret_one() {
    let hub = hub().await;
    let mut victim = hub.chat("secret", 0).await;
    let you = victim.next("welcome").await["you"].as_str().unwrap().to_owned();
    victim.say(1, "hello").await;
    let mut other = hub.chat("other", 0).await;
    let list = other.until("people", |list| list["count"] == 2).await;
    assert_eq!(person(&list, "the secret")["client"], you.as_str());
    let mut reader = hub.chat("reader", 0).await;
    assert_eq!(reader.next("said").await["client"], you.as_str());
    assert!(!list.to_string().contains("\"secret\""), "{list}");
    // With what is seen, one is somebody else.
    let mut forger = hub.chat(&you, 0).await;
    let welcome = forger.next("welcome").await;
    assert_eq!(welcome["lastId"], 0);
    assert_ne!(welcome["you"], you.as_str());
    forger.say((1 << 53) - 1, "not of the victim").await;
    forger.next("ack").await;
    victim.say(2, "again").await;
    assert_eq!(victim.next("ack").await["id"], 1);
    assert_eq!(victim.next("ack").await["id"], 2);
    assert_eq!(hub.chat("secret", 0).await.next("welcome").await["lastId"], 2);
}

/// `since` counts for the history that it is of.
#[tokio::test]
async fn number_of_another_history_means_nothing() {
    let (before, hub) = (hub().await, hub().await);
    let old = before.chat("c", 0).await.next("welcome").await["store"].clone();
    let mut client = hub.chat("c", 0).await;
    let new = client.next("welcome").await["store"].clone();
    for id in 1..=3 {
        client.say(id, &id.to_string()).await;
        client.next("ack").await;
    }
    let open = async |store: &Value| {
        let store = store.as_str().unwrap();
        let target = format!("/rooms/chat?client=d&name=n&since=2&store={store}");
        hub.open(&target).await
    };
    assert_eq!(texts(&mut open(&new).await, 1).await, ["3"]);
    assert_eq!(texts(&mut open(&old).await, 3).await, ["1", "2", "3"]);
}

#[tokio::test]
async fn client_that_missed_more_than_a_thousand_gets_the_last_ones() {
    let hub = hub_with(Settings { rate: 100_000, ..Settings::new() }).await;
    let mut client = hub.chat("c", 0).await;
    for start in [1, 201, 401, 601, 801, 1001] {
        for id in start..start + 200 {
            client.say(id, "text").await;
        }
        for _ in 0..200 {
            client.next("ack").await;
        }
    }
    let first = async |since| {
        let mut client = hub.chat("d", since).await;
        let next = client.next("welcome").await["next"].clone();
        assert_eq!(client.next("said").await["seq"], next);
        next
    };
    assert_eq!(
        (first(1).await, first(200).await, first(201).await),
        (201.into(), 201.into(), 202.into())
    );
}

fn person<'a>(list: &'a Value, name: &str) -> &'a Value {
    let mut people = list["people"].as_array().unwrap().iter();
    people.find(|person| person["name"] == name).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn people_come_type_and_leave() {
    let hub = hub().await;
    let mut one = hub.chat("one", 0).await;
    let mut two = hub.chat("two", 0).await;
    one.until("people", |list| !person(list, "the two").is_null()).await;
    two.send(json!({ "type": "typing", "typing": true })).await;
    one.until("people", |list| person(list, "the two")["typing"] == true).await;
    // A second connection of a client is the same person, who stops typing with the first.
    let mut second = hub.chat("two", 0).await;
    second.next("people").await;
    drop(two);
    one.until("people", |list| list["count"] == 2 && person(list, "the two")["typing"] == false)
        .await;
    second.close().await.unwrap();
    one.until("people", |list| list["count"] == 1 && list["people"][0]["name"] == "the one").await;
}
