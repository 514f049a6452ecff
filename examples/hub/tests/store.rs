//! What was acknowledged outlives a restart, and what was not stored is not acknowledged.

use tempfile::TempDir;

use crate::editor::Editor;
#[cfg(unix)]
use crate::program::Program;
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

/// A full disk: from some message on, every write fails.
#[cfg(unix)]
#[tokio::test]
async fn store_that_fails_is_1011_and_acknowledges_nothing() {
    let directory = TempDir::new().unwrap();
    let program = Program::start_limited(directory.path(), 4 * 1024);
    let mut editor = Editor::on(program.open("/rooms/document?client=e&name=n").await).await;
    editor.insert(0, "stored").await;
    editor.acknowledged(1).await;
    let mut reader = program.open("/rooms/chat?client=reader&name=n").await;
    let mut client = program.open("/rooms/chat?client=c&name=n").await;
    let mut acknowledged = 0;
    let text = "é".repeat(4000);
    // Some 4 MB fit.
    while acknowledged < 2000 {
        client.say(acknowledged + 1, &text).await;
        match client.next_or_closed("ack").await {
            Ok(ack) => {
                acknowledged += 1;
                assert_eq!((&ack["id"], &ack["seq"]), (&acknowledged.into(), &acknowledged.into()));
                assert_eq!(reader.next("said").await["seq"], acknowledged);
            }
            Err(code) => {
                assert_eq!(code, 1011);
                break;
            }
        }
    }
    assert!((1..2000).contains(&acknowledged), "{acknowledged}");
    editor.insert(0, "not ").await;
    let code = loop {
        match editor.client.next_or_closed("ack").await {
            // Of what the hub has asked for.
            Ok(ack) => assert_eq!(ack["updates"], 1),
            Err(code) => break code,
        }
    };
    assert_eq!(code, 1011);
    // What was not stored, nobody sees.
    reader.say(1, "x").await;
    assert_eq!(reader.next_or_closed("said").await, Err(1011));
    drop(program);

    // On another disk.
    let hub = hub_in(directory.path()).await;
    let welcome = hub.chat("c", 0).await.next("welcome").await;
    assert_eq!(
        (&welcome["latest"], &welcome["lastId"]),
        (&acknowledged.into(), &acknowledged.into())
    );
    Editor::open(&hub, "d").await.until("stored").await;
    hub.stop().await;
}
