//! The end of a hub.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, pause, resume};

use crate::editor::Editor;
use crate::prices::{fast, slow, subscribe_to_all};
use crate::run::{hub, hub_with};

#[tokio::test]
async fn shutdown_closes_every_room_with_1001() {
    let hub = hub().await;
    let mut clients = [
        hub.chat("c", 0).await,
        hub.prices().await,
        hub.open("/rooms/document?client=c&name=n").await,
    ];
    subscribe_to_all(&mut clients[1]).await;
    let closed = async {
        for client in &mut clients {
            assert_eq!(client.closed().await, (1001, "the hub ends".into()));
        }
    };
    tokio::join!(hub.stop(), closed);
}

#[tokio::test]
async fn client_that_does_not_read_does_not_keep_the_hub() {
    let hub = hub_with(fast()).await;
    let _slow = slow(&hub).await;
    let mut reads = hub.prices().await;
    subscribe_to_all(&mut reads).await;
    for _ in 0..1000 {
        reads.next("price").await;
    }
    let (closed, ()) = tokio::join!(reads.closed(), hub.stop());
    assert_eq!(closed.0, 1001);
}

/// The clock is paused, and advances when nothing else can happen.
#[tokio::test]
async fn unfinished_request_does_not_keep_the_hub_for_longer_than_a_websocket_may() {
    let body = "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nabc";
    for request in ["", "GET / HT", body] {
        let hub = hub().await;
        let mut stream = TcpStream::connect(hub.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        // It was accepted before this one.
        let client = hub.chat("c", 0).await;
        pause();
        let start = Instant::now();
        hub.stop().await;
        assert!(start.elapsed() < Duration::from_secs(6), "{request:?}: {:?}", start.elapsed());
        resume();
        drop(client);
    }
}

/// A message that is submitted when the hub ends is either acknowledged and kept, or neither.
#[tokio::test]
async fn what_is_acknowledged_during_the_end_is_kept() {
    let directory = tempfile::TempDir::new().unwrap();
    let settings = sansocket_hub::Settings {
        data: Some(directory.path().into()),
        rate: 100_000,
        ..sansocket_hub::Settings::new()
    };
    let hub = hub_with(settings.clone()).await;
    let mut client = hub.chat("c", 0).await;
    let mut editor = Editor::open(&hub, "e").await;
    let (many, enough) = oneshot::channel();
    let saying = async {
        let (mut acknowledged, mut many) = (0, Some(many));
        for id in 1.. {
            let message = serde_json::json!({ "type": "say", "id": id, "text": "text" });
            if client.socket.send(message.to_string()).await.is_err() {
                break;
            }
            match client.socket.recv().await {
                Ok(Some(message)) => {
                    let text = message.as_text().unwrap();
                    if text.contains(r#""type":"ack""#) {
                        let value: serde_json::Value = serde_json::from_str(text).unwrap();
                        acknowledged = value["id"].as_u64().unwrap();
                        many.take_if(|_| acknowledged > 20).map(|many| many.send(()));
                    }
                }
                _ => break,
            }
        }
        acknowledged
    };
    editor.insert(0, "text").await;
    editor.acknowledged(1).await;
    let stopping = async {
        enough.await.unwrap();
        hub.stop().await;
    };
    let (acknowledged, ()) = tokio::join!(saying, stopping);
    let hub = hub_with(settings).await;
    let welcome = hub.chat("c", 0).await.next("welcome").await;
    assert!(welcome["lastId"].as_u64().unwrap() >= acknowledged, "{welcome} {acknowledged}");
    hub.stop().await;
}
