//! Cursors: others see them, nobody can forge them, and they end with their connection.

use serde_json::json;
use yrs::ClientID;
use yrs::sync::awareness::AwarenessUpdateEntry;
use yrs::sync::{AwarenessUpdate, Message as Sync};

use crate::editor::Editor;
use crate::run::hub;

#[tokio::test]
async fn cursor_is_seen_by_others_and_removed_at_the_end() {
    let hub = hub().await;
    let mut one = Editor::open(&hub, "one").await;
    one.point(7, 1, r#"{"name":"one"}"#).await;
    one.point(7, 2, r#"{"name":"one","at":3}"#).await;
    // A client that comes later gets the present states.
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
    // The same page continues on a new connection before the hub has noticed the end of the old
    // one.
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
async fn cursor_with_another_name_than_that_of_the_connection_is_1008() {
    let hub = hub().await;
    let mut one = Editor::open(&hub, "one").await;
    let names =
        [r#""Ada""#, r#""n\u200b""#, r#""N""#, r#""""#, "7", r#"["n"]"#, r#""n","name":"A""#];
    for (id, name) in (100..).zip(names) {
        let mut forger = Editor::open(&hub, "forger").await;
        forger.point(id, 1, &format!(r#"{{"user":{{"name":{name}}}}}"#)).await;
        assert_eq!(forger.client.closed().await.0, 1008, "{name}");
    }
    let mut honest = Editor::open(&hub, "two").await;
    honest.point(7, 1, r##"{"user":{"name":"n","color":"#4450c4"},"cursor":null}"##).await;
    one.until_state(7, |_| true).await;
    assert!(one.states.iter().all(|(id, _)| *id == ClientID::new(7)), "{:?}", one.states);
}

/// Removals of so many ids, in one message.
fn removals(ids: std::ops::Range<u64>) -> Sync {
    let removal = |id| (ClientID::new(id), AwarenessUpdateEntry { clock: 1, json: "null".into() });
    Sync::Awareness(AwarenessUpdate { clients: ids.map(removal).collect() })
}

#[tokio::test]
async fn many_removals_in_one_message_are_1008_and_others_stay() {
    let hub = hub().await;
    let (mut one, mut other) = (Editor::open(&hub, "one").await, Editor::open(&hub, "o").await);
    other.send(&removals(100..2100)).await;
    assert_eq!(other.client.closed().await.0, 1008);
    one.insert(0, "text").await;
    one.acknowledged(1).await;
    Editor::open(&hub, "two").await.until("text").await;
}

#[tokio::test]
async fn removal_of_a_state_that_is_not_there_is_not_published() {
    let hub = hub().await;
    let (mut one, mut two) = (Editor::open(&hub, "one").await, Editor::open(&hub, "two").await);
    one.send(&removals(100..103)).await;
    one.point(7, 1, "{}").await;
    two.until_state(7, |_| true).await;
    assert!(two.states.iter().all(|(id, _)| *id == ClientID::new(7)), "{:?}", two.states);
}

#[tokio::test]
async fn more_ids_than_a_connection_may_have_are_1008_also_in_turn() {
    let hub = hub().await;
    let mut client = Editor::open(&hub, "c").await;
    for id in 1..=4 {
        client.point(id, 1, "{}").await;
        client.point(id, 2, "null").await;
    }
    // States that the connection has removed may come back.
    client.point(1, 3, "{}").await;
    let mut other = Editor::open(&hub, "other").await;
    other.until_state(1, |state| state.clock == 3).await;
    client.point(5, 1, "{}").await;
    assert_eq!(client.client.closed().await.0, 1008);
}

#[tokio::test]
async fn highest_clock_ends_no_connection_and_its_cursor_can_be_removed() {
    let hub = hub().await;
    let (mut one, mut two) = (Editor::open(&hub, "one").await, Editor::open(&hub, "two").await);
    one.point(7, u32::MAX, "{}").await;
    // The state is not newer, and changes nothing.
    one.point(7, u32::MAX, r#"{"name":"again"}"#).await;
    one.insert(0, "text").await;
    one.acknowledged(1).await;
    two.until("text").await;
    assert!(two.states.iter().all(|(_, state)| &*state.json == "{}"), "{:?}", two.states);
    one.client.close().await.unwrap();
    two.until_state(7, |state| &*state.json == "null").await;
}
