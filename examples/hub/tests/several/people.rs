//! People and cursors of all hubs, which the broker publishes and does not keep.

use serde_json::{Value, json};

use crate::broker::Broker;
use crate::editor::Editor;
use crate::run::{Client, within};

behind_each_broker!(
    people_of_two_hubs_add_up,
    hub_that_is_silent_is_gone_with_its_people_and_cursors,
    cursor_is_seen_on_the_other_hub_and_removed_at_the_end,
);

async fn people_until(client: &mut Client, names: &[&str]) {
    let is_as_wanted = |list: &Value| {
        let listed = list["people"].as_array().unwrap().iter();
        let mut listed: Vec<_> = listed.map(|person| person["name"].as_str().unwrap()).collect();
        listed.sort_unstable();
        let names = names.iter().map(|name| format!("the {name}"));
        names.eq(listed) && list["count"] == list["people"].as_array().unwrap().len()
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
    let is_typing = |person: &Value| person["name"] == "the bo" && person["typing"] == true;
    ada.until("people", |list| list["people"].as_array().unwrap().iter().any(is_typing)).await;
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
    // A client that comes later gets the cursor, too; no other page may use its id.
    let mut later = Editor::open(&one, "later").await;
    later.until_state(7, |state| state.clock == 2).await;
    later.point(7, 9, "{}").await;
    assert_eq!(later.client.closed().await.0, 1008);
    there.client.close().await.unwrap();
    here.until_state(7, |state| &*state.json == "null").await;
}
