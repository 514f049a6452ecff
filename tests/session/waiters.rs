//! Several tasks that share a connection: who waits, in which order, and which of them is woken.
//! Polled by hand on a stream that the test controls, without clocks.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures_sink::Sink;
use sansocket::testing::ManualClock;
use sansocket::{Backpressure, CloseCode, Config, Connection, Error, Kind, Overflow, Timeouts};
use support::adapters::ready;
use support::gate::{Gate, Sender, Task, halves};
use support::masked;
use support::streams::Scripted;
use support::wakes::WakeCounter;

/// A message of so many bytes on the wire, with its header of two.
fn message(size: usize) -> Vec<u8> {
    vec![7; size - 2]
}

// Wake-ups that are not lost.

#[test]
fn a_write_error_wakes_every_sender_that_waits() {
    let (gate, sender, _receiver) = halves(1000);
    let mut tasks: Vec<_> = (0..4).map(|_| Task::pending(sender.send(message(100)))).collect();
    gate.fail();
    for _ in 0..4 {
        for index in (0..tasks.len()).rev() {
            if let Some(sent) = tasks[index].run() {
                sent.unwrap_err();
                drop(tasks.remove(index));
            }
        }
    }
    assert_eq!(tasks.len(), 0, "they wait for a stream that has failed");
}

#[test]
fn a_cancelled_write_chunk_does_not_keep_the_wake_up_of_the_stream() {
    let (gate, sender, _receiver) = halves(1000);
    let mut owner = sender.clone();
    let mut writer = ready(owner.writer(Kind::Binary)).unwrap();
    let chunk = Task::pending(writer.write_chunk(message(100)));
    let mut ping = Task::pending(sender.start_ping());
    drop(chunk);
    gate.read(1000);
    assert!(ping.is_woken(), "the writer is not polled, and nobody else writes");
    ping.run().unwrap().unwrap();
}

#[test]
fn a_future_that_is_held_without_being_polled_does_not_keep_later_wake_ups() {
    let (gate, sender, _receiver) = halves(1000);
    let _held = Task::pending(sender.send(message(100)));
    let mut ping = Task::pending(sender.start_ping());
    for _ in 0..20 {
        gate.read(10);
        // The task of the future that is held polls the other one in its place.
        assert!(ping.poll().is_pending() || gate.written() > 100);
        if gate.written() > 100 {
            return;
        }
        ping.wakes.take();
        gate.read(10);
        assert!(ping.is_woken(), "the stream is ready, and nobody that writes is woken");
    }
    panic!("it was not written");
}

#[test]
fn a_future_that_moves_to_another_task_is_woken_there() {
    let (gate, sender, _receiver) = halves(1000);
    let mut task = Task::pending(sender.send(message(100)));
    gate.lock().yields = 1;
    // Another task polls it, and the stream wakes while it does.
    let first = std::mem::take(&mut task.wakes);
    assert!(task.poll().is_pending());
    assert!(task.is_woken(), "the first task was woken in its place: {}", first.count());
}

#[test]
fn a_wake_up_during_the_last_poll_of_a_send_goes_to_the_next_one() {
    let (gate, sender, _receiver) = halves(1000);
    let mut first = Task::pending(sender.send(message(100)));
    let mut second = Task::pending(sender.send(message(100)));
    gate.lock().yields = 1;
    gate.read(100);
    first.run().expect("its bytes are written").unwrap();
    assert!(second.is_woken(), "the stream was ready again while the first one was polled");
    gate.read(100);
    second.run().unwrap().unwrap();
}

#[test]
fn a_message_that_fills_the_output_after_a_write_is_written_by_another_waiter() {
    for receives in [false, true] {
        let (gate, sender, mut receiver) = halves(100);
        ready(sender.feed(message(100))).unwrap();
        let mut receiving = Task::pending(async { receiver.recv().await });
        let mut first = Task::pending(sender.feed(message(100)));
        let mut second = (!receives).then(|| Task::pending(sender.feed(message(100))));
        gate.read(1000);
        first.run().expect("there is room").unwrap();
        assert_eq!(gate.written(), 100);
        match &mut second {
            Some(second) => drop(second.run().expect("the stream accepts bytes")),
            None => assert!(receiving.run().is_none()),
        }
        assert_eq!(gate.written(), 200, "nobody writes, and the stream accepts bytes");
    }
}

