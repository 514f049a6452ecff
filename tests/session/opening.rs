//! The opening handshake with its deadline: [`Exchange`] of a server, a client, an acceptance and a
//! rejection.

use std::time::Duration;

use bytes::{Buf, BufMut};
use sansocket::session::Next::{self, Done, Flush, Read, ShutdownWrite, Wait, Write};
use sansocket::session::{Exchange, Handshake};
use sansocket::timing::{TimedOut, Timeouts};
use sansocket::{
    ClientHandshake, ClientRequest, Config, Connection, HttpResponse, Rejection, Response,
    ResponseError, ServerHandshake,
};
use support::entropy;

use super::sessions::{OFF, s};

const NANOSECOND: Duration = Duration::from_nanos(1);
const LATE_READS: usize = 16;

pub fn server() -> Exchange<ServerHandshake> {
    Exchange::server(Config::new(), Timeouts::default(), s(0))
}

pub fn client() -> Exchange<ClientHandshake> {
    let request = ClientRequest::new("ws://example.com/chat").unwrap();
    Exchange::client(&request, Config::new(), entropy(), Timeouts::default(), s(0))
}

pub fn request() -> Vec<u8> {
    let mut client = client();
    let output = client.output().unwrap();
    output.copy_to_bytes(output.remaining()).to_vec()
}

fn accepted() -> Connection {
    let mut handshake = ServerHandshake::new(Config::new());
    handshake.input().put_slice(&request());
    handshake.receive().unwrap().unwrap().accept()
}

pub fn response() -> Vec<u8> {
    support::drain(&mut accepted())
}

fn rejected() -> Rejection {
    let mut handshake = ServerHandshake::new(Config::new());
    handshake.input().put_slice(&request());
    handshake.receive().unwrap().unwrap().reject(&HttpResponse::new(403).unwrap())
}

fn acceptance(started: Duration) -> Exchange<Connection> {
    Exchange::acceptance(accepted(), Timeouts::default(), started)
}

fn rejection() -> Exchange<Rejection> {
    Exchange::rejection(rejected(), Timeouts::default(), s(0))
}

/// A report of the event loop at 0 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    Wrote,
    Flushed,
    WriteBlocked,
    ReadBlocked,
    ShutDown,
    Ready,
    /// Bytes that do not end the handshake.
    Byte,
    End,
}
use Report::{Byte, End, Flushed, ReadBlocked, Ready, ShutDown, WriteBlocked, Wrote};

pub fn after<H: Handshake>(mut exchange: Exchange<H>, reports: &[Report]) -> Exchange<H> {
    for report in reports {
        match report {
            Wrote => {
                let count = exchange.output().map_or(0, |output| output.remaining());
                exchange.wrote(count);
            }
            Flushed => exchange.flushed(),
            WriteBlocked => exchange.write_would_block(s(0)),
            ReadBlocked => exchange.read_would_block(),
            // It is what the last answer demanded.
            ShutDown => {
                assert_eq!(exchange.next(s(0)), Ok(ShutdownWrite));
                exchange.write_half_shut_down();
            }
            Ready => exchange.stream_ready(),
            Byte => exchange.received(b"\r"),
            End => exchange.end_input(),
        }
    }
    exchange
}

