//! Connections that send what is published to a topic: in one write, without delay for others,
//! until either ends.
#![cfg(all(feature = "tokio", feature = "testing"))]

use std::mem;
use std::task::Poll;

use bytes::Bytes;
use sansocket::topic::{Lag, Topic};
use sansocket::{Backpressure, CloseCode, Error, Overflow, SendError, State};
use support::gate::{Task, halves};
use support::{masked, unmasked};

fn texts(messages: &[Vec<u8>]) -> Vec<&str> {
    messages.iter().map(|message| std::str::from_utf8(message).unwrap()).collect()
}

#[test]
fn batch_leaves_in_one_write() {
    let topic = Topic::new();
    let (gate, sender, receiver) = halves(1000);
    let mut receiver = receiver;
    let mut receives = Task::pending(receiver.recv());
    gate.read(usize::MAX / 2);
    let mut task = Task::pending(topic.subscribe().forward(&sender));
    for round in 1..=3 {
        ["one", "two", "three"].into_iter().for_each(|news| topic.publish(news));
        assert_eq!(task.wakes.count(), 1);
        assert!(task.run().is_none());
        assert_eq!(gate.lock().writes, round, "a write for each batch");
    }
    assert_eq!(gate.received().0.len(), 9);
    assert!(!receives.is_woken(), "the task that receives has nothing to do");
    assert!(receives.poll().is_pending());
}

#[test]
fn frames_equal_those_of_send() {
    let topic = Topic::new();
    let ((gate, sender, _receiver), (plain, plain_sender, _plain_receiver)) =
        (halves(1 << 20), halves(1 << 20));
    gate.read(usize::MAX / 2);
    plain.read(usize::MAX / 2);
    let mut task = Task::pending(topic.subscribe().forward(&sender));
    for len in [0, 125, 126, 1000, 5000, 70_000] {
        let message = "x".repeat(len);
        topic.publish(message.as_str());
        topic.publish(message.clone().into_bytes());
        for sent in
            [message.as_str().into(), sansocket::Message::from(message.clone().into_bytes())]
        {
            assert!(matches!(Task::new(plain_sender.send(sent)).poll(), Poll::Ready(Ok(()))));
        }
    }
    assert!(task.run().is_none());
    assert!(gate.lock().written == plain.lock().written);
}

#[test]
fn stalled_connection_delays_neither_publish_nor_others() {
    let topic = Topic::new().backlog(4);
    let (stalled, slow_sender, _slow_receiver) = halves(10);
    let (open, fast_sender, _fast_receiver) = halves(10);
    open.read(usize::MAX / 2);
    let mut slow = Task::pending(topic.subscribe().forward(&slow_sender));
    let mut fast = Task::pending(topic.subscribe().forward(&fast_sender));
    for number in 0..10 {
        topic.publish(format!("a message, {number}"));
        assert!(slow.run().is_none() && fast.run().is_none());
        assert_eq!(open.received().0.len(), number + 1);
    }
    assert_eq!(stalled.written(), 0);
    stalled.read(usize::MAX / 2);
    assert!(slow.run().is_none());
    let (received, _) = stalled.received();
    assert_eq!(texts(&received), ["a message, 0", "a message, 9"], "skipped to the newest");
    assert_eq!(topic.stats().missed, 8);
}

/// More than the high-water mark is queued as the peer reads.
#[test]
fn batch_above_the_high_water_mark_waits_for_room() {
    let topic = Topic::new();
    let (gate, sender, _receiver) = halves(10);
    let mut task = Task::pending(topic.subscribe().forward(&sender));
    (0..10).for_each(|number| topic.publish(format!("number {number}")));
    assert!(task.run().is_none());
    assert_eq!(sender.buffered_amount(), 10, "as much as the mark");
    for _ in 0..20 {
        gate.read(5);
        assert!(task.run().is_none());
        assert!(sender.buffered_amount() <= 20);
    }
    assert_eq!(gate.received().0.len(), 10);
}

#[test]
fn lagging_connection_is_closed_while_it_stalls() {
    let topic = Topic::new().backlog(2).lag(Lag::Close(CloseCode::TRY_AGAIN_LATER));
    let (gate, sender, _receiver) = halves(10);
    let mut task = Task::pending(topic.subscribe().forward(&sender));
    topic.publish("queued, and more than ten bytes");
    assert!(task.run().is_none());
    for news in ["one", "two"] {
        topic.publish(news);
        assert!(!task.is_woken(), "it does not take messages");
    }
    topic.publish("three");
    assert!(matches!(task.run(), Some(Err(Error::Full))));
    assert_eq!(sender.state(), State::Closing);
    gate.read(usize::MAX / 2);
    assert!(Task::new(sender.flush()).poll().is_ready());
    assert!(gate.lock().written.ends_with(&unmasked(0x88, b"\x03\xf5")));
    assert_eq!(topic.stats().subscribers, 0);
}

