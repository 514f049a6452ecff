//! Two applications with random actions on a random wire. Messages arrive in order, complete or not
//! at all. No side reports a protocol error. Each gets `Closed` once; if both are clean, they
//! agree. Nothing is sent after a Close frame. States only advance. Memory is bounded by the sent
//! bytes. A connection without further input is closed by its timers.
#![no_main]

use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};
use libfuzzer_sys::fuzz_target;
use sansocket::timing::{Due, Timeouts, Timer};
use sansocket::{
    CloseCode, CloseFrame, CloseOutcome, Connection, Event, Kind, Message, Prepared, Role, Side,
    State,
};
use sansocket_fuzz::{Input, config, model, text};
use support::connection;

/// One side, with all that it sent and received.
struct Peer {
    connection: Connection,
    timer: Timer,
    state: State,
    /// A fragmented message that is being sent.
    part: Option<(Kind, Vec<u8>)>,
    sent: Vec<Message>,
    pinged: Vec<Vec<u8>>,
    ponged: Vec<Vec<u8>>,
    received: Vec<Event>,
    /// Written bytes that the other side has not read, and whether the wire is cut.
    wire: BytesMut,
    cut: bool,
    written: Vec<u8>,
    /// The maximum of buffered bytes since the output was last empty.
    waited: usize,
}

impl Peer {
    fn new(role: Role) -> Self {
        // Without limits, so that no protocol error is possible.
        let connection = connection(role, config(1).0);
        let mut timer = Timer::new(
            Timeouts { idle: Some(Duration::from_secs(60)), ..Timeouts::default() },
            Duration::ZERO,
        );
        timer.set_state(State::Open, Duration::ZERO);
        let (part, sent, pinged, ponged, received) = (None, vec![], vec![], vec![], vec![]);
        Self {
            connection,
            timer,
            state: State::Open,
            part,
            sent,
            pinged,
            ponged,
            received,
            wire: BytesMut::new(),
            cut: false,
            written: vec![],
            waited: 0,
        }
    }

    /// Does one action of the application. An error is expected, and changes nothing.
    fn act(&mut self, what: u8, input: &mut Input<'_>) {
        let len = usize::from(input.byte() % 32) << if what & 0x20 != 0 { 9 } else { 0 };
        let content =
            if what & 0x20 != 0 { vec![len as u8; len] } else { input.take(len).to_vec() };
        let text = text(&content);
        let (open, waits) =
            (self.connection.state() == State::Open, self.connection.buffered_amount());
        let sent = match what % 8 {
            0 | 1 => {
                let message =
                    if what & 1 == 0 { Message::from(text) } else { Message::from(content) };
                let sent = match what & 0x10 {
                    0 => self.connection.send(message.clone()),
                    _ => self.connection.send(Prepared::new(message.clone())),
                };
                assert_eq!(sent.is_ok(), open && self.part.is_none());
                self.sent.extend(sent.is_ok().then_some(message));
                sent.is_ok()
            }
            2 => self.send_fragment(text.into_bytes(), what & 0x10 != 0),
            3 => {
                let sent = self.connection.ping(&content);
                assert_eq!(sent.is_ok(), open && content.len() <= 125);
                self.pinged.extend(sent.is_ok().then_some(content));
                sent.is_ok()
            }
            4 => {
                let sent = self.connection.pong(&content);
                assert_eq!(sent.is_ok(), open && content.len() <= 125);
                self.ponged.extend(sent.is_ok().then_some(content));
                sent.is_ok()
            }
            _ => {
                let code = CloseCode::new(4000 + u16::from(what)).expect("ours to choose");
                let reason: String = text.chars().take(20).collect();
                let frame = CloseFrame::new(code, reason).expect("it is short");
                self.connection.close((what & 0x10 != 0).then_some(frame));
                assert!(self.connection.state() != State::Open);
                open
            }
        };
        assert_eq!(
            self.connection.buffered_amount() > waits,
            sent,
            "what was refused left a trace"
        );
    }

