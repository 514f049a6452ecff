//! A connection in a room: its limits, and the messages `ping`, `stats` and `refused` of all rooms.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sansocket::axum::WebSocket;
use sansocket::group::Member;
use sansocket::hyper::{Receiver, Sender};
use sansocket::{CloseCode, CloseFrame, Error, Kind, Message, State};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};

use crate::log;
use crate::settings::Settings;

/// The number of refused messages, at once and in each minute, above which a connection is closed.
const REFUSALS: f64 = 20.0;

/// A connection in a room.
pub(crate) struct Room {
    sender: Sender,
    receiver: Receiver,
    member: Option<Member>,
    /// The kind of messages that the room takes, besides `ping`.
    takes: Kind,
    bucket: Bucket,
    refusals: Bucket,
    stats: Interval,
    compression: Option<&'static str>,
    dropped: Arc<AtomicU64>,
    /// Whether both sides have sent a Close frame.
    is_closed: bool,
    /// Whether the broker is there.
    broker: Option<watch::Receiver<bool>>,
}

/// Waits for a change of the state of the broker.
async fn changed(broker: Option<&mut watch::Receiver<bool>>) -> bool {
    let Some(broker) = broker else { return pending().await };
    if broker.changed().await.is_err() {
        return pending().await;
    }
    *broker.borrow_and_update()
}

/// Waits for `closing`, if there is a group.
async fn closing(member: Option<&Member>) -> CloseFrame {
    match member {
        Some(member) => member.closing().await,
        None => pending().await,
    }
}

impl Room {
    pub(crate) fn new(
        socket: WebSocket,
        takes: Kind,
        settings: &Settings,
        mut broker: Option<watch::Receiver<bool>>,
    ) -> Self {
        let (socket, member) = socket.into_inner();
        let compression = socket.deflate().map(|_| "permessage-deflate");
        let (sender, receiver) = socket.split();
        let rate = f64::from(settings.rate);
        let mut stats = interval(settings.stats);
        stats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The present state is reported like a change.
        if let Some(broker) = &mut broker {
            broker.mark_changed();
        }
        Self {
            sender,
            receiver,
            member,
            takes,
            bucket: Bucket::new(2.0 * rate, rate),
            refusals: Bucket::new(REFUSALS, REFUSALS / 60.0),
            stats,
            compression,
            dropped: Arc::default(),
            broker,
            is_closed: false,
        }
    }