#[test]
fn a_writer_that_gives_up_lets_the_next_sender_go() {
    let (_gate, sender, _receiver) = halves(1000);
    let permit = ready(sender.reserve()).unwrap();
    let mut owner = sender.clone();
    let writer = Task::pending(owner.writer(Kind::Binary));
    let mut other = Task::pending(sender.reserve());
    drop(writer);
    other.run().expect("nobody waits before it").unwrap();
    drop(permit);
}

#[test]
fn a_sender_that_waits_for_the_lock_writes_what_a_cancelled_sender_left() {
    let (gate, sender, _receiver) = halves(1000);
    let mut owner = sender.clone();
    let writer = ready(owner.writer(Kind::Binary)).unwrap();
    drop(Task::pending(sender.start_ping()));
    gate.read(1000);
    assert_eq!(gate.written(), 0, "nobody waits");
    let _waiting = Task::pending(sender.send(message(100)));
    assert!(gate.written() > 0, "the next call on either half writes it");
    drop(writer);
}

#[test]
fn a_sink_flushes_what_it_was_given_after_a_flush_that_was_not_finished() {
    let (gate, sender, _receiver) = halves(1000);
    let mut sink = sender.clone();
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        assert!(Pin::new(&mut sink).poll_ready(&mut cx).is_ready());
        Pin::new(&mut sink).start_send(message(100).into()).unwrap();
        assert!(Pin::new(&mut sink).poll_ready(&mut cx).is_ready());
        assert!(Sink::poll_flush(Pin::new(&mut sink), &mut cx).is_pending());
    }
    Pin::new(&mut sink).start_send(message(100).into()).unwrap();
    gate.read(200);
    assert!(Sink::poll_flush(Pin::new(&mut sink), &mut cx).is_pending(), "100 bytes wait");
    gate.read(100);
    assert!(Sink::poll_flush(Pin::new(&mut sink), &mut cx).is_ready());
    assert_eq!(gate.written(), 300);
}

#[test]
fn a_sink_that_closes_writes_the_close_frame_after_a_flush_that_was_not_finished() {
    let (gate, sender, _receiver) = halves(1000);
    let mut sink = sender.clone();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut sink).poll_ready(&mut cx).is_ready());
    Pin::new(&mut sink).start_send(message(100).into()).unwrap();
    assert!(Sink::poll_flush(Pin::new(&mut sink), &mut cx).is_pending());
    gate.read(100);
    assert!(Sink::poll_close(Pin::new(&mut sink), &mut cx).is_pending(), "Close is not written");
    gate.read(4);
    assert!(Sink::poll_close(Pin::new(&mut sink), &mut cx).is_ready());
    assert_eq!(gate.written(), 104);
}

#[test]
fn a_wait_for_the_end_with_pushed_back_messages_ends_with_an_abort() {
    let gate = Gate::default();
    gate.read(1000);
    let mut socket = sansocket::runtime::WebSocket::from_parts(
        Scripted(gate.clone()),
        ManualClock::new(),
        Connection::server(Config::new()),
        Timeouts::default(),
    );
    gate.write(&masked(0x81, b"pushed back"));
    drop(Task::pending(socket.ping()));
    let (sender, receiver) = socket.split();
    let mut ends = [
        Task::pending(sender.until_closed()),
        Task::pending(async { sender.close(CloseCode::NORMAL, "").await }),
    ];
    sender.abort();
    for end in &mut ends {
        assert_eq!(end.run().expect("it is over").unwrap().code(), 1006);
    }
    drop(receiver);
}

// When a wait is over.

/// What waits for its bytes: each of them, and what is to be written before it is done.
type Operation = for<'a> fn(&'a mut Sender) -> Task<'a, Result<(), Error>>;

const OPERATIONS: [(&str, Operation); 5] = [
    ("send", |sender| Task::new(sender.send(message(100)))),
    ("flush", |sender| Task::new(sender.flush())),
    ("start_ping", |sender| Task::new(sender.start_ping())),
    ("pong", |sender| Task::new(sender.pong("alive"))),
    ("write_chunk", |sender| {
        Task::new(async move {
            let mut writer = sender.writer(Kind::Binary).await?;
            let written = writer.write_chunk(message(100)).await;
            // Its fragment is not the last one.
            std::mem::forget(writer);
            written
        })
    }),
];

