//! Which message is queued: the bounds of the output, and the overflow policies.

use sansocket::Overflow::{Close, DropNewest, Fail, Wait};
use sansocket::session::Session;
use sansocket::timing::{TimedOut, Timeouts};
use sansocket::{
    Backpressure, CloseCode, Compress, Message, Outgoing, Overflow, Role, SendError, State,
    TrySendError,
};

use super::sessions::Report::{self, *};
use super::sessions::{BOTH, events, from_peer, s, session, session_after, write};

const POLICIES: [Overflow; 4] = [Wait, Fail, DropNewest, Close];

/// What became of a message of 8 bytes, which is a frame of 10 bytes without a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Queued,
    Dropped,
    Full,
    /// And a Close frame with 1008 is queued.
    FullAndClosed,
    NotOpen,
}

fn send(session: &mut Session) -> Sent {
    let (buffered, dropped) = (session.buffered_amount(), session.dropped());
    let message = Message::from("8 bytes.");
    let sent = match session.send(message.clone()) {
        Ok(()) if session.dropped() == dropped + 1 => Sent::Dropped,
        Ok(()) => Sent::Queued,
        Err(error) => {
            let sent = match &error {
                TrySendError::Full(_) if session.state() == State::Closing => Sent::FullAndClosed,
                TrySendError::Full(_) => Sent::Full,
                TrySendError::Send(_, SendError::NotOpen) => Sent::NotOpen,
                error => panic!("{error:?}"),
            };
            assert_eq!(error.into_message(), Outgoing::from(message), "the message is returned");
            sent
        }
    };
    let queued = match sent {
        Sent::Queued => 10,
        Sent::FullAndClosed => 4, // the Close frame
        _ => 0,
    };
    assert_eq!(session.buffered_amount(), buffered + queued);
    assert_eq!(session.dropped(), dropped + u64::from(sent == Sent::Dropped));
    sent
}

/// A server whose output holds so many bytes.
fn holding(buffered: usize, bounds: Backpressure) -> Session {
    let mut session = session(Role::Server, Timeouts::default());
    if buffered > 0 {
        session.send(vec![0; buffered - 2]).unwrap();
    }
    assert_eq!(session.buffered_amount(), buffered);
    session.set_backpressure(bounds);
    assert_eq!(session.backpressure(), bounds);
    session
}

const fn bounds(overflow: Overflow) -> Backpressure {
    Backpressure { high_water_mark: 50, hard_limit: 100, overflow, cork: false }
}

/// Bytes in the output, whether that is above the high-water mark, and what becomes of a message
/// with [`Wait`], [`Fail`], [`DropNewest`] and [`Close`].
type Row = (usize, bool, [Sent; 4]);

const QUEUED: [Sent; 4] = [Sent::Queued; 4];
const REFUSED: [Sent; 4] = [Sent::Full, Sent::Full, Sent::Dropped, Sent::FullAndClosed];

const OVERFLOW: &[Row] = &[
    (0, false, QUEUED),
    (49, false, QUEUED),
    (50, true, QUEUED),
    (99, true, QUEUED),
    (100, true, REFUSED),
    (120, true, REFUSED),
];

#[test]
fn overflow_policy_counts_at_the_hard_limit() {
    for &(buffered, is_above, sent) in OVERFLOW {
        for (overflow, sent) in POLICIES.into_iter().zip(sent) {
            let mut session = holding(buffered, bounds(overflow));
            assert_eq!(session.is_above_high_water_mark(), is_above, "{buffered}");
            assert_eq!(send(&mut session), sent, "{buffered} {overflow:?}");
        }
    }
}

/// A message is queued below the limit, whatever its size.
#[test]
fn hard_limit_is_exceeded_by_one_message_at_most() {
    for overflow in POLICIES {
        let mut session = holding(99, bounds(overflow));
        session.send(vec![0; 1_000_000]).unwrap();
        assert!(session.buffered_amount() > 1_000_000);
        assert_ne!(send(&mut session), Sent::Queued, "{overflow:?}");
    }
}

/// The bounds, and the first sizes of the output above the high-water mark and at the hard limit.
const ODD_BOUNDS: &[(usize, usize, usize, usize)] = &[
    (0, 100, 1, 100), // an empty output has room
    (50, 0, 1, 1),
    (200, 100, 100, 100), // the high-water mark is no higher than the limit
    (usize::MAX, usize::MAX, usize::MAX, usize::MAX),
];