    fn send_fragment(&mut self, bytes: Vec<u8>, last: bool) -> bool {
        let sent = self.connection.send_fragment(Kind::Text, bytes.clone(), last);
        assert_eq!(sent.is_ok(), self.connection.state() == State::Open);
        if sent.is_err() {
            return false;
        }
        let (_, mut text) = self.part.take().unwrap_or((Kind::Text, Vec::new()));
        text.extend(bytes);
        if last {
            self.sent.push(String::from_utf8(text).expect("parts of text").into());
        } else {
            self.part = Some((Kind::Text, text));
        }
        true
    }

    /// Writes up to `count` bytes; if the wire is cut, they are lost.
    fn write(&mut self, count: usize, now: Duration) {
        let output = self.connection.output();
        let count = count.min(output.chunk().len());
        self.wire.extend_from_slice(&output.chunk()[..count]);
        self.written.extend_from_slice(&output.chunk()[..count]);
        output.advance(count);
        if count > 0 {
            self.timer.bytes_written(now);
        }
        if !self.connection.wants_write() {
            self.timer.ping_written(now);
        }
        if self.cut {
            self.wire.clear();
        }
    }

    /// Reads up to `count` bytes from the other side, and receives up to `events` events.
    fn read(&mut self, from: &mut Peer, count: usize, events: usize, now: Duration) {
        let count = count.min(from.wire.len());
        let bytes = from.wire.split_to(count);
        if !bytes.is_empty() {
            self.connection.input().put_slice(&bytes);
            self.timer.bytes_received(now);
        }
        if from.cut && from.wire.is_empty() {
            self.connection.end_input();
        }
        for _ in 0..events {
            let Some(event) = self.connection.receive() else { break };
            match &event {
                Event::Message(_) => self.timer.message_received(now),
                Event::Pong(payload) => self.timer.pong_received(payload, now),
                _ => {}
            }
            self.received.push(event);
        }
    }

    /// Advances the clock; a side that is after its deadline closes the stream.
    fn tick(&mut self, now: Duration) -> bool {
        self.timer.set_state(self.connection.state(), now);
        let deadline = self.timer.deadline();
        match self.timer.poll(now) {
            Ok(Due::Nothing) => {
                assert!(deadline.is_none_or(|deadline| now < deadline), "something was due");
                true
            }
            Ok(Due::Ping) => {
                let payload = self.timer.ping(now);
                self.connection.ping(payload).expect("open");
                self.pinged.push(payload.to_vec());
                true
            }
            Err(_) => {
                assert!(deadline.is_some_and(|deadline| now >= deadline), "nothing was due");
                false
            }
        }
    }

    /// Checks the invariants.
    fn check(&mut self, other: &Peer) {
        let state = self.connection.state();
        assert!(state as u8 >= self.state as u8, "from {:?} back to {state:?}", self.state);
        self.state = state;
        // The buffer of small frames is freed when all of it is written.
        let waits = self.connection.buffered_amount();
        self.waited = if waits == 0 { 0 } else { self.waited.max(waits) };
        let held = self.connection.bytes_held();
        assert!(held <= 2 * other.written.len() + 2 * self.waited + 80 * 1024, "{held}");
        assert!(self.connection.wants_write() == (self.connection.output().remaining() > 0));
    }

    /// The written bytes are complete, valid frames, and nothing after a Close frame.
    fn check_written(&self) {
        let (frames, _) = model::frames(&self.written);
        assert!(frames.iter().all(|frame| frame.mask == (self.connection.role() == Role::Client)));
        let close = frames.iter().position(|frame| frame.first == 0x88);
        assert!(close.is_none_or(|close| close + 1 == frames.len()), "something after the Close");
    }

