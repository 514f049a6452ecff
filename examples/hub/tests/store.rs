//! What was acknowledged outlives a restart.

use tempfile::TempDir;

use crate::editor::Editor;
use crate::run::hub_in;

#[tokio::test]
async fn history_and_document_outlive_a_restart() {
    let directory = TempDir::new().unwrap();
    let hub = hub_in(directory.path()).await;
    let mut client = hub.chat("c", 0).await;
    client.say(1, "before").await;
    client.next("ack").await;
    let mut editor = Editor::open(&hub, "c").await;
    editor.insert(0, "hello").await;
    editor.acknowledged(1).await;
    editor.delete(0, 1).await;
    editor.acknowledged(2).await;
    drop((client, editor));
    hub.stop().await;

    let hub = hub_in(directory.path()).await;
    let mut client = hub.chat("c", 0).await;
    assert_eq!(client.next("welcome").await["lastId"], 1);
    client.say(1, "before").await;
    assert_eq!(client.next("ack").await["seq"], 1);
    client.say(2, "after").await;
    assert_eq!(client.next("ack").await["seq"], 2);
    let mut editor = Editor::open(&hub, "d").await;
    editor.until("ello").await;
    editor.insert(4, "!").await;
    editor.acknowledged(1).await;
    drop((client, editor));
    hub.stop().await;

    let hub = hub_in(directory.path()).await;
    Editor::open(&hub, "e").await.until("ello!").await;
    hub.stop().await;
}

#[tokio::test]
async fn second_hub_on_a_directory_is_refused() {
    let directory = TempDir::new().unwrap();
    let hub = hub_in(directory.path()).await;
    let settings = sansocket_hub::Settings {
        data: Some(directory.path().into()),
        ..sansocket_hub::Settings::new()
    };
    let error = sansocket_hub::Server::new(settings).await.err().unwrap().to_string();
    assert!(error.contains("--data"), "{error}");
    hub.stop().await;
}