fn wait_ends_with_its_own_bytes(buffered: bool) {
    for (name, operation) in OPERATIONS {
        let (gate, sender, mut receiver) = halves(500);
        gate.lock().buffer = buffered.then(Vec::new);
        let _receiving = Task::pending(async move { receiver.recv().await });
        let mut own = sender.clone();
        ready(sender.feed(message(100))).unwrap();
        ready(sender.feed(message(100))).unwrap();
        let mut task = operation(&mut own);
        assert!(task.poll().is_pending(), "{name}");
        let end = if buffered {
            gate.lock().buffer.as_ref().unwrap().len()
        } else {
            sender.buffered_amount()
        };
        // The others queue behind it, as much as there is room for, and pings beyond that.
        let mut others: Vec<_> = (0..10)
            .map(|_| Task::new(async { sender.feed(message(100)).await.map(drop) }))
            .collect();
        others.iter_mut().for_each(|other| drop(other.poll()));
        let _pings: Vec<_> = (0..10).map(|_| Task::pending(sender.start_ping())).collect();
        if buffered {
            let held = gate.lock().buffer.as_ref().unwrap().len();
            assert_eq!(held, end, "{name}: more was written before the first position was flushed");
        }
        gate.read(end - 1);
        assert!(task.run().is_none(), "{name}: a byte of it is missing");
        gate.read(1);
        assert!(task.is_woken(), "{name}");
        task.run().unwrap_or_else(|| panic!("{name} waits for what others queued")).unwrap();
        assert_eq!(gate.written(), end);
        let left = sender.buffered_amount() + gate.lock().buffer.as_ref().map_or(0, Vec::len);
        assert!(left > 0, "{name}: the output is still full");
    }
}

#[test]
fn a_wait_for_bytes_ends_when_they_are_written_whatever_is_queued_behind() {
    wait_ends_with_its_own_bytes(false);
}

#[test]
fn an_earlier_position_is_flushed_before_more_is_written_to_a_stream_that_buffers() {
    wait_ends_with_its_own_bytes(true);
}

#[test]
fn a_second_writer_waits_for_a_heartbeat_that_came_before() {
    let (gate, sender, _receiver) = halves(1000);
    gate.read(100_000);
    for ping in [false, true] {
        let mut owner = sender.clone();
        for _ in 0..10 {
            let mut writer = ready(owner.writer(Kind::Binary)).unwrap();
            ready(writer.write_chunk("a")).unwrap();
            let mut heartbeat = Task::new(async {
                if ping { sender.start_ping().await } else { sender.send("heartbeat").await }
            });
            let beat = heartbeat.poll();
            assert_eq!(beat.is_ready(), ping, "only a control frame goes between fragments");
            ready(writer.write_chunk("b")).unwrap();
            ready(writer.finish()).unwrap();
            if ping {
                continue;
            }
            let mut next = Task::pending(owner.writer(Kind::Binary));
            heartbeat.run().expect("its turn").unwrap();
            assert!(next.run().is_some(), "and then the writer's again");
        }
    }
    let (messages, pings) = gate.received();
    assert_eq!((messages.len(), pings), (30, 10));
}

#[test]
fn a_higher_mark_wakes_those_that_wait_for_room() {
    for overflow in [Overflow::Wait, Overflow::Fail, Overflow::DropNewest] {
        let (_gate, sender, _receiver) = halves(100);
        ready(sender.feed(message(100))).unwrap();
        let mut feeds: Vec<_> = (0..3).map(|_| Task::pending(sender.feed(message(100)))).collect();
        let mut permit = Task::pending(sender.reserve());
        let backpressure =
            Backpressure { high_water_mark: 1000, overflow, ..Backpressure::default() };
        sender.set_backpressure(backpressure);
        for feed in &mut feeds {
            feed.run().expect("there is room").unwrap();
        }
        permit.run().expect("there is room").unwrap();
    }
    // A writer has the lock while it waits.
    let (_gate, sender, _receiver) = halves(100);
    ready(sender.feed(message(100))).unwrap();
    let mut owner = sender.clone();
    let mut writer = ready(owner.writer(Kind::Binary)).unwrap();
    let before = sender.buffered_amount();
    let mut chunk = Task::pending(writer.write_chunk(message(100)));
    sender.set_backpressure(Backpressure::default());
    assert!(chunk.is_woken() && chunk.run().is_none(), "now it waits to be written");
    assert!(sender.buffered_amount() > before);
}

#[test]
fn another_policy_wakes_those_that_wait_for_room() {
    // The hard limit of those that don't wait is higher than the mark.
    let (_gate, sender, _receiver) = halves(100);
    ready(sender.feed(message(100))).unwrap();
    let mut feeds: Vec<_> = (0..3).map(|_| Task::pending(sender.feed(message(100)))).collect();
    sender.set_backpressure(Backpressure {
        high_water_mark: 100,
        overflow: Overflow::Fail,
        ..Backpressure::default()
    });
    for feed in &mut feeds {
        feed.run().expect("it does not wait any more").unwrap();
    }
}

