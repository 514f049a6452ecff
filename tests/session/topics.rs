//! Topics: who receives what, in which order, who is woken, and what happens to those that lag.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

use bytes::Bytes;
use sansocket::topic::{Ended, Lag, Subscription, Topic, TopicStats};
use sansocket::{CloseCode, Prepared};
use support::adapters::ready;
use support::gate::Task;

/// What a subscriber takes now.
fn take(subscription: &mut Subscription) -> Vec<String> {
    let mut batch = Vec::new();
    ready(subscription.recv_many(&mut batch)).unwrap();
    texts(&batch)
}

fn texts(batch: &[Prepared]) -> Vec<String> {
    batch.iter().map(|news| news.message().as_text().unwrap().to_owned()).collect()
}

fn ended(subscription: &mut Subscription) -> Ended {
    let mut batch = Vec::new();
    let ended = ready(subscription.recv_many(&mut batch)).unwrap_err();
    assert!(batch.is_empty());
    ended
}

fn is_waiting(subscription: &mut Subscription) -> bool {
    let mut batch = Vec::new();
    Task::new(subscription.recv_many(&mut batch)).poll().is_pending()
}

/// The counters: subscribers, published, missed, dropped.
fn counters(topic: &Topic) -> [u64; 4] {
    let TopicStats { subscribers, published, missed, dropped, .. } = topic.stats();
    [subscribers as u64, published, missed, dropped]
}

#[test]
fn subscriber_takes_all_that_was_published_since_it_came() {
    let topic = Topic::new();
    topic.publish("before");
    let mut early = topic.subscribe();
    topic.publish("one");
    let mut late = topic.subscribe();
    topic.publish("two");
    assert_eq!(
        (take(&mut early), take(&mut late)),
        (vec!["one".into(), "two".into()], vec!["two".into()])
    );
    assert!(is_waiting(&mut early) && is_waiting(&mut late));
    topic.clone().publish("three");
    assert_eq!(
        (take(&mut late), take(&mut early)),
        (vec!["three".to_owned()], vec!["three".into()])
    );
    drop(early);
    assert_eq!(counters(&topic), [1, 4, 0, 0]);
}

#[test]
fn waiting_task_is_woken_once_for_a_batch() {
    let topic = Topic::new();
    let mut subscription = topic.subscribe();
    let mut batch = Vec::new();
    let mut task = Task::pending(subscription.recv_many(&mut batch));
    ["one", "two", "three"].into_iter().for_each(|news| topic.publish(news));
    assert_eq!(task.wakes.count(), 1);
    assert!(matches!(task.poll(), Poll::Ready(Ok(()))));
    drop(task);
    assert_eq!(texts(&batch), ["one", "two", "three"]);
}

/// A future that was dropped takes nothing.
#[test]
fn dropped_wait_loses_no_message() {
    let topic = Topic::new();
    let mut subscription = topic.subscribe();
    let mut batch = Vec::new();
    let task = Task::pending(subscription.recv_many(&mut batch));
    topic.publish("one");
    assert!(task.is_woken());
    drop(task);
    assert_eq!(take(&mut subscription), ["one"]);
}

#[test]
fn subscription_ends_after_the_last_publisher_and_the_last_message() {
    let topic = Topic::new();
    let (mut reads, mut waits) = (topic.subscribe(), topic.subscribe());
    let mut batch = Vec::new();
    let publisher = topic.clone();
    drop(topic);
    publisher.publish("last");
    assert_eq!(take(&mut waits), ["last"]);
    let mut task = Task::pending(waits.recv_many(&mut batch));
    drop(publisher);
    assert!(task.is_woken());
    assert!(matches!(task.poll(), Poll::Ready(Err(Ended::Topic))));
    assert_eq!(take(&mut reads), ["last"]);
    assert_eq!((ended(&mut reads), ended(&mut reads)), (Ended::Topic, Ended::Topic));
}

#[test]
fn ended_topic_publishes_nothing() {
    let topic = Topic::new();
    let mut before = topic.subscribe();
    topic.publish("last");
    topic.end();
    topic.publish("discarded");
    assert_eq!(take(&mut before), ["last"]);
    assert_eq!((ended(&mut before), ended(&mut topic.subscribe())), (Ended::Topic, Ended::Topic));
}

/// What comes after the end makes no room, whatever the policy, and replaces nothing.
#[test]
fn message_after_the_end_costs_subscribers_none_of_those_before_it() {
    let close = Lag::Close(CloseCode::TRY_AGAIN_LATER);
    for topic in [Topic::new(), Topic::new().lag(close), Topic::new().retain_latest()] {
        let topic = topic.backlog(2);
        let mut before = topic.subscribe();
        topic.publish("first");
        topic.publish_latest("key", "last");
        topic.end();
        topic.publish("discarded");
        topic.publish_latest("key", "discarded");
        assert_eq!(take(&mut before), ["first", "last"]);
        assert_eq!(ended(&mut before), Ended::Topic);
        assert_eq!((before.missed(), before.dropped()), (0, 0));
        assert_eq!(counters(&topic), [1, 2, 0, 0]);
    }
}

