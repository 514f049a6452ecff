//! The pieces of the document: what one connection adds leaves room for others.

use yrs::Text;
use yrs::sync::{Message as Sync, SyncMessage};

use crate::chain::chain;
use crate::editor::Editor;
use crate::run::hub;

/// Types so many characters, each before the former one: no two of them are ever one piece.
fn scatter(editor: &mut Editor, count: u32) -> Vec<u8> {
    editor.change(|text, transaction| (0..count).for_each(|_| text.insert(transaction, 0, "x")))
}

#[tokio::test]
async fn connection_that_has_added_many_pieces_is_1013_and_its_page_continues_on_another() {
    let hub = hub().await;
    let mut one = Editor::open(&hub, "one").await;
    for number in 1..=4 {
        let update = scatter(&mut one, 5000);
        one.update(update).await;
        one.acknowledged(number).await;
    }
    let update = scatter(&mut one, 1);
    one.update(update).await;
    assert_eq!(one.client.closed().await.0, 1013);
    let mut two = Editor::open(&hub, "two").await;
    two.until(&"x".repeat(20_000)).await;
    two.insert(20_000, "text").await;
    two.acknowledged(1).await;
    let mut one = one.again(&hub, "one").await;
    one.until(&["x".repeat(20_001), "text".into()].concat()).await;
}

const FIRST: u64 = 1 << 40;

/// As if this hub had lost what they have written.
#[tokio::test]
async fn answer_to_step_1_has_text_of_at_most_a_thousand_clients() {
    let hub = hub().await;
    for (start, count, answer) in [(0, 1001, "refused"), (0, 1000, "ack"), (1000, 1000, "ack")] {
        let mut one = Editor::open(&hub, "one").await;
        let update = chain(FIRST + start..FIRST + start + count, FIRST);
        one.send(&Sync::Sync(SyncMessage::SyncStep2(update))).await;
        one.client.next(answer).await;
    }
    let mut two = Editor::open(&hub, "two").await;
    two.until(&"x".repeat(2000)).await;
    two.insert(0, "text").await;
    two.acknowledged(1).await;
}