// The end.

#[test]
fn an_abort_wakes_everyone_at_once() {
    for buffered in [false, true] {
        let (gate, sender, mut receiver) = halves(500);
        gate.lock().buffer = buffered.then(Vec::new);
        let mut recv = Task::pending(async move { receiver.recv().await.is_err() });
        let (mut owner, mut second) = (sender.clone(), sender.clone());
        let mut writer;
        let mut tasks = vec![
            Task::pending(async { sender.send(message(100)).await.is_err() }),
            Task::pending(async { sender.flush().await.is_err() }),
            Task::pending(async { sender.start_ping().await.is_err() }),
            Task::pending(async { sender.ping().await.is_err() }),
            Task::pending(async { sender.until_closed().await.unwrap().code() == 1006 }),
        ];
        while ready(sender.feed_now()).is_some() {}
        writer = ready(owner.writer(Kind::Binary)).unwrap();
        tasks.push(Task::pending(async { writer.write_chunk(message(100)).await.is_err() }));
        tasks.push(Task::pending(async { sender.feed(message(100)).await.is_err() }));
        tasks.push(Task::pending(async { sender.reserve().await.is_err() }));
        tasks.push(Task::pending(async move { second.writer(Kind::Text).await.is_err() }));
        sender.abort();
        for (number, task) in tasks.iter_mut().enumerate() {
            assert!(task.run().unwrap_or_else(|| panic!("task {number} waits")), "task {number}");
        }
        assert_eq!(recv.run(), Some(true));
    }
}

#[test]
fn an_abort_or_a_dropped_receiver_ends_a_close_that_waits() {
    for receiver_dropped in [false, true] {
        let (_gate, sender, receiver) = halves(500);
        let mut close = Task::pending(sender.close(CloseCode::NORMAL, ""));
        let mut end = Task::pending(sender.until_closed());
        let receiver = (!receiver_dropped).then_some(receiver);
        if receiver.is_some() {
            sender.abort();
        }
        for task in [close.run(), end.run()] {
            assert_eq!(task.expect("it is over").unwrap().code(), 1006);
        }
    }
}

/// Feeds if there is room now.
trait FeedNow {
    async fn feed_now(&self) -> Option<()>;
}

impl FeedNow for Sender {
    async fn feed_now(&self) -> Option<()> {
        let mut feed = pin!(self.feed(message(100)));
        poll_fn(|cx| Poll::Ready(feed.as_mut().poll(cx).is_ready().then_some(()))).await
    }
}

// Cancellation.