    /// The received messages are those that the other sent, in order; `Closed` is last.
    fn check_heard(&self, other: &Peer) {
        let mut unheard = other.sent.iter();
        let mut pings = other.pinged.iter();
        for (i, event) in self.received.iter().enumerate() {
            match event {
                Event::Message(message) => assert_eq!(Some(message), unheard.next()),
                Event::Ping(payload) => {
                    assert_eq!(Some(&payload[..]), pings.next().map(Vec::as_slice))
                }
                Event::Pong(payload) => {
                    assert!(self.pinged.iter().chain(&other.ponged).any(|known| known == payload));
                }
                Event::Closed(closed) => {
                    assert_eq!(
                        (i + 1, Some(closed)),
                        (self.received.len(), self.connection.closed())
                    );
                    assert!(
                        !matches!(closed.outcome(), CloseOutcome::ProtocolError(_)),
                        "{closed}"
                    );
                    if closed.was_clean() {
                        assert!(
                            unheard.next().is_none() && pings.next().is_none(),
                            "lost before a Close"
                        );
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// After two clean closes, each side received the other's Close frame, and they agree on the
/// initiator, unless both have started to close.
fn check_agreement(one: &Peer, two: &Peer) {
    let (Some(a), Some(b)) = (one.connection.closed(), two.connection.closed()) else { return };
    if a.was_clean() && b.was_clean() {
        assert_eq!((a.sent(), b.sent()), (b.received(), a.received()));
        assert!(a.initiator() == Side::Local || b.initiator() == Side::Local);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let (mut one, mut two) = (Peer::new(Role::Client), Peer::new(Role::Server));
    let mut now = Duration::ZERO;
    while !input.is_empty() {
        let (what, count) = (input.byte(), input.byte());
        let (us, them) = if what & 0x80 == 0 { (&mut one, &mut two) } else { (&mut two, &mut one) };
        match what & 7 {
            0 | 1 => us.act(count, &mut input),
            2 => us.write(usize::from(count), now),
            3 => us.write(usize::MAX, now),
            4 => us.read(them, usize::from(count), usize::MAX, now),
            5 => us.read(them, usize::MAX, usize::from(count), now),
            6 if what & 0x78 == 0x78 => {
                us.cut = true;
                us.wire.truncate(usize::from(count));
            }
            6 => {}
            _ => {
                now += Duration::from_millis(u64::from(count) * 100);
                if !us.tick(now) {
                    (us.cut, them.cut) = (true, true);
                }
            }
        }
        one.check(&two);
        two.check(&one);
    }
    // Both sides stop sending. Bytes on an intact wire arrive, and both sides close.
    one.connection.close(CloseCode::NORMAL);
    loop {
        one.write(usize::MAX, now);
        two.write(usize::MAX, now);
        one.read(&mut two, usize::MAX, usize::MAX, now);
        two.read(&mut one, usize::MAX, usize::MAX, now);
        if [&one, &two].iter().all(|us| !us.connection.wants_write() && us.wire.is_empty()) {
            break;
        }
    }
    for (us, them) in [(&one, &two), (&two, &one)] {
        us.check_heard(them);
        us.check_written();
        assert_eq!(
            us.connection.closed().is_some(),
            matches!(us.received.last(), Some(Event::Closed(_)))
        );
    }
    check_agreement(&one, &two);
    if !one.cut && !two.cut {
        assert!(one.connection.closed().is_some_and(|closed| closed.was_clean()));
        assert!(two.connection.closed().is_some_and(|closed| closed.was_clean()));
    }
    // A side behind a cut wire is closed by its timers.
    for us in [&mut one, &mut two].into_iter().filter(|us| us.connection.closed().is_none()) {
        us.timer.set_state(us.connection.state(), now);
        let mut steps = 0;
        while let Some(deadline) = us.timer.deadline() {
            now = now.max(deadline);
            if !us.tick(now) {
                break;
            }
            steps += 1;
            assert!(steps < 4, "it is not closed in time");
        }
        us.connection.end_input();
        assert!(
            matches!(us.connection.receive(), Some(Event::Closed(_)))
                || us.connection.receive().is_none()
        );
    }
});
