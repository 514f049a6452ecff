//! A page writes with its own client id alone: also after a restart, and on another hub.

use tempfile::TempDir;
use yrs::sync::{Message as Sync, SyncMessage};

use crate::editor::Editor;
use crate::run::{Hub, hub, hub_in};

/// Another page sends what the owner could have sent next. Returns the code of its end.
pub(crate) async fn forge(hub: &Hub, owner: &Editor, is_step2: bool) -> u16 {
    let mut forger = Editor::open(hub, "forger").await;
    // The other page has seen the client id in the document.
    forger.until(&owner.text()).await;
    let update = owner.next();
    let forged = if is_step2 { SyncMessage::SyncStep2 } else { SyncMessage::Update }(update);
    forger.send(&Sync::Sync(forged)).await;
    forger.client.closed().await.0
}

#[tokio::test]
async fn update_with_the_client_id_of_another_page_is_1008() {
    let hub = hub().await;
    let mut one = Editor::open(&hub, "one").await;
    one.insert(0, "text").await;
    one.acknowledged(1).await;
    for is_step2 in [true, false] {
        assert_eq!(forge(&hub, &one, is_step2).await, 1008);
    }
    one.insert(4, " of one").await;
    one.acknowledged(2).await;
    let mut again = one.again(&hub, "one").await;
    again.insert(0, "the ").await;
    Editor::open(&hub, "two").await.until("the text of one").await;
}

#[tokio::test]
async fn client_id_that_is_not_of_the_page_is_1008_before_anybody_has_written_with_it() {
    let hub = hub().await;
    let (owner, mut other) = (Editor::open(&hub, "one").await, Editor::open(&hub, "two").await);
    other.update(owner.next()).await;
    assert_eq!(other.client.closed().await.0, 1008);
}

#[tokio::test]
async fn client_id_of_another_page_is_1008_after_a_restart() {
    let directory = TempDir::new().unwrap();
    let hub = hub_in(directory.path()).await;
    let mut one = Editor::open(&hub, "one").await;
    one.insert(0, "text").await;
    one.acknowledged(1).await;
    hub.stop().await;

    let hub = hub_in(directory.path()).await;
    for is_step2 in [true, false] {
        assert_eq!(forge(&hub, &one, is_step2).await, 1008);
    }
    let mut one = one.again(&hub, "one").await;
    one.insert(4, " of one").await;
    Editor::open(&hub, "two").await.until("text of one").await;
    hub.stop().await;
}

/// A hub that kept nothing gets the text of all pages from the one that connects first.
#[tokio::test]
async fn document_that_a_hub_has_lost_comes_back_from_a_page() {
    let before = hub().await;
    let (mut one, mut two) =
        (Editor::open(&before, "one").await, Editor::open(&before, "two").await);
    one.insert(0, "text").await;
    two.until("text").await;
    two.insert(4, " of two").await;
    one.until("text of two").await;
    before.stop().await;

    let hub = hub().await;
    let mut two = two.again(&hub, "two").await;
    let others = async {
        let mut late = Editor::open(&hub, "late").await;
        late.until("text of two").await;
        let mut one = one.again(&hub, "one").await;
        one.insert(0, "the ").await;
        late.until("the text of two").await;
    };
    tokio::join!(two.until("the text of two"), others);
}