#[test]
fn a_cancelled_wait_holds_no_memory_and_no_waker() {
    let (gate, sender, _receiver) = halves(100);
    ready(sender.feed(message(100))).unwrap();
    let wakes = Arc::new(WakeCounter::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = Context::from_waker(&waker);
    let mut cancel = |count| {
        for _ in 0..count {
            assert!(pin!(sender.feed(message(100))).poll(&mut cx).is_pending());
            assert!(pin!(sender.send(message(100))).poll(&mut cx).is_pending());
            assert!(pin!(sender.reserve()).poll(&mut cx).is_pending());
            assert!(pin!(sender.flush()).poll(&mut cx).is_pending());
            assert!(pin!(sender.until_closed()).poll(&mut cx).is_pending());
        }
    };
    cancel(10);
    let ((), cost) = support::allocator::cost(|| cancel(10_000));
    assert_eq!(cost.held, 0);
    assert!(cost.peak < 10_000, "{} bytes", cost.peak);
    assert_eq!(Arc::strong_count(&wakes), 2, "the test's, and the waker's");
    let mut later = Task::pending(sender.feed(message(100)));
    gate.read(100);
    assert_eq!((wakes.count(), later.wakes.count()), (0, 1), "it alone is woken");
    later.run().unwrap().unwrap();
}

/// A task that lives as long as its waker.
struct Owner<T>(Mutex<T>);

impl<T: Send> std::task::Wake for Owner<T> {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_task_that_is_dropped_with_its_waker_can_own_a_permit() {
    let owner_of_a_permit = |sender: &Sender| {
        let sender: &'static Sender = Box::leak(Box::new(sender.clone()));
        Waker::from(Arc::new(Owner(Mutex::new(ready(sender.reserve()).unwrap()))))
    };
    let poll_twice = |mut future: Pin<&mut dyn Future<Output = ()>>, first: Waker| {
        assert!(future.as_mut().poll(&mut Context::from_waker(&first)).is_pending());
        drop(first);
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    };
    let (_gate, sender, mut receiver) = halves(100);
    poll_twice(pin!(async { drop(receiver.recv().await) }), owner_of_a_permit(&sender));
    poll_twice(pin!(async { drop(sender.until_closed().await) }), owner_of_a_permit(&sender));
    assert_eq!(sender.buffered_amount(), 0, "the permits were given back");
}

#[test]
fn a_woken_future_that_is_dropped_passes_its_wake_up_on() {
    // For room.
    let (gate, sender, _receiver) = halves(100);
    ready(sender.feed(message(100))).unwrap();
    let mut feeds: VecDeque<_> =
        (0..10).map(|_| Task::pending(sender.feed(message(100)))).collect();
    gate.read(100);
    while feeds.len() > 1 {
        let first = feeds.pop_front().unwrap();
        assert!(first.is_woken() && !feeds[0].is_woken());
        drop(first);
    }
    feeds[0].run().expect("there is room").unwrap();

    // For the lock.
    let (_gate, sender, _receiver) = halves(100);
    let mut owners: Vec<_> = (0..10).map(|_| sender.clone()).collect();
    let mut owner = sender.clone();
    let writer = ready(owner.writer(Kind::Text)).unwrap();
    let mut locks: VecDeque<_> =
        owners.iter_mut().map(|owner| Task::pending(owner.writer(Kind::Text))).collect();
    drop(writer);
    while locks.len() > 1 {
        let first = locks.pop_front().unwrap();
        assert!(first.is_woken() && !locks[0].is_woken());
        drop(first);
    }
    locks[0].run().expect("the lock is free").unwrap();

    // As the one that writes for the others.
    let (gate, sender, mut receiver) = halves(10_000);
    let receiving = Task::pending(async move { receiver.recv().await });
    let mut sends: VecDeque<_> =
        (0..10).map(|_| Task::pending(sender.send(message(100)))).collect();
    gate.read(1000);
    while let Some(first) = sends.pop_front() {
        assert!(first.is_woken());
        drop(first);
    }
    assert!(receiving.is_woken(), "the last one is the receiver");
}

#[test]
fn a_receiver_that_is_not_waiting_any_more_does_not_keep_the_wake_up_of_the_stream() {
    for before in [false, true] {
        let (gate, sender, mut receiver) = halves(100);
        ready(sender.feed(message(100))).unwrap();
        drop(Task::pending(async { receiver.recv().await }));
        let wake = || gate.read(50);
        if before {
            wake();
        }
        let mut flush = Task::new(sender.flush());
        assert!(flush.poll().is_pending());
        wake();
        flush.run();
        wake();
        assert!(flush.run().is_some() || gate.written() == 100);
        assert_eq!(gate.written(), 100, "before: {before}");
    }
}

#[test]
fn a_wake_up_during_a_write_is_not_lost() {
    for buffered in [false, true] {
        let (gate, sender, _receiver) = halves(1000);
        gate.lock().buffer = buffered.then(Vec::new);
        gate.lock().yields = 5;
        let mut first = Task::new(sender.send(message(100)));
        assert!(first.poll().is_pending());
        let mut second = Task::new(sender.send(message(100)));
        assert!(second.poll().is_pending());
        for _ in 0..10 {
            assert!(first.run().is_none());
            assert!(second.run().is_none());
        }
        assert_eq!(gate.lock().yields, 0, "it yields until it waits");
        gate.read(200);
        assert!(first.run().is_some());
        assert!(second.run().is_some());
    }
}

#[test]
fn a_panic_of_the_application_s_closure_leaves_the_connection_usable() {
    let (gate, sender, mut receiver) = halves(1000);
    let mut waiting = Task::pending(sender.send(message(100)));
    gate.write(&masked(0x81, b"one"));
    gate.write(&masked(0x81, b"two"));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        ready(receiver.recv_with(|_, _| panic!("on purpose")))
    }));
    panicked.unwrap_err();
    assert_eq!(ready(receiver.recv()).unwrap(), Some("two".into()));
    gate.read(100);
    waiting.run().unwrap().unwrap();
}

// The cost.

/// Polls those that are woken until nobody is; returns how many polls that took, and removes those
/// that are done.
fn run_all<T>(tasks: &mut Vec<Task<'_, T>>) -> usize {
    let mut polls = 0;
    loop {
        let before = polls;
        tasks.retain_mut(|task| {
            if task.wakes.take() == 0 {
                return true;
            }
            polls += 1;
            task.poll().is_pending()
        });
        if polls == before {
            return polls;
        }
    }
}

