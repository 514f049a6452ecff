//! On a stream without vectored writes, a frame's header and payload leave in one write: as one TLS
//! record, or one HTTP/2 frame.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use sansocket::{Config, Kind, Role, Timeouts, blocking};
use support::adapters::{Adapter, in_every_adapter};
use support::streams::{Scripted, Unvectored};
use support::{connection, masked, unmasked};

/// Large enough that the payload is queued without a copy.
const SIZE: usize = 5 * 1024;
const COUNT: usize = 10;

/// How the messages are sent.
#[derive(Clone, Copy, Debug)]
enum Way {
    Send,
    TrySend,
    SendOfSender,
    TrySendOfSender,
    RecvWith,
    RecvWithOfReceiver,
    Writer,
    WriterOfSender,
}

const WAYS: [Way; 8] = [
    Way::Send,
    Way::TrySend,
    Way::SendOfSender,
    Way::TrySendOfSender,
    Way::RecvWith,
    Way::RecvWithOfReceiver,
    Way::Writer,
    Way::WriterOfSender,
];

fn payload() -> Vec<u8> {
    vec![7; SIZE]
}

/// A message that the peer sends, in one frame or in two. Joined fragments are answered without a
/// copy.
fn input(role: Role, number: usize) -> Vec<u8> {
    let frame = if role == Role::Server { masked } else { unmasked };
    let (start, end) = (vec![7; SIZE / 2], vec![7; SIZE / 2]);
    match number % 2 {
        0 => frame(0x82, &payload()),
        _ => [frame(0x02, &start), frame(0x80, &end)].concat(),
    }
}

/// Sends the messages, with or without `.await`.
macro_rules! send_messages {
    ($way:expr, $socket:ident, $split:expr $(, $wait:tt)?) => {
        match $way {
            Way::Send => {
                for _ in 0..COUNT {
                    $socket.send(payload())$(.$wait)?.unwrap();
                }
            }
            Way::TrySend => {
                for _ in 0..COUNT {
                    $socket.try_send(payload()).unwrap();
                }
            }
            Way::RecvWith => {
                for _ in 0..COUNT {
                    let answered = $socket.recv_with(|message, replies| replies.send(message));
                    assert!(answered$(.$wait)?.unwrap());
                }
                $socket.flush()$(.$wait)?.unwrap();
            }
            Way::Writer => {
                let mut writer = $socket.writer(Kind::Binary)$(.$wait)?.unwrap();
                for _ in 0..COUNT {
                    writer.write_chunk(payload())$(.$wait)?.unwrap();
                }
                writer.finish()$(.$wait)?.unwrap();
            }
            Way::SendOfSender => {
                let (sender, _receiver) = $split;
                for _ in 0..COUNT {
                    sender.send(payload())$(.$wait)?.unwrap();
                }
            }
            Way::TrySendOfSender => {
                let (sender, _receiver) = $split;
                for _ in 0..COUNT {
                    sender.try_send(payload()).unwrap();
                }
            }
            Way::RecvWithOfReceiver => {
                let (sender, mut receiver) = $split;
                for _ in 0..COUNT {
                    let answered = receiver.recv_with(|message, replies| replies.send(message));
                    assert!(answered$(.$wait)?.unwrap());
                }
                sender.flush()$(.$wait)?.unwrap();
            }
            Way::WriterOfSender => {
                let (mut sender, _receiver) = $split;
                let mut writer = sender.writer(Kind::Binary)$(.$wait)?.unwrap();
                for _ in 0..COUNT {
                    writer.write_chunk(payload())$(.$wait)?.unwrap();
                }
                writer.finish()$(.$wait)?.unwrap();
            }
        }
    };
}

/// Each frame is one write: the header, a client's masking key, and the payload.
fn assert_one_write_per_frame(writes: &[usize], role: Role, way: Way) {
    let header = if role == Role::Server { 2 } else { 2 + 4 };
    let mut expected = vec![header + 2 + SIZE; COUNT];
    if matches!(way, Way::Writer | Way::WriterOfSender) {
        // The last fragment is empty.
        expected.push(header);
    }
    assert_eq!(writes, expected, "{role:?}, {way:?}");
}

/// Every way to send, in both roles, on a stream that the peer has written its messages to.
fn cases() -> impl Iterator<Item = (Role, Way, Unvectored)> {
    [Role::Server, Role::Client].into_iter().flat_map(|role| {
        WAYS.map(|way| (role, way, Unvectored::new((0..COUNT).map(|number| input(role, number)))))
    })
}

in_every_adapter! { a_header_and_its_payload_leave_in_one_write }

async fn a_header_and_its_payload_leave_in_one_write(adapter: &impl Adapter) {
    for (role, way, stream) in cases() {
        let connection = connection(role, Config::new());
        let mut socket = adapter.open(Scripted(stream.clone()), connection, Timeouts::default());
        send_messages!(way, socket, socket.split(), await);
        assert_one_write_per_frame(&stream.writes(), role, way);
    }
}

#[test]
fn a_header_and_its_payload_leave_in_one_write_of_a_blocking_stream() {
    for (role, way, stream) in cases() {
        let (connection, timeouts) = (connection(role, Config::new()), Timeouts::default());
        let scripted = Scripted(stream.clone());
        let mut socket = blocking::WebSocket::from_parts(scripted, connection, timeouts).unwrap();
        send_messages!(way, socket, socket.split().unwrap());
        assert_one_write_per_frame(&stream.writes(), role, way);
    }
}

/// Small frames that were fed before, 52 bytes each, and the frame of 5 KiB behind them.
#[test]
fn fed_frames_do_not_part_a_header_from_its_payload() {
    for fed in [1, 78, 79, 80, 200] {
        let (connection, timeouts) = (connection(Role::Server, Config::new()), Timeouts::default());
        let stream = Unvectored::new([]);
        let scripted = Scripted(stream.clone());
        let mut socket = blocking::WebSocket::from_parts(scripted, connection, timeouts).unwrap();
        for _ in 0..fed {
            socket.feed(vec![1; 50]).unwrap();
        }
        socket.send(payload()).unwrap();
        assert_eq!(stream.writes(), [fed * 52 + 4 + SIZE]);
    }
}
