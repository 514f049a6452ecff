//! Prices that change all the time: a client that does not keep up gets only the newest ones.
//!
//! ```text
//!   a clock ──► a Topic for each symbol ──► the subscriptions of a connection ──► one write
//!               publish_latest                 a newer price replaces one that was not taken
//! ```
//!
//! A price is a pure function of the symbol and the time, so several hubs have the same ones
//! without a broker, as far as their clocks agree when they start. A clock that is set later does
//! not stop the prices: time is that of the start, and what has passed since then.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sansocket::axum::WebSocket;
use sansocket::hyper::Sender;
use sansocket::topic::{Subscription, Topic};
use sansocket::{Backpressure, Error, Kind, Prepared};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::quotes::{SYMBOLS, changes, history, index_of, price};
use crate::room::{Room, to_text};
use crate::settings::Settings;

/// Small limits: a newer price can't replace one that is in the output.
const OUTPUT: Backpressure = Backpressure {
    high_water_mark: 4 * 1024,
    hard_limit: 64 * 1024,
    overflow: sansocket::Overflow::Wait,
    cork: false,
};

/// The room.
pub(crate) struct Prices {
    clock: Clock,
    published: Mutex<Published>,
    /// Whether the broker is there, for clients that see this room alone.
    broker: Option<watch::Receiver<bool>>,
    settings: Settings,
}

struct Published {
    /// A topic for each symbol.
    topics: Vec<Topic>,
    /// The last tick that was published.
    tick: u64,
}

/// A message of a client.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Incoming {
    Subscribe { symbols: Vec<String> },
    Unsubscribe { symbols: Vec<String> },
}

/// How often a connection has subscribed to or unsubscribed from each symbol: an odd number while
/// it is subscribed.
type Wanted = [u32; SYMBOLS.len()];

const fn is_wanted(changes: u32) -> bool {
    changes % 2 == 1
}

impl Prices {
    pub(crate) fn new(settings: Settings, broker: Option<watch::Receiver<bool>>) -> Self {
        let topics = SYMBOLS.iter().map(|_| Topic::new()).collect();
        let clock = Clock::new();
        let tick = clock.tick(settings.tick);
        Self { clock, published: Mutex::new(Published { topics, tick }), broker, settings }
    }

    /// Publishes prices, for as long as it is polled.
    pub(crate) async fn run(&self) {
        let mut ticks = interval(self.settings.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            self.publish(self.clock.tick(self.settings.tick));
        }
    }

    /// Publishes what has changed. Ticks that were missed, because the machine was busy, are in no
    /// message but the history.
    fn publish(&self, tick: u64) {
        self.with_published(|published| {
            if tick <= published.tick {
                return;
            }
            published.tick = tick;
            for (symbol, topic) in published.topics.iter().enumerate() {
                if changes(symbol, tick) {
                    topic.publish_latest("price", self.message(symbol, tick, price(symbol, tick)));
                }
            }
        });
    }

    fn message(&self, symbol: usize, tick: u64, price: f64) -> String {
        let (symbol, at) = (SYMBOLS[symbol].0, self.at(tick));
        to_text(&json!({ "type": "price", "symbol": symbol, "price": price, "at": at }))
    }

    /// The time of a tick, in milliseconds of Unix.
    fn at(&self, tick: u64) -> u64 {
        tick * millis(self.settings.tick)
    }

    /// Serves one connection.
    pub(crate) async fn serve(self: Arc<Self>, socket: WebSocket) {
        let mut room = Room::new(socket, Kind::Text, &self.settings, self.broker.clone());
        let (sender, dropped) = (room.sender(), room.dropped());
        sender.set_backpressure(OUTPUT);
        let symbols = SYMBOLS.map(|(symbol, name)| json!({ "symbol": symbol, "name": name }));
        if room.send(&json!({ "type": "symbols", "symbols": symbols })).await.is_ok() {
            let (wanted, changed) = watch::channel(Wanted::default());
            let writing = async {
                let _ = self.send_all(changed, &sender, &dropped).await;
                // The connection ends when there is nothing more to receive.
                pending::<()>().await;
            };
            tokio::select! {
                () = take_all(&mut room, &wanted) => {}
                () = writing => {}
            }
        }
        room.finish().await;
    }