    pub(crate) fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// The counter of the messages that this connection did not get, because newer ones replaced
    /// them.
    pub(crate) fn dropped(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.dropped)
    }

    /// Receives the next message of the room's kind; `None` at the end of the connection.
    async fn next(&mut self) -> Option<Message> {
        loop {
            tokio::select! {
                frame = closing(self.member.as_ref()) => self.sender.try_close_with(frame),
                _ = self.stats.tick() => self.report().await,
                is_there = changed(self.broker.as_mut()) => {
                    let state = if is_there { "connected" } else { "lost" };
                    self.try_send(&json!({ "type": "broker", "state": state }));
                }
                received = self.receiver.recv() => match received {
                    // Messages of a client that was asked to close are discarded.
                    Ok(Some(_)) if self.sender.state() != State::Open => {}
                    Ok(Some(_)) if !self.bucket.take() => {
                        self.close(CloseCode::POLICY_VIOLATION, "more messages than --rate allows");
                    }
                    Ok(Some(message)) if message.kind() == self.takes => return Some(message),
                    Ok(Some(message)) => self.take_other(&message),
                    Ok(None) => {
                        self.is_closed = true;
                        return None;
                    }
                    Err(error) => {
                        // Only errors that the client has caused; the others are lost networks.
                        if let Error::Protocol(error) = &error {
                            let code = error.close_code().get();
                            log::client(format_args!("closed with {code}: {error}"));
                        }
                        return None;
                    }
                },
            }
        }
    }

    /// Receives the next message that is binary.
    pub(crate) async fn next_binary(&mut self) -> Option<Message> {
        self.next().await
    }

    /// Receives the next text that is a message of the room. Answers `ping`, and refuses others.
    pub(crate) async fn next_json<T: DeserializeOwned>(&mut self) -> Option<T> {
        loop {
            let message = self.next().await?;
            let value = match serde_json::from_slice::<Value>(message.as_bytes()) {
                Ok(value) => value,
                Err(error) => {
                    self.refuse(None, &format!("not JSON: {error}"));
                    continue;
                }
            };
            if self.answer_ping(&value) {
                continue;
            }
            let id = value["id"].as_u64();
            match T::deserialize(value) {
                Ok(message) => return Some(message),
                Err(error) => self.refuse(id, &format!("not a message: {error}")),
            }
        }
    }

    /// A message of the other kind than the room takes.
    fn take_other(&mut self, message: &Message) {
        let value = match message {
            Message::Text(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            Message::Binary(_) => Value::Null,
        };
        if !self.answer_ping(&value) {
            let reason = match self.takes {
                Kind::Text => "this room takes texts alone",
                Kind::Binary => "this room takes binary messages, and the text ping",
            };
            self.close(CloseCode::UNSUPPORTED_DATA, reason);
        }
    }

    /// Answers a `ping`; returns whether it is one.
    fn answer_ping(&self, value: &Value) -> bool {
        let is_ping = value["type"] == "ping" && value["at"].is_number();
        if is_ping {
            self.try_send(&json!({ "type": "pong", "at": value["at"] }));
        }
        is_ping
    }

    /// Sends a message.
    pub(crate) async fn send(&self, message: &impl Serialize) -> Result<(), Error> {
        self.sender.send(to_text(message)).await
    }

    /// Sends a message without waiting: one that the client would not read soon is lost, so that
    /// a connection that is not read still sees the end of the hub.
    fn try_send(&self, message: &impl Serialize) {
        let _ = self.sender.try_send(to_text(message));
    }

    /// Refuses a message; too many of them close the connection.
    pub(crate) fn refuse(&mut self, id: Option<u64>, reason: &str) {
        log::client(format_args!("refused a message: {reason}"));
        let refused = json!({ "type": "refused", "id": id, "reason": reason });
        if !self.refusals.take() {
            self.close(CloseCode::POLICY_VIOLATION, "too many messages had to be refused");
        } else {
            self.try_send(&refused);
        }
    }

    /// Starts the closing handshake.
    pub(crate) fn close(&self, code: CloseCode, reason: &str) {
        log::client(format_args!("closed with {}: {reason}", code.get()));
        self.sender.try_close_with(CloseFrame::truncated(code, reason));
    }

    /// Sends `stats`, and a ping for the next ones.
    async fn report(&self) {
        let stats = self.sender.stats();
        let round_trip = stats.round_trip.map(|time| time.as_secs_f64() * 1000.0);
        self.try_send(&json!({
            "type": "stats",
            "roundTrip": round_trip,
            "compression": self.compression,
            "received": stats.received.bytes,
            "sent": stats.sent.bytes,
            "dropped": self.dropped.load(Ordering::Relaxed) + stats.dropped,
        }));
        // It is queued at the first poll; a client that does not read is not waited for.
        let _ = timeout(Duration::ZERO, self.sender.start_ping()).await;
    }

    /// Completes the closing handshake that has begun. A connection that is open is dropped: the
    /// client does not read.
    pub(crate) async fn finish(mut self) {
        if !self.is_closed && self.sender.state() != State::Open {
            let _ = self.receiver.until_closed().await;
        }
    }
}

/// A message as text.
pub(crate) fn to_text(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("its keys are strings")
}

/// How many messages may come: each takes one of the tokens of a bucket, to which new ones are
/// added at a rate until it is full.
struct Bucket {
    size: f64,
    /// In tokens a second.
    rate: f64,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    fn new(size: f64, rate: f64) -> Self {
        Self { size, rate, tokens: size, filled: Instant::now() }
    }

    /// Takes a token, if there is one.
    fn take(&mut self) -> bool {
        let now = Instant::now();
        let added = (now - self.filled).as_secs_f64() * self.rate;
        self.tokens = (self.tokens + added).min(self.size);
        self.filled = now;
        let is_allowed = self.tokens >= 1.0;
        if is_allowed {
            self.tokens -= 1.0;
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::{Bucket, REFUSALS};

    #[tokio::test(start_paused = true)]
    async fn refusals_are_counted_over_a_while_and_not_over_the_whole_connection() {
        let mut refusals = Bucket::new(REFUSALS, REFUSALS / 60.0);
        let mut taken = || (0..40).filter(|_| refusals.take()).count();
        assert_eq!(taken(), 20);
        advance(Duration::from_secs(31)).await;
        assert_eq!(taken(), 10);
        advance(Duration::from_secs(3600)).await;
        assert_eq!(taken(), 20);
    }
}