#[test]
fn lagging_subscriber_skips_to_the_newest_message() {
    let topic = Topic::new().backlog(3);
    let (mut lags, mut keeps_up) = (topic.subscribe(), topic.subscribe());
    for number in 0..10 {
        topic.publish(number.to_string());
        assert_eq!(take(&mut keeps_up), [number.to_string()]);
    }
    assert_eq!(take(&mut lags), ["9"]);
    assert_eq!((lags.missed(), keeps_up.missed()), (9, 0));
    assert_eq!(counters(&topic), [2, 10, 9, 0]);
}

/// One that came later has not taken the same messages, and does not lag.
#[test]
fn only_subscribers_of_the_first_message_lag() {
    let topic = Topic::new().backlog(2);
    let mut lags = topic.subscribe();
    topic.publish("one");
    let mut late = topic.subscribe();
    ["two", "three"].into_iter().for_each(|news| topic.publish(news));
    assert_eq!(take(&mut late), ["two", "three"]);
    assert_eq!(take(&mut lags), ["three"]);
    assert_eq!((lags.missed(), late.missed()), (2, 0));
}

#[test]
fn close_policy_ends_the_subscription_that_lags() {
    let topic = Topic::new().backlog(2).lag(Lag::Close(CloseCode::TRY_AGAIN_LATER));
    let (mut lags, mut keeps_up) = (topic.subscribe(), topic.subscribe());
    for news in ["one", "two", "three"] {
        topic.publish(news);
        assert_eq!(take(&mut keeps_up), [news]);
    }
    assert_eq!((ended(&mut lags), ended(&mut lags)), (Ended::Lagged, Ended::Lagged));
    assert_eq!((lags.missed(), counters(&topic)), (2, [1, 3, 2, 0]));
    drop(lags);
    assert_eq!(counters(&topic), [1, 3, 2, 0]);
}

#[test]
fn newest_value_of_a_key_replaces_those_that_were_not_taken() {
    let topic = Topic::new().backlog(4);
    let (mut lags, mut keeps_up) = (topic.subscribe(), topic.subscribe());
    let mut taken = vec![];
    for number in 0..100 {
        topic.publish_latest(["a", "b", "c"][number % 3], number.to_string());
        taken.extend(take(&mut keeps_up));
        if number == 50 {
            topic.publish("to all");
        }
    }
    assert_eq!(taken.len(), 101);
    assert_eq!(take(&mut lags), ["to all", "97", "98", "99"]);
    assert_eq!((lags.missed(), counters(&topic)), (0, [2, 101, 0, 97]));
    assert_eq!((lags.dropped(), keeps_up.dropped()), (97, 0));
}

#[test]
fn replaced_messages_are_counted_apart_from_those_that_a_lag_skipped() {
    let topic = Topic::new().backlog(2);
    let mut lags = topic.subscribe();
    for number in 0..5 {
        topic.publish_latest("key", number.to_string());
    }
    topic.publish("skipped, with the last of the key");
    topic.publish("one more");
    assert_eq!(take(&mut lags), ["one more"]);
    assert_eq!((lags.missed(), lags.dropped()), (2, 4));
    assert_eq!(counters(&topic), [1, 7, 2, 4]);
}

#[test]
fn late_subscriber_receives_the_newest_retained_value_of_each_key_first() {
    let topic = Topic::new().retain_latest();
    topic.publish("not retained");
    for (key, value) in [("a", "a1"), ("b", "b1"), ("c", "c1"), ("a", "a2")] {
        topic.publish_latest(key, value);
    }
    topic.forget("c");
    let mut early = topic.subscribe();
    assert_eq!(take(&mut early), ["b1", "a2"]);
    assert!(is_waiting(&mut early));
    topic.publish_latest("b", "b2");
    assert_eq!(take(&mut early), ["b2"]);
    // Replaced, or published, after it came and before it takes anything.
    let mut late = topic.subscribe();
    topic.publish_latest("a", "a3");
    topic.publish("to all");
    assert_eq!(take(&mut late), ["b2", "a3", "to all"]);
    assert_eq!(take(&mut early), ["a3", "to all"]);
    topic.end();
    let mut last = topic.subscribe();
    assert_eq!((take(&mut last), ended(&mut last)), (vec!["b2".into(), "a3".into()], Ended::Topic));
}

#[test]
fn subscriber_that_skips_receives_the_retained_values_again() {
    let topic = Topic::new().backlog(2).retain_latest();
    let mut lags = topic.subscribe();
    assert!(is_waiting(&mut lags));
    topic.publish_latest("a", "a1");
    ["one", "two", "three"].into_iter().for_each(|news| topic.publish(news));
    assert_eq!(take(&mut lags), ["a1", "two", "three"]);
    assert_eq!(lags.missed(), 2);
}

/// A payload that stays where it is: smaller ones are copied into a frame.
const UNCOPIED: [u8; 5000] = [b'a'; 5000];