    /// Sends the prices of the symbols that are subscribed to.
    async fn send_all(
        &self,
        mut changed: watch::Receiver<Wanted>,
        sender: &Sender,
        dropped: &AtomicU64,
    ) -> Result<(), Error> {
        let mut subscriptions: [Option<Subscription>; SYMBOLS.len()] = Default::default();
        let (mut batch, mut has, mut gone) = (vec![], Wanted::default(), 0);
        loop {
            tokio::select! {
                () = poll_fn(|cx| take_new(cx, &mut subscriptions, &mut batch)) => {}
                // The reading half does not end before this one.
                _ = changed.changed() => {
                    let wants = *changed.borrow_and_update();
                    for symbol in (0..SYMBOLS.len()).filter(|it| has[*it] != wants[*it]) {
                        let before = subscriptions[symbol].take();
                        gone += before.map_or(0, |before| before.dropped());
                        if is_wanted(wants[symbol]) {
                            subscriptions[symbol] = Some(self.begin(symbol, sender).await?);
                        }
                    }
                    has = wants;
                }
            }
            for message in batch.drain(..) {
                sender.feed(&message).await?;
            }
            // While the client does not read, this waits, and newer prices replace older ones.
            sender.flush().await?;
            let replaced: u64 = subscriptions.iter().flatten().map(Subscription::dropped).sum();
            dropped.store(gone + replaced, Ordering::Relaxed);
        }
    }

    /// Subscribes to a symbol, and sends what it was before.
    async fn begin(&self, symbol: usize, sender: &Sender) -> Result<Subscription, Error> {
        let (subscription, tick) =
            self.with_published(|it| (it.topics[symbol].subscribe(), it.tick));
        let points = history(symbol, tick);
        sender.feed(to_text(&self.history(symbol, &points))).await?;
        if let Some(&(tick, price)) = points.last() {
            sender.feed(self.message(symbol, tick, price)).await?;
        }
        Ok(subscription)
    }

    fn history(&self, symbol: usize, points: &[(u64, f64)]) -> Value {
        let points: Vec<_> = points.iter().map(|(tick, price)| (self.at(*tick), price)).collect();
        json!({ "type": "history", "symbol": SYMBOLS[symbol].0, "points": points })
    }

    fn with_published<T>(&self, work: impl FnOnce(&mut Published) -> T) -> T {
        work(&mut self.published.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Appends the new messages of each subscription; waits until there is one.
fn take_new(
    cx: &mut Context<'_>,
    subscriptions: &mut [Option<Subscription>],
    batch: &mut Vec<Prepared>,
) -> Poll<()> {
    for subscription in subscriptions.iter_mut().flatten() {
        // The topics do not end before the connections.
        let _ = pin!(subscription.recv_many(batch)).poll(cx);
    }
    if batch.is_empty() { Poll::Pending } else { Poll::Ready(()) }
}

/// Receives until the end.
async fn take_all(room: &mut Room, wanted: &watch::Sender<Wanted>) {
    while let Some(message) = room.next_json().await {
        let (symbols, wants) = match message {
            Incoming::Subscribe { symbols } => (symbols, true),
            Incoming::Unsubscribe { symbols } => (symbols, false),
        };
        let indices: Option<Vec<_>> = symbols.iter().map(|symbol| index_of(symbol)).collect();
        match indices {
            Some(indices) => wanted.send_modify(|wanted| {
                for index in indices {
                    wanted[index] += u32::from(is_wanted(wanted[index]) != wants);
                }
            }),
            None => room.refuse(None, "an unknown symbol; the message \"symbols\" has them all"),
        }
    }
}

/// The time of Unix, which never goes back.
struct Clock {
    started: Instant,
    /// The time then.
    start: Duration,
}

impl Clock {
    fn new() -> Self {
        let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), start }
    }

    /// The number of ticks since the beginning of Unix' time.
    fn tick(&self, tick: Duration) -> u64 {
        millis(self.start + self.started.elapsed()) / millis(tick)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    /// The system's clock stands still meanwhile.
    #[tokio::test(start_paused = true)]
    async fn prices_go_on_whatever_the_clock_of_the_system_is_set_to() {
        let prices = Arc::new(Prices::new(Settings::new(), None));
        let first = prices.with_published(|published| published.tick);
        tokio::spawn({
            let prices = Arc::clone(&prices);
            async move { prices.run().await }
        });
        tokio::task::yield_now().await;
        for ticks in 1..=100 {
            advance(prices.settings.tick).await;
            tokio::task::yield_now().await;
            assert_eq!(prices.with_published(|published| published.tick), first + ticks);
        }
    }
}