#[test]
fn bounds_of_zero_and_in_the_wrong_order() {
    for &(high_water_mark, hard_limit, above, full) in ODD_BOUNDS {
        let bounds = Backpressure { high_water_mark, hard_limit, overflow: Fail, cork: false };
        for buffered in [0, 2, 99, 100, 101] {
            let mut session = holding(buffered, bounds);
            assert_eq!(session.is_above_high_water_mark(), buffered >= above, "{bounds:?}");
            let sent = if buffered >= full { Sent::Full } else { Sent::Queued };
            assert_eq!(send(&mut session), sent, "{bounds:?} {buffered}");
        }
    }
}

#[test]
fn drop_newest_counts_each_message_and_keeps_the_earlier_ones() {
    let mut session = holding(100, bounds(DropNewest));
    for dropped in 1..=3 {
        assert_eq!(send(&mut session), Sent::Dropped);
        assert_eq!(session.dropped(), dropped);
    }
    session.wrote(1);
    assert_eq!(send(&mut session), Sent::Queued);
    assert_eq!(session.dropped(), 3);
}

#[test]
fn overflow_close_is_1008_within_the_close_deadline() {
    let mut session = holding(100, bounds(Close));
    assert_eq!(session.receive(s(0)), None);
    assert_eq!(send(&mut session), Sent::FullAndClosed);
    assert_eq!(send(&mut session), Sent::NotOpen, "and the next message is not");
    assert_eq!(write(&mut session)[100..], [0x88, 2, 1008u16.to_be_bytes()[0], 0xf0]);
    session.flushed();
    session.read_would_block();
    session.next(s(7)).unwrap();
    assert_eq!(session.next(s(12)), Err(TimedOut::Close));
}

/// A policy of the caller's does not change what a closing connection answers.
#[test]
fn closing_and_closed_sessions_queue_nothing() {
    let closed: &[&[Report]] = &[
        &[Report::Close],
        &[PeerClose, Receive],
        &[End, Receive],
        &[Abort],
        &[Violation, Receive],
    ];
    for role in BOTH {
        for &reports in closed {
            for overflow in POLICIES {
                for hard_limit in [1, 100] {
                    let mut session = session_after(role, Timeouts::default(), reports);
                    session.set_backpressure(Backpressure { hard_limit, ..bounds(overflow) });
                    assert_eq!(send(&mut session), Sent::NotOpen, "{role:?} {reports:?}");
                    assert_eq!(session.ping(s(0)), Err(SendError::NotOpen));
                    assert_eq!(session.pong(""), Err(SendError::NotOpen));
                }
            }
        }
    }
}

#[test]
fn control_frames_are_queued_at_the_hard_limit() {
    for overflow in POLICIES {
        let mut session = holding(100, bounds(overflow));
        session.pong("").unwrap();
        assert_eq!(session.buffered_amount(), 102);
        assert_eq!(session.ping(s(0)), Ok(1));
        assert_eq!(session.buffered_amount(), 112);
        session.received(&from_peer(Role::Server, 0x89, b""));
        assert_eq!(events(&mut session, s(0)).len(), 1);
        assert_eq!(session.buffered_amount(), 114, "the pong to the peer's ping");
        session.close(CloseCode::NORMAL, s(0));
        assert_eq!(session.buffered_amount(), 118);
    }
}

#[test]
fn buffered_amount_counts_headers_until_they_are_written() {
    let mut session = holding(0, bounds(Wait));
    let steps = [("", 2), ("x", 5), ("yz", 9)];
    for (text, buffered) in steps {
        session.send(text).unwrap();
        assert_eq!(session.buffered_amount(), buffered);
    }
    session.wrote(4);
    assert_eq!(session.buffered_amount(), 5);
    session.flushed();
    assert_eq!(session.buffered_amount(), 5, "a flush writes nothing");
    write(&mut session);
    assert_eq!((session.buffered_amount(), session.wants_write()), (0, true), "not flushed");
    session.flushed();
    assert!(!session.wants_write());
}

#[test]
fn returned_message_keeps_its_choice_of_compression() {
    let mut session = holding(100, bounds(Fail));
    let message = Message::from("secret").compress(Compress::Never);
    let refused = session.send(message.clone()).unwrap_err();
    assert_eq!(refused, TrySendError::Full(message));
}

/// Nothing more will be written: an application that waits for room would wait for ever.
#[test]
fn failed_write_is_not_above_the_high_water_mark() {
    let mut session = holding(50, bounds(Wait));
    assert!(session.is_above_high_water_mark());
    session.write_failed();
    assert!(!session.is_above_high_water_mark());
    assert!(!session.wants_write());
    assert_eq!(send(&mut session), Sent::NotOpen);
}