/// Wake-ups per message of 200 tasks that send 20 messages each.
fn wake_ups_per_message(write: bool, buffered: bool) -> f64 {
    let (gate, sender, mut receiver) = halves(1000);
    gate.lock().buffer = buffered.then(Vec::new);
    let _receiving = Task::pending(async move { receiver.recv().await });
    let total = Arc::new(WakeCounter::default());
    let sender = &sender;
    let mut tasks: Vec<_> = (0..200)
        .map(|_| {
            let total = &total;
            let mut started = false;
            let mut send = Task::new(async move {
                for _ in 0..20 {
                    if write {
                        sender.send(message(100)).await.unwrap();
                    } else {
                        sender.feed(message(100)).await.unwrap();
                    }
                }
            });
            // The wake-ups of the inner task are those that are counted.
            Task::new(poll_fn(move |cx| {
                if std::mem::replace(&mut started, true) {
                    total.increment();
                }
                send.future.as_mut().poll(cx)
            }))
        })
        .collect();
    tasks.iter().for_each(|task| task.wakes.increment());
    let mut reads = 0;
    while !tasks.is_empty() {
        run_all(&mut tasks);
        reads += 1;
        assert!(reads < 10_000, "{} tasks wait", tasks.len());
        gate.read(100);
    }
    total.count() as f64 / 4000.0
}

#[test]
fn two_hundred_senders_cost_fewer_than_three_wake_ups_per_message() {
    for write in [false, true] {
        for buffered in [false, true] {
            let wakes = wake_ups_per_message(write, buffered);
            println!("write {write}, buffered {buffered}: {wakes:.2} wake-ups per message");
            assert!(wakes < 3.0, "write {write}, buffered {buffered}: {wakes}");
        }
    }
}

#[test]
fn a_read_of_the_peer_wakes_a_few_of_eight_thousand_tasks() {
    for write in [false, true] {
        let (gate, sender, _receiver) = halves(if write { 10_000_000 } else { 1000 });
        sender.set_backpressure(Backpressure {
            high_water_mark: if write { 1_000_000 } else { 1000 },
            ..Backpressure::default()
        });
        let sender = &sender;
        let mut tasks: Vec<_> = (0..8000)
            .filter_map(|_| {
                let mut task = Task::new(async move {
                    if write {
                        sender.send(message(100)).await.unwrap();
                    } else {
                        sender.feed(message(100)).await.unwrap();
                    }
                });
                task.wakes.increment();
                task.poll().is_pending().then_some(task)
            })
            .collect();
        run_all(&mut tasks);
        let waiting = tasks.len();
        assert!(waiting > 7900);
        for _ in 0..100 {
            gate.read(100);
            let woken: usize = tasks.iter().map(|task| task.wakes.count()).sum();
            assert!(woken <= 1, "{woken} are woken");
            let polls = run_all(&mut tasks);
            assert!(polls <= 4, "{polls} polls for one message");
        }
        assert!((99..=101).contains(&(waiting - tasks.len())));
    }
}

// Random interleavings.

/// A generator of numbers that a seed determines.
#[derive(Clone)]
struct Random(Rc<Cell<u64>>);

impl Random {
    fn new(seed: u64) -> Self {
        Self(Rc::new(Cell::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)))
    }

    fn below(&self, end: usize) -> usize {
        let mut state = self.0.get();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.0.set(state);
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }
}

/// Set to cancel what a task is doing.
type Cancel = Rc<Cell<bool>>;