/// The reports, the answer at 0 s, and the answer at the deadline.
type Row = (&'static [Report], Next, Result<Next, TimedOut>);

fn check<H: Handshake>(make: impl Fn() -> Exchange<H>, deadline: Duration, rows: &[Row]) {
    for &(reports, next, late) in rows {
        let mut exchange = after(make(), reports);
        for now in [s(0), s(0), deadline - NANOSECOND] {
            assert_eq!(exchange.next(now), Ok(next), "{reports:?}");
        }
        assert_eq!(exchange.next(deadline), late, "{reports:?} at the deadline");
        assert_eq!(exchange.next(deadline), late, "{reports:?} at the deadline, called again");
    }
}

const HANDSHAKE: Next = Wait(Some(s(10)));
const LATE: Result<Next, TimedOut> = Err(TimedOut::Handshake);

#[test]
fn server_reads_until_the_deadline() {
    check(
        server,
        s(10),
        &[
            (&[], Read, Ok(Read)),
            (&[Byte], Read, Ok(Read)),
            (&[ReadBlocked], HANDSHAKE, LATE),
            (&[Byte, ReadBlocked], HANDSHAKE, LATE),
            (&[ReadBlocked, Ready], Read, Ok(Read)),
            (&[End], HANDSHAKE, LATE),
        ],
    );
}

#[test]
fn client_writes_and_reads_until_the_deadline() {
    check(
        client,
        s(10),
        &[
            (&[], Write, Ok(Write)),
            (&[Wrote], Flush, Ok(Flush)),
            (&[Wrote, Flushed], Read, Ok(Read)),
            (&[Wrote, Flushed, ReadBlocked], HANDSHAKE, LATE),
            (&[Wrote, Flushed, ReadBlocked, Ready], Read, Ok(Read)),
            // A server may answer before it has read the request.
            (&[WriteBlocked], Read, Ok(Read)),
            (&[Wrote, WriteBlocked], Read, Ok(Read)),
            (&[WriteBlocked, ReadBlocked], HANDSHAKE, LATE),
            (&[WriteBlocked, ReadBlocked, Ready], Write, Ok(Write)),
            (&[Wrote, Flushed, End], HANDSHAKE, LATE),
        ],
    );
}

/// A refusal, up to its body.
const REFUSAL: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n";

/// A client that has received these bytes at 3 s, and has no more to read.
fn refused(bytes: &[u8]) -> Exchange<ClientHandshake> {
    let mut exchange = after(client(), &[Wrote, Flushed]);
    assert_eq!(exchange.next(s(3)), Ok(Read));
    exchange.received(bytes);
    assert!(exchange.receive().unwrap().is_none(), "its body may still come");
    exchange
}

fn response_of(exchange: &mut Exchange<ClientHandshake>) -> Response {
    match exchange.receive() {
        Err(ResponseError::UnexpectedStatus(response)) => *response,
        other => panic!("{:?}", other.map(drop)),
    }
}

#[test]
fn body_of_a_refusal_is_waited_for_no_longer_than_a_second_after_the_head() {
    for (bytes, body) in [
        (REFUSAL.to_vec(), ""),
        ([REFUSAL, b"no entry\n"].concat(), "no entry\n"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\nno entry\n".to_vec(), "no entry\n"),
        (b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n".to_vec(), "no"),
    ] {
        let mut exchange = refused(&bytes);
        let head = exchange.handshake().refusal().expect("the head is there");
        assert_eq!((head.status(), head.reason(), head.body().len()), (403, "Forbidden", 0));
        assert_eq!(exchange.next(s(3)), Ok(Read), "what is there is read");
        exchange.read_would_block();
        for now in [s(3), s(4) - NANOSECOND] {
            assert_eq!(exchange.next(now), Ok(Wait(Some(s(4)))));
            assert!(exchange.receive().unwrap().is_none());
        }
        assert_eq!(exchange.next(s(4)), Ok(Done));
        let response = response_of(&mut exchange);
        assert_eq!((response.status(), &response.body()[..]), (403, body.as_bytes()));
        assert!(!response.is_complete());
    }
}

#[test]
fn body_of_a_refusal_that_drips_does_not_extend_the_wait() {
    let mut exchange = refused(REFUSAL);
    for tenth in 0..10 {
        let now = s(3) + Duration::from_millis(100 * tenth);
        exchange.stream_ready();
        assert_eq!(exchange.next(now), Ok(Read));
        exchange.received(b"x");
        assert!(exchange.receive().unwrap().is_none());
        exchange.read_would_block();
        assert_eq!(exchange.next(now), Ok(Wait(Some(s(4)))));
    }
    assert_eq!(exchange.next(s(4)), Ok(Done));
    assert_eq!(response_of(&mut exchange).body().len(), 10);
}

#[test]
fn refusal_is_returned_at_the_deadline_of_the_handshake_too() {
    let request = ClientRequest::new("ws://example.com/chat").unwrap();
    let timeouts = Timeouts { handshake: Some(s(3) + NANOSECOND), ..OFF };
    let mut exchange = Exchange::client(&request, Config::new(), entropy(), timeouts, s(0));
    exchange = after(exchange, &[Wrote, Flushed]);
    exchange.received(REFUSAL);
    assert!(exchange.receive().unwrap().is_none());
    assert_eq!(exchange.next(s(3)), Ok(Read));
    exchange.read_would_block();
    assert_eq!(exchange.next(s(3)), Ok(Wait(Some(s(3) + NANOSECOND))));
    assert_eq!(exchange.next(s(3) + NANOSECOND), Ok(Done));
    assert_eq!(response_of(&mut exchange).status(), 403);
}

/// The deadline is that of the handshake, which began before the request was accepted.
#[test]
fn acceptance_is_done_once_the_response_is_flushed() {
    check(
        || acceptance(s(0)),
        s(10),
        &[
            (&[], Write, Ok(Write)),
            (&[Wrote], Flush, Ok(Flush)),
            (&[Wrote, Flushed], Done, Ok(Done)),
            (&[WriteBlocked], HANDSHAKE, LATE), // and it does not read
            (&[WriteBlocked, Ready], Write, Ok(Write)),
            (&[Wrote, WriteBlocked], HANDSHAKE, LATE),
        ],
    );
    let mut exchange = after(acceptance(s(7)), &[WriteBlocked]);
    assert_eq!(exchange.next(s(9)), Ok(Wait(Some(s(17)))));
    // The connection keeps what was not written.
    let mut connection = exchange.into_inner();
    assert_eq!(support::drain(&mut connection), response());
}

/// RFC 6455 §7.1.1; its deadline is that of closing.
#[test]
fn rejection_shuts_the_stream_down_and_drains_it() {
    const CLOSE: Next = Wait(Some(s(5)));
    const LATE: Result<Next, TimedOut> = Err(TimedOut::Close);
    check(
        rejection,
        s(5),
        &[
            (&[], Write, Ok(Write)),
            (&[Wrote], Flush, Ok(Flush)),
            (&[Wrote, Flushed], ShutdownWrite, Ok(ShutdownWrite)),
            (&[Wrote, Flushed, WriteBlocked, ReadBlocked], CLOSE, LATE),
            (&[Wrote, Flushed, ShutDown], Read, Ok(Read)),
            (&[Wrote, Flushed, ShutDown, Byte], Read, Ok(Read)),
            (&[Wrote, Flushed, ShutDown, End], Done, Ok(Done)),
            (&[End], Write, Ok(Write)),
            (&[End, Wrote, Flushed], ShutdownWrite, Ok(ShutdownWrite)),
            (&[End, Wrote, Flushed, ShutDown], Done, Ok(Done)),
            (&[WriteBlocked], Read, Ok(Read)),
            (&[WriteBlocked, ReadBlocked], CLOSE, LATE),
            (&[Wrote, WriteBlocked, ReadBlocked], CLOSE, LATE),
            // The response has left: no more than draining is cut short.
            (&[Wrote, Flushed, ShutDown, ReadBlocked], CLOSE, Ok(Done)),
        ],
    );
}

/// The reads after the deadline from a peer that always has another byte, and the answer then.
fn late_reads<H: Handshake>(mut exchange: Exchange<H>) -> (usize, Result<Next, TimedOut>) {
    for reads in 0..1000 {
        for _ in 0..3 {
            let asked = exchange.next(s(1000));
            assert_eq!(exchange.next(s(1000)), asked, "what counts is reads, not questions");
        }
        match exchange.next(s(1000)) {
            Ok(Read) => exchange.received(b"x"),
            next => return (reads, next),
        }
    }
    panic!("it reads for ever");
}

#[test]
fn peer_that_keeps_sending_is_given_sixteen_late_reads() {
    assert_eq!(late_reads(server()), (LATE_READS, LATE));
    assert_eq!(late_reads(after(client(), &[Wrote, Flushed])), (LATE_READS, LATE));
    let drains = after(rejection(), &[Wrote, Flushed, ShutDown]);
    assert_eq!(late_reads(drains), (LATE_READS, Ok(Done)));
}

#[test]
fn bytes_in_the_stream_at_the_deadline_are_used() {
    let request = request();
    let mut exchange = server();
    for chunk in request.chunks(request.len().div_ceil(LATE_READS)) {
        assert!(exchange.receive().unwrap().is_none());
        assert_eq!(exchange.next(s(10)), Ok(Read));
        exchange.received(chunk);
    }
    assert_eq!(exchange.receive().unwrap().unwrap().path(), "/chat");

    let mut exchange = after(client(), &[Wrote, Flushed]);
    assert_eq!(exchange.next(s(10)), Ok(Read));
    exchange.received(&response());
    assert!(exchange.receive().unwrap().is_some());
}

#[test]
fn progress_does_not_extend_the_deadline() {
    let mut exchange = server();
    for (second, byte) in (0..10).zip(request()) {
        exchange.stream_ready();
        assert_eq!(exchange.next(s(second)), Ok(Read));
        exchange.received(&[byte]);
        exchange.read_would_block();
        assert_eq!(exchange.next(s(second)), Ok(HANDSHAKE));
    }
    assert_eq!(exchange.next(s(10)), LATE);
}

#[test]
fn without_timeouts_an_exchange_waits_for_ever() {
    let mut server = Exchange::server(Config::new(), OFF, s(0));
    server.read_would_block();
    let mut rejection = Exchange::rejection(rejected(), OFF, s(0));
    rejection.write_would_block(s(0));
    rejection.read_would_block();
    for now in [s(0), s(1_000_000)] {
        assert_eq!(server.next(now), Ok(Wait(None)));
        assert_eq!(rejection.next(now), Ok(Wait(None)));
    }
}