#[test]
fn overflow_policy_of_the_connection_applies_to_batches() {
    for overflow in [Overflow::Fail, Overflow::DropNewest, Overflow::Close] {
        let topic = Topic::new();
        let (gate, sender, _receiver) = halves(10);
        let bounds = Backpressure { high_water_mark: 10, hard_limit: 20, overflow, cork: false };
        sender.set_backpressure(bounds);
        let mut task = Task::pending(topic.subscribe().forward(&sender));
        (0..4).for_each(|number| topic.publish(format!("number {number}")));
        let ended = task.run();
        match overflow {
            Overflow::DropNewest => assert!(ended.is_none() && sender.dropped() == 2),
            _ => assert!(matches!(ended, Some(Err(Error::Full)))),
        }
        gate.read(usize::MAX / 2);
        let _ = Task::new(sender.flush()).poll();
        assert_eq!(gate.received().0.len(), 2, "{overflow:?}");
    }
}

#[test]
fn forward_returns_when_all_of_an_ended_topic_is_written() {
    let topic = Topic::new();
    let (gate, sender, _receiver) = halves(10);
    let mut task = Task::pending(topic.subscribe().forward(&sender));
    topic.publish("the last message");
    drop(topic);
    assert!(task.run().is_none());
    gate.read(1000);
    assert!(matches!(task.run(), Some(Ok(()))));
    assert_eq!(texts(&gate.received().0), ["the last message"]);
    assert_eq!(sender.state(), State::Open);
}

/// Also if nothing is published any more.
#[test]
fn forward_returns_when_the_connection_ends() {
    let topic = Topic::new();
    let (gate, sender, mut receiver) = halves(10);
    gate.read(1000);
    let mut task = Task::pending(topic.subscribe().forward(&sender));
    let mut receives = Task::pending(receiver.recv());
    gate.write(&masked(0x88, b"\x03\xe8"));
    let _ = receives.run();
    assert!(task.is_woken());
    assert!(matches!(task.run(), Some(Err(Error::Send(SendError::NotOpen)))));
    drop(task);
    assert_eq!(topic.stats().subscribers, 0);
}

#[test]
fn forward_returns_when_the_stream_is_lost() {
    let topic = Topic::new();
    let (gate, sender, _receiver) = halves(10);
    let mut task = Task::pending(topic.subscribe().forward(&sender));
    topic.publish("lost");
    gate.fail();
    assert!(matches!(task.run(), Some(Err(Error::Io(_) | Error::ConnectionLost))));
}

/// A payload that publishes another message when it is freed. It stays where it is: smaller ones
/// are copied into a frame.
struct Publishes(Topic);

impl AsRef<[u8]> for Publishes {
    fn as_ref(&self) -> &[u8] {
        &[b'1'; 5000]
    }
}

impl Drop for Publishes {
    fn drop(&mut self) {
        self.0.publish("second");
    }
}

#[test]
fn message_published_while_a_batch_is_written_wakes_the_task() {
    let topic = Topic::new();
    let (gate, sender, _receiver) = halves(10_000);
    gate.read(10_000);
    let mut task = Task::pending(topic.subscribe().forward(&sender));
    topic.publish(Bytes::from_owner(Publishes(topic.clone())));
    task.wakes.take();
    assert!(task.poll().is_pending());
    let first = "1".repeat(5000);
    assert_eq!(texts(&gate.received().0), [first.as_str()]);
    assert!(task.run().is_none());
    assert_eq!(texts(&gate.received().0), [first.as_str(), "second"]);
}

#[test]
fn forward_that_another_task_polls_wakes_that_task() {
    let topic = Topic::new();
    let (gate, sender, _receiver) = halves(1000);
    gate.read(1000);
    let mut task = Task::pending(topic.subscribe().forward(&sender));
    topic.publish("a message");
    let before = mem::take(&mut task.wakes);
    assert!(task.poll().is_pending());
    before.take();
    topic.publish("another");
    assert_eq!((before.count(), task.wakes.count()), (0, 1), "it is published to the new task");
    assert!(task.run().is_none());
    assert_eq!(gate.received().0.len(), 2);
    assert!(Task::new(sender.close(CloseCode::NORMAL, "")).poll().is_pending());
    assert_eq!((before.count(), task.wakes.count()), (0, 1), "the new task sees the Close");
    assert!(matches!(task.run(), Some(Err(Error::Send(SendError::NotOpen)))));
}

#[test]
fn forwarded_messages_are_unsent_until_they_are_written() {
    let topic = Topic::new();
    let (gate, sender, _receiver) = halves(1000);
    sender.keep_unsent();
    let mut task = Task::pending(topic.subscribe().forward(&sender));
    topic.publish("a message");
    assert!(task.run().is_none());
    assert!(sender.unsent() == ["a message".into()]);
    gate.read(1000);
    assert!(task.run().is_none());
    assert!(sender.unsent().is_empty());
}