/// Polls a future until it is done or cancelled: even if it was woken, it is not polled then.
async fn cancellable<T>(cancel: &Cancel, future: impl Future<Output = T>) -> Option<T> {
    cancel.set(false);
    let mut future = Box::pin(future);
    poll_fn(|cx| {
        if cancel.take() {
            return Poll::Ready(None);
        }
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// What a sender has done with its messages: whether each of them is sure to arrive.
type Sent = Rc<RefCell<Vec<bool>>>;

/// Sends messages in every way. They begin with the sender's number and their own.
async fn send_at_random(
    id: u8,
    sender: Sender,
    random: Random,
    cancel: Cancel,
    sent: Sent,
) -> Result<(), Error> {
    let mut own = sender.clone();
    let mut sink = sender.clone();
    for number in 0..12 {
        let mut bytes = vec![id, number];
        bytes.resize(2 + random.below(100), 0);
        let is_sure = match random.below(7) {
            0 => cancellable(&cancel, sender.send(bytes)).await.transpose()?.is_some(),
            1 => cancellable(&cancel, sender.feed(bytes)).await.transpose()?.is_some(),
            2 => match cancellable(&cancel, sender.reserve()).await.transpose()? {
                Some(permit) if random.below(4) > 0 => permit.send(bytes).map(|()| true).unwrap(),
                _ => false,
            },
            3 => match cancellable(&cancel, own.writer(Kind::Binary)).await.transpose()? {
                Some(mut writer) => {
                    let (begin, end) = bytes.split_at(1);
                    let (begin, end) = (begin.to_vec(), end.to_vec());
                    cancellable(&cancel, writer.write_chunk(begin)).await.transpose()?;
                    cancellable(&cancel, writer.write_chunk(end)).await.transpose()?;
                    writer.finish().await?;
                    true
                }
                None => false,
            },
            4 => {
                poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)).await?;
                Pin::new(&mut sink).start_send(bytes.into())?;
                let flush = poll_fn(|cx| Sink::poll_flush(Pin::new(&mut sink), cx));
                flush.await?;
                true
            }
            5 => {
                cancellable(&cancel, sender.start_ping()).await.transpose()?;
                false
            }
            _ => {
                cancellable(&cancel, sender.flush()).await.transpose()?;
                false
            }
        };
        sent.borrow_mut().push(is_sure);
    }
    Ok(())
}

/// Runs senders, a receiver and a peer in an order that the seed determines.
fn interleave(seed: u64) {
    const SENDERS: u8 = 5;
    let random = Random::new(seed + 1);
    let (gate, sender, mut receiver) = halves(20 + random.below(300));
    gate.lock().buffer = (seed % 3 == 0).then(Vec::new);
    let sent: Vec<Sent> = (0..SENDERS).map(|_| Sent::default()).collect();
    let cancels: Vec<Cancel> = (0..SENDERS + 1).map(|_| Cancel::default()).collect();
    let mut tasks: Vec<Option<Task<'_, _>>> = (0..SENDERS)
        .map(|id| {
            let index = usize::from(id);
            let (cancel, sent) = (Rc::clone(&cancels[index]), Rc::clone(&sent[index]));
            send_at_random(id, sender.clone(), random.clone(), cancel, sent)
        })
        .map(|sending| Some(Task::new(async { sending.await.unwrap() })))
        .collect();
    let messages_received = Rc::new(Cell::new(0));
    let (cancel, count) = (Rc::clone(&cancels[usize::from(SENDERS)]), messages_received.clone());
    tasks.push(Some(Task::new(async move {
        loop {
            if let Some(received) = cancellable(&cancel, receiver.recv()).await {
                received.unwrap().unwrap();
                count.set(count.get() + 1);
            }
        }
    })));
    tasks.iter().flatten().for_each(|task| task.wakes.increment());
    let receiver_at = usize::from(SENDERS);
    let mut messages_written = 0;
    for step in 0.. {
        assert!(step < 1_000_000, "seed {seed}: it goes on for ever");
        if tasks[..receiver_at].iter().all(Option::is_none) {
            break;
        }
        match random.below(24) {
            0 => gate.read(random.below(150)),
            1 if messages_written < 40 => {
                gate.write(&masked(0x82, b"message"));
                messages_written += 1;
            }
            2 if messages_written < 40 => gate.write(&masked(0x89, b"ping")),
            3 if gate.lock().yields == 0 => gate.lock().yields = random.below(3),
            4 => {
                let index = random.below(tasks.len());
                if let Some(task) = &tasks[index] {
                    cancels[index].set(true);
                    task.wakes.increment();
                }
            }
            5 => tasks.iter().flatten().for_each(|task| {
                // A wake-up for no reason.
                if random.below(10) == 0 {
                    task.wakes.increment();
                }
            }),
            _ => {}
        }
        let runnable: Vec<_> = (0..tasks.len())
            .filter(|&index| tasks[index].as_ref().is_some_and(Task::is_woken))
            .collect();
        if runnable.is_empty() {
            let room = gate.lock().room;
            assert_eq!(
                room,
                0,
                "seed {seed}, step {step}: nobody is runnable, and the stream accepts bytes; {} \
                 are buffered",
                sender.buffered_amount()
            );
            gate.read(1 + random.below(200));
            continue;
        }
        let index = runnable[random.below(runnable.len())];
        let task = tasks[index].as_mut().unwrap();
        task.wakes.take();
        if task.poll().is_ready() {
            tasks[index] = None;
        }
    }
    // What was fed last is written by the next flush.
    gate.lock().yields = 0;
    let mut flush = Task::new(sender.flush());
    if flush.poll().is_pending() {
        gate.read(1_000_000);
        flush.run().unwrap_or_else(|| panic!("seed {seed}: the flush waits")).unwrap();
    }
    drop(flush);
    while let Some(task) = tasks[receiver_at].as_mut().filter(|task| task.is_woken()) {
        task.wakes.take();
        assert!(task.poll().is_pending());
    }
    if tasks[receiver_at].is_some() {
        assert_eq!(messages_received.get(), messages_written, "seed {seed}: received");
    }
    gate.read(1_000_000);
    let (messages, _) = gate.received();
    for id in 0..SENDERS {
        let got: Vec<u8> =
            messages.iter().filter(|message| message[0] == id).map(|message| message[1]).collect();
        assert!(got.is_sorted(), "seed {seed}, sender {id}: out of order: {got:?}");
        let sure = sent[usize::from(id)].borrow();
        for (number, is_sure) in sure.iter().enumerate() {
            let count = got.iter().filter(|&&other| usize::from(other) == number).count();
            assert!(
                count == 1 || (count == 0 && !is_sure),
                "seed {seed}, sender {id}: message {number} arrived {count} times"
            );
        }
    }
}

#[test]
fn no_interleaving_loses_a_wake_up_or_a_message() {
    for seed in 0..500 {
        interleave(seed);
    }
}

/// The peer reads on a thread of its own, so the stream wakes at any moment.
#[test]
fn a_stream_that_wakes_from_another_thread_loses_no_wake_up() {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;
    for round in 0..6 {
        let (gate, sender, receiver) = halves(400);
        gate.lock().buffer = (round % 3 == 2).then(Vec::new);
        let is_done = Arc::new(AtomicBool::new(false));
        let reading = std::thread::spawn({
            let (gate, is_done) = (gate.clone(), Arc::clone(&is_done));
            move || {
                let random = Random::new(round + 1);
                while !is_done.load(Ordering::SeqCst) {
                    if gate.lock().room < 1000 {
                        gate.read(random.below(300));
                    }
                    if random.below(4) == 0 {
                        std::thread::yield_now();
                    }
                }
            }
        });
        let runtime =
            ::tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().unwrap();
        let (progress, events) = mpsc::channel();
        let mut idle = Some(receiver);
        if round % 2 == 0 {
            let mut receiver = idle.take().unwrap();
            runtime.spawn(async move { receiver.recv().await.map(drop) });
        }
        for id in 0..8_u8 {
            let (sender, progress) = (sender.clone(), progress.clone());
            runtime.spawn(async move {
                for number in 0..400_u16 {
                    let mut bytes = vec![id];
                    bytes.extend(number.to_be_bytes());
                    bytes.resize(10 + usize::from(number % 90), 0);
                    // Every third message is cancelled when its task is woken first, and sent again.
                    if number % 3 == 0 {
                        let mut polls = 0;
                        let mut flush = Box::pin(sender.reserve());
                        let permit = poll_fn(|cx| {
                            polls += 1;
                            if polls == 2 {
                                Poll::Ready(None)
                            } else {
                                flush.as_mut().poll(cx).map(Some)
                            }
                        });
                        drop(permit.await);
                    }
                    match (u16::from(id) + number) % 3 {
                        0 => sender.feed(bytes).await.unwrap(),
                        1 => sender.send(bytes).await.unwrap(),
                        _ => {
                            let permit = sender.reserve().await.unwrap();
                            permit.send(bytes).unwrap();
                        }
                    }
                    progress.send(()).unwrap();
                }
                sender.flush().await.unwrap();
                progress.send(()).unwrap();
            });
        }
        for event in 0..8 * 401 {
            let waited = events.recv_timeout(std::time::Duration::from_secs(30));
            waited.unwrap_or_else(|_| {
                panic!(
                    "round {round}: no progress after {event} events: {}",
                    sender.buffered_amount()
                )
            });
        }
        is_done.store(true, Ordering::SeqCst);
        reading.join().unwrap();
        let (messages, _) = gate.received();
        for id in 0..8 {
            let own: Vec<_> = messages.iter().filter(|message| message[0] == id).collect();
            assert_eq!(own.len(), 400);
            assert!(own.is_sorted_by_key(|message| [message[1], message[2]]));
        }
    }
}
