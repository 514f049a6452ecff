//! The document: edits on several hubs converge, also through snapshots.

use std::time::Duration;

use yrs::sync::{Message as Sync, SyncMessage};

use super::until_broker;
use crate::authors::forge;
use crate::broker::Broker;
use crate::editor::Editor;
use crate::run::within;

behind_each_broker!(
    document_edited_on_two_hubs_converges,
    document_is_served_while_the_broker_is_away,
    document_converges_after_the_broker_was_away,
    document_is_replaced_by_a_snapshot,
    hub_that_was_away_reads_the_snapshot,
    client_id_of_a_page_of_another_hub_is_1008,
    what_others_have_written_is_taken_from_the_broker_alone,
);

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
    let relay = broker.relay().await;
    let late = broker.hub_behind(&relay).await;
    let mut observer = late.chat("observer", 0).await;
    Editor::open(&late, "late").await.until(&all).await;
    // A client that moves has what the other hub has not.
    relay.cut(true);
    until_broker(&mut observer, "lost").await;
    here.insert(0, "!").await;
    here.acknowledged(22).await;
    let mut moved = here.again(&late, "a").await;
    moved.answered().await;
    moved.insert(0, "?").await;
    relay.cut(false);
    there.until(&format!("?!{all}")).await;
}

async fn document_is_served_while_the_broker_is_away(mut broker: Broker) {
    let hub = broker.hub().await;
    let mut observer = hub.chat("observer", 0).await;
    let mut here = Editor::open(&hub, "a").await;
    here.insert(0, "text").await;
    here.acknowledged(1).await;
    broker.kill();
    until_broker(&mut observer, "lost").await;
    let mut there = Editor::open(&hub, "b").await;
    there.until("text").await;
    // No client sees an update that may be lost.
    here.insert(4, "!").await;
    let mut late = Editor::open(&hub, "c").await;
    here.point(7, 1, "{}").await;
    late.until_state(7, |_| true).await;
    there.until_state(7, |_| true).await;
    assert_eq!((there.text().as_str(), late.text().as_str()), ("text", ""));
    assert!(broker.start_again().await);
    there.until("text!").await;
    late.until("text!").await;
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

/// Edits until a snapshot is due, and waits for it.
async fn edit_until_snapshot(editor: &mut Editor, broker: &Broker) {
    for at in 0..1010 {
        editor.insert(at, if at % 2 == 0 { "a" } else { "b" }).await;
        if at % 100 == 99 {
            editor.acknowledged(u64::from(at) + 1).await;
        }
    }
    editor.acknowledged(1010).await;
    within(async {
        while broker.updates().await > 10 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

async fn document_is_replaced_by_a_snapshot(broker: Broker) {
    let (one, two) = (broker.hub().await, broker.hub().await);
    let mut here = Editor::open(&one, "a").await;
    edit_until_snapshot(&mut here, &broker).await;
    let mut there = Editor::open(&two, "b").await;
    there.until(&"ab".repeat(505)).await;
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
    edit_until_snapshot(&mut here, &broker).await;
    relay.cut(false);
    there.until(&"ab".repeat(505)).await;
    there.insert(0, "!").await;
    here.until(&format!("!{}", "ab".repeat(505))).await;
}

async fn client_id_of_a_page_of_another_hub_is_1008(broker: Broker) {
    let (one, two) = (broker.hub().await, broker.hub().await);
    let mut here = Editor::open(&one, "a").await;
    here.insert(0, "text").await;
    here.acknowledged(1).await;
    let late = broker.hub().await;
    for hub in [&one, &two, &late] {
        assert_eq!(forge(hub, &here, false).await, 1008);
        // The hub could be behind.
        assert_eq!(forge(hub, &here, true).await, 1013);
    }
    here.insert(4, " of a").await;
    here.acknowledged(2).await;
    let mut moved = here.again(&late, "a").await;
    moved.answered().await;
    moved.insert(0, "the ").await;
    Editor::open(&two, "b").await.until("the text of a").await;
}

async fn what_others_have_written_is_taken_from_the_broker_alone(broker: Broker) {
    let hub = broker.hub().await;
    let (mut other, mut moved) = (Editor::open(&hub, "a").await, Editor::open(&hub, "b").await);
    // As if another hub had it.
    let update = other.next();
    moved.send(&Sync::Sync(SyncMessage::SyncStep2(update.clone()))).await;
    assert_eq!(moved.client.closed().await.0, 1013);
    other.update(update).await;
    let mut moved = moved.again(&hub, "b").await;
    moved.until("evil").await;
    moved.insert(4, "!").await;
    moved.acknowledged(1).await;
}
