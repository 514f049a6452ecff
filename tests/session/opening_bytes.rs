//! What an [`Exchange`] makes of the bytes: refusals, heads that do not end, and every chunking.

use bytes::BufMut;
use sansocket::session::Next::{Read, ShutdownWrite};
use sansocket::session::{Exchange, Handshake};
use sansocket::timing::Timeouts;
use sansocket::{Event, HeadError, RequestError, Response, ResponseError};
use support::{Chunking, masked, unmasked};

use super::opening::Report::{Byte, End, Flushed, Wrote};
use super::opening::{after, client, request, response, server};
use super::sessions::s;

#[test]
fn end_of_stream_inside_a_head_is_incomplete() {
    let mut exchange = after(server(), &[Byte, End]);
    let rejection = exchange.receive().unwrap_err();
    assert_eq!(*rejection.error(), RequestError::Head(HeadError::Incomplete));
    // There is nobody to answer: the rejection only shuts the stream down.
    let mut exchange = Exchange::rejection(rejection, Timeouts::default(), s(0));
    assert_eq!(exchange.next(s(0)), Ok(ShutdownWrite));

    let mut exchange = after(client(), &[Byte, End]);
    assert_eq!(exchange.receive().unwrap_err(), ResponseError::Head(HeadError::Incomplete));
}

const REFUSAL: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\nwho are you?";

/// What has arrived, and the status and body of the refusal.
#[test]
fn refusal_is_returned_although_its_body_does_not_end() {
    let head = REFUSAL.len() - 12;
    type Refusal = Option<(u16, &'static [u8])>;
    let rows: &[(&[u8], Refusal)] = &[
        (REFUSAL, Some((401, b"who are you?"))),
        (&REFUSAL[..head], Some((401, b""))),
        (&REFUSAL[..head - 1], None),
        (b"", None),
        (b"HTTP/1.1 100 Continue\r\n\r\n", None),
        (b"no HTTP\r\n\r\n", None),
    ];
    for &(received, expected) in rows {
        let mut exchange = after(client(), &[Wrote, Flushed]);
        exchange.received(received);
        if expected.is_some() {
            assert_eq!(exchange.receive().unwrap().map(|_| ()), None, "its body may still come");
        }
        let refusal = exchange.refusal().map(unexpected);
        let refusal = refusal.as_ref().map(|response| (response.status(), &response.body()[..]));
        assert_eq!(refusal, expected, "{}", received.escape_ascii());
        assert!(exchange.refusal().is_none(), "the error was returned");
    }
}

fn unexpected(error: ResponseError) -> Response {
    match error {
        ResponseError::UnexpectedStatus(response) => *response,
        error => panic!("{error}"),
    }
}

/// Bytewise, in every two parts, and at random.
fn chunkings(len: usize) -> impl Iterator<Item = Chunking> {
    let random = (0..20).map(Chunking::Random);
    (0..=len).map(Chunking::At).chain([Chunking::Bytewise]).chain(random)
}

/// Feeds a handshake as an event loop does, until `receive` has a result.
fn feed<H: Handshake, T>(
    exchange: &mut Exchange<H>,
    bytes: &[u8],
    chunking: Chunking,
    receive: impl Fn(&mut Exchange<H>) -> Option<T>,
) -> (T, Vec<u8>) {
    let mut chunks = chunking.split(bytes).into_iter();
    while let Some(chunk) = chunks.next() {
        assert_eq!(exchange.next(s(0)), Ok(Read), "{chunking:?}");
        exchange.received(chunk);
        if let Some(result) = receive(exchange) {
            return (result, chunks.flatten().copied().collect());
        }
    }
    panic!("{chunking:?}: no result");
}

#[test]
fn chunking_of_a_request_does_not_matter() {
    let bytes = [request(), masked(0x81, b"early")].concat();
    for chunking in chunkings(bytes.len()) {
        let (request, rest) =
            feed(&mut server(), &bytes, chunking, |exchange| exchange.receive().unwrap());
        assert_eq!(request.path(), "/chat");
        let mut connection = request.accept();
        connection.input().put_slice(&rest);
        assert_eq!(connection.receive(), Some(Event::Message("early".into())), "{chunking:?}");
        assert_eq!(support::drain(&mut connection), response());
    }
}

#[test]
fn chunking_of_a_response_does_not_matter() {
    let bytes = [response(), unmasked(0x81, b"early")].concat();
    for chunking in chunkings(bytes.len()) {
        let mut exchange = after(client(), &[Wrote, Flushed]);
        let ((mut connection, response), rest) =
            feed(&mut exchange, &bytes, chunking, |exchange| exchange.receive().unwrap());
        assert_eq!(response.status(), 101);
        connection.input().put_slice(&rest);
        assert_eq!(connection.receive(), Some(Event::Message("early".into())), "{chunking:?}");
    }
}

#[test]
fn chunking_of_a_refusal_does_not_matter() {
    let bytes = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone";
    for chunking in chunkings(bytes.len()) {
        let mut exchange = after(client(), &[Wrote, Flushed]);
        let (error, _) = feed(&mut exchange, bytes, chunking, |exchange| exchange.receive().err());
        let refusal = unexpected(error);
        assert_eq!((refusal.status(), &refusal.body()[..]), (404, &b"none"[..]), "{chunking:?}");
    }
}
