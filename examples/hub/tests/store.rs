//! Acknowledged messages outlive a restart, and a message that was not stored is not acknowledged.

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
    let store = client.next("welcome").await["store"].clone();
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
    let welcome = client.next("welcome").await;
    assert_eq!((&welcome["lastId"], &welcome["store"]), (&1.into(), &store));
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
    let mut editor = Editor::on(program.address, "e").await;
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
    // A shorter message may fit.
    let (mut inserted, long) = (1, "x".repeat(10_000));
    let code = 'full: loop {
        editor.insert(0, &long).await;
        inserted += 1;
        assert!(inserted < 500, "4 MB fit");
        loop {
            match editor.client.next_or_closed("ack").await {
                Ok(ack) if ack["updates"] == inserted => break,
                // Of what the hub has asked for.
                Ok(_) => {}
                Err(code) => break 'full code,
            }
        }
    };
    assert_eq!(code, 1011);
    // No client sees a message that was not stored.
    let mut latest = acknowledged;
    loop {
        assert!(latest < 2000, "4 MB fit");
        reader.say(latest + 1, &text).await;
        match reader.next_or_closed("said").await {
            Ok(said) => {
                latest += 1;
                assert_eq!((&said["seq"], &said["id"]), (&latest.into(), &latest.into()));
            }
            Err(code) => break assert_eq!(code, 1011),
        }
    }
    // Each time that the disk is full is logged once.
    let log = program.log().await;
    let count = |line| log.matches(line).count();
    assert_eq!(count("is not written"), count("is written again") + 1, "{log}");

    // On another disk.
    let hub = hub_in(directory.path()).await;
    let welcome = hub.chat("c", 0).await.next("welcome").await;
    assert_eq!((&welcome["latest"], &welcome["lastId"]), (&latest.into(), &acknowledged.into()));
    let stored = long.repeat(inserted - 2) + "stored";
    Editor::open(&hub, "d").await.until(&stored).await;
    hub.stop().await;
}

/// A disk that was full, and has room again.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn store_that_failed_stores_again_when_there_is_room() {
    let directory = TempDir::new().unwrap();
    let program = Program::start_limited(directory.path(), 4 * 1024);
    let target = "/rooms/chat?client=c&name=n";
    let mut client = program.open(target).await;
    let mut editor = Editor::on(program.address, "e").await;
    editor.insert(0, "stored").await;
    editor.acknowledged(1).await;
    let text = "é".repeat(4000);
    let mut acknowledged = 0;
    loop {
        assert!(acknowledged < 2000, "4 MB fit");
        client.say(acknowledged + 1, &text).await;
        match client.next_or_closed("ack").await {
            Ok(_) => acknowledged += 1,
            Err(code) => break assert_eq!(code, 1011),
        }
    }
    // The stored messages can be read.
    assert_eq!(program.open(target).await.next("said").await["text"], text);
    program.unlimit();
    // After a pause.
    let seq = crate::run::within(async {
        loop {
            let mut client = program.open(target).await;
            assert_eq!(client.next("welcome").await["lastId"], acknowledged);
            client.say(acknowledged + 1, &text).await;
            match client.next_or_closed("ack").await {
                Ok(ack) => break ack["seq"].clone(),
                Err(code) => assert_eq!(code, 1011),
            }
        }
    });
    assert_eq!(seq.await, acknowledged + 1);
    let mut editor = Editor::on(program.address, "e").await;
    editor.until("stored").await;
    editor.insert(6, " again").await;
    editor.acknowledged(1).await;
    drop(program);

    let hub = hub_in(directory.path()).await;
    let welcome = hub.chat("c", 0).await.next("welcome").await;
    assert_eq!(welcome["latest"], acknowledged + 1);
    Editor::open(&hub, "d").await.until("stored again").await;
    hub.stop().await;
}
