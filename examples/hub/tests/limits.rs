//! Bad input: what is refused, and what closes the connection.

use sansocket_hub::Settings;
use serde_json::json;

use crate::run::{Client, hub, hub_with};

/// Somebody else in the room, who must not notice.
async fn undisturbed(mut other: Client) {
    other.say(1, "still here").await;
    assert_eq!(other.next("said").await["text"], "still here");
    other.close().await.unwrap();
}

#[tokio::test]
async fn wrong_json_is_refused_and_the_connection_stays_open() {
    let hub = hub().await;
    let mut client = hub.chat("c", 0).await;
    for text in ["{", "[]", "7", "{}", r#"{"type":"dance"}"#, r#"{"type":"say","id":"1"}"#] {
        client.socket.send(text).await.unwrap();
        let refused = client.next("refused").await;
        assert!(refused["id"].is_null() && refused["reason"].is_string(), "{text}: {refused}");
    }
    let cases = [(0, "x".into()), (1, String::new()), (2, "é".repeat(4001)), (1 << 53, "x".into())];
    for (id, text) in cases {
        client.say(id, &text).await;
        assert_eq!(client.next("refused").await["id"], id);
    }
    client.say(3, &"é".repeat(4000)).await;
    client.next("ack").await;
}

#[tokio::test]
async fn text_of_which_nothing_is_seen_is_refused() {
    let hub = hub().await;
    let mut client = hub.chat("c", 0).await;
    for text in [" ", "\n", "\u{200b}", "\u{feff}", "\u{2800}", "\0", "\u{301}"] {
        client.say(1, text).await;
        assert_eq!(client.next("refused").await["id"], 1, "{text:?}");
    }
    client.say(1, "\u{200b}. ").await;
    assert_eq!(client.next("ack").await["id"], 1);
}

#[tokio::test]
async fn more_than_twenty_refusals_are_1008() {
    let hub = hub().await;
    let (mut client, other) = (hub.chat("c", 0).await, hub.chat("other", 0).await);
    for _ in 0..20 {
        client.socket.send("{").await.unwrap();
        client.next("refused").await;
    }
    // One more is allowed every 3 s.
    for _ in 0..40 {
        // The hub may have closed already.
        if client.socket.send("{").await.is_err() {
            break;
        }
    }
    assert_eq!(client.closed().await.0, 1008);
    undisturbed(other).await;
}

#[tokio::test]
async fn flood_is_1008_and_disturbs_nobody() {
    let hub = hub_with(Settings { rate: 1, ..Settings::new() }).await;
    let (mut client, other) = (hub.chat("c", 0).await, hub.chat("other", 0).await);
    for at in 0..100 {
        // The hub may have closed already.
        if client.socket.send(json!({ "type": "ping", "at": at }).to_string()).await.is_err() {
            break;
        }
    }
    let (code, reason) = client.closed().await;
    assert_eq!(code, 1008);
    assert!(reason.contains("--rate"), "{reason}");
    undisturbed(other).await;
}

#[tokio::test]
async fn binary_message_in_chat_and_prices_is_1003() {
    let hub = hub().await;
    let other = hub.chat("other", 0).await;
    for mut client in [hub.chat("c", 0).await, hub.prices().await] {
        client.socket.send(&b"\x00"[..]).await.unwrap();
        assert_eq!(client.closed().await.0, 1003);
    }
    undisturbed(other).await;
}

#[tokio::test]
async fn text_in_the_document_is_1003_unless_it_is_a_ping() {
    let hub = hub().await;
    let mut client = hub.open("/rooms/document?client=c&name=n").await;
    client.send(json!({ "type": "ping", "at": 1 })).await;
    client.next("pong").await;
    client.send(json!({ "type": "say", "id": 1, "text": "x" })).await;
    assert_eq!(client.closed().await.0, 1003);
}

#[tokio::test]
async fn message_above_the_limit_is_1009() {
    let hub = hub().await;
    let other = hub.chat("other", 0).await;
    let mut chat = hub.chat("c", 0).await;
    chat.say(1, &"x".repeat(16 * 1024)).await;
    assert_eq!(chat.closed().await.0, 1009);
    let mut document = hub.open("/rooms/document?client=c&name=n").await;
    document.socket.send(vec![0; 1024 * 1024 + 1]).await.unwrap();
    assert_eq!(document.closed().await.0, 1009);
    undisturbed(other).await;
}

#[tokio::test]
async fn what_a_client_says_after_it_was_closed_is_not_stored() {
    let hub = hub().await;
    let mut client = hub.chat("c", 0).await;
    client.socket.feed(&b"\x00"[..]).await.unwrap();
    client.say(1, "too late").await;
    assert_eq!(client.closed().await.0, 1003);
    assert_eq!(hub.chat("d", 0).await.next("welcome").await["latest"], 0);
}