/// A payload that reports when it is freed.
fn counted(freed: &Arc<AtomicUsize>) -> Bytes {
    struct Payload(Arc<AtomicUsize>);
    impl AsRef<[u8]> for Payload {
        fn as_ref(&self) -> &[u8] {
            &UNCOPIED
        }
    }
    impl Drop for Payload {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    Bytes::from_owner(Payload(Arc::clone(freed)))
}

#[test]
fn message_is_freed_when_all_have_taken_it_or_have_left() {
    let freed = Arc::new(AtomicUsize::new(0));
    let expect = |count| assert_eq!(freed.swap(0, Ordering::SeqCst), count);
    let topic = Topic::new().backlog(4);
    topic.publish(counted(&freed));
    expect(1);
    let (mut one, mut two) = (topic.subscribe(), topic.subscribe());
    for _ in 0..3 {
        topic.publish_latest("key", counted(&freed));
    }
    expect(2);
    let mut batch = Vec::new();
    ready(one.recv_many(&mut batch)).unwrap();
    batch.clear();
    expect(0);
    ready(two.recv_many(&mut batch)).unwrap();
    batch.clear();
    expect(1);
    for _ in 0..3 {
        topic.publish(counted(&freed));
    }
    drop(one);
    expect(0);
    drop(two);
    expect(3);
    let _lags = topic.subscribe();
    for _ in 0..5 {
        topic.publish(counted(&freed));
    }
    expect(4);
    let retains = Topic::new().retain_latest();
    for _ in 0..3 {
        retains.publish_latest("key", counted(&freed));
    }
    expect(2);
    retains.forget("key");
    expect(1);
}

/// The application's code that runs when a payload is freed, or a task is woken, may use the topic.
#[test]
fn payload_that_uses_the_topic_when_it_is_freed_does_not_deadlock() {
    struct Payload(Topic);
    impl AsRef<[u8]> for Payload {
        fn as_ref(&self) -> &[u8] {
            &UNCOPIED
        }
    }
    impl Drop for Payload {
        fn drop(&mut self) {
            assert_eq!(self.0.stats().missed % 2, 0);
        }
    }
    let topic = Topic::new().backlog(2);
    let payload = || Bytes::from_owner(Payload(topic.clone()));
    topic.publish(payload());
    let subscription = topic.subscribe();
    (0..5).for_each(|_| topic.publish(payload()));
    (0..5).for_each(|_| topic.publish_latest("key", payload()));
    drop(subscription);
    assert_eq!(topic.stats().subscribers, 0);
}

/// Each subscriber receives an unbroken sequence of each publisher, from where it came.
#[test]
fn subscribers_that_come_and_go_during_publishes_miss_nothing() {
    const PUBLISHERS: usize = 2;
    const MESSAGES: usize = 3000;
    let topic = Topic::new().backlog(PUBLISHERS * MESSAGES);
    let mut stays = topic.subscribe();
    thread::scope(|scope| {
        for publisher in 0..PUBLISHERS {
            let topic = topic.clone();
            scope.spawn(move || {
                (0..MESSAGES).for_each(|number| topic.publish(format!("{publisher} {number}")));
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let (mut comes, mut batch) = (topic.subscribe(), Vec::new());
                    drop(topic.subscribe());
                    let _ = Task::new(comes.recv_many(&mut batch)).poll();
                    let _ = Task::new(comes.recv_many(&mut batch)).poll();
                    check_sequences(&texts(&batch), None);
                }
            });
        }
    });
    let mut batch = Vec::new();
    ready(stays.recv_many(&mut batch)).unwrap();
    assert_eq!(batch.len(), PUBLISHERS * MESSAGES);
    check_sequences(&texts(&batch), Some(0));
    assert_eq!(counters(&topic), [1, (PUBLISHERS * MESSAGES) as u64, 0, 0]);
}

fn check_sequences(texts: &[String], first: Option<usize>) {
    let mut next = [first; 2];
    for text in texts {
        let (publisher, number) = text.split_once(' ').unwrap();
        let (publisher, number): (usize, usize) =
            (publisher.parse().unwrap(), number.parse().unwrap());
        assert_eq!(next[publisher].unwrap_or(number), number);
        next[publisher] = Some(number + 1);
    }
}

/// Tasks on several threads wait, are woken, and see the end.
#[test]
fn every_task_receives_everything_and_the_end() {
    const TASKS: usize = 8;
    const MESSAGES: usize = 2000;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let topic = Topic::new().backlog(MESSAGES);
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let mut subscription = topic.subscribe();
            runtime.spawn(async move {
                let (mut batch, mut received) = (Vec::new(), 0);
                while subscription.recv_many(&mut batch).await.is_ok() {
                    received += batch.drain(..).len();
                }
                received
            })
        })
        .collect();
    (0..MESSAGES).for_each(|_| topic.publish("news"));
    drop(topic);
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap(), MESSAGES);
    }
}
