//! Connections that negotiated compression and send what is published to a topic.
#![cfg(all(feature = "deflate", feature = "tokio", feature = "testing"))]

use sansocket::deflate::Deflate;
use sansocket::runtime::WebSocket;
use sansocket::testing::ManualClock;
use sansocket::topic::Topic;
use sansocket::{Compress, Config, Message, Role, Timeouts};
use support::deflate::{compressing, json};
use support::drain;
use support::gate::{Gate, Task};
use support::streams::Scripted;

#[test]
fn forwarded_messages_are_compressed_as_agreed() {
    let server = || compressing(Role::Server, Config::new(), Deflate::memory());
    let (gate, topic) = (Gate::default(), Topic::new());
    gate.read(10_000);
    let stream = Scripted(gate.clone());
    let socket = WebSocket::from_parts(stream, ManualClock::new(), server(), Timeouts::default());
    let (sender, _receiver) = socket.split();
    let mut task = Task::pending(topic.subscribe().forward(&sender));
    let mut plain = server();
    for choice in [Compress::Automatic, Compress::Never] {
        let message = Message::from(json(2000)).compress(choice);
        topic.publish(message.clone());
        plain.send(message).unwrap();
    }
    assert!(task.run().is_none());
    assert!(gate.lock().written == drain(&mut plain));
    assert!((2000..4000).contains(&gate.written()), "one of them is compressed");
}
