//! A tunnel as an exchange: what to do with the stream, and until when.

use std::time::Duration;

use bytes::Buf;
use sansocket::proxy::{Proxy, ProxyError, Tunnel};
use sansocket::session::{Exchange, Next};
use sansocket::{Config, HeadError, TimedOut, Timeouts};

const START: Duration = Duration::from_secs(100);

fn exchange(proxy: &str) -> Exchange<Tunnel> {
    let proxy = Proxy::parse(proxy).unwrap();
    let tunnel = Tunnel::new(&proxy, "h", 443, &Config::new()).unwrap();
    Exchange::tunnel(tunnel, Timeouts::default(), START)
}

/// Writes all output, as `next` demands it.
fn write(exchange: &mut Exchange<Tunnel>) -> usize {
    let mut written = 0;
    while exchange.next(START) == Ok(Next::Write) {
        let len = exchange.output().unwrap().remaining();
        exchange.wrote(len);
        written += len;
        assert_eq!(exchange.next(START), Ok(Next::Flush));
        exchange.flushed();
    }
    written
}

#[test]
fn exchange_writes_the_request_and_reads_the_answer() {
    let mut http = exchange("http://proxy.example");
    assert!(write(&mut http) > 0);
    assert_eq!(http.next(START), Ok(Next::Read));
    http.received(b"HTTP/1.1 200 OK\r\n\r\nfirst");
    assert_eq!(http.receive().unwrap().unwrap(), "first");

    let mut socks5 = exchange("socks5h://proxy.example");
    assert_eq!(write(&mut socks5), 3);
    assert_eq!(socks5.next(START), Ok(Next::Read));
    socks5.received(b"\x05\x00");
    assert_eq!(socks5.receive(), Ok(None));
    assert_eq!(write(&mut socks5), 8);
    assert_eq!(socks5.next(START), Ok(Next::Read));
    socks5.received(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00first");
    assert_eq!(socks5.receive().unwrap().unwrap(), "first");
}

#[test]
fn silent_proxy_times_out_with_the_opening_handshake() {
    for proxy in ["http://proxy.example", "socks5h://proxy.example"] {
        let mut exchange = exchange(proxy);
        write(&mut exchange);
        exchange.read_would_block();
        let deadline = START + Duration::from_secs(10);
        assert_eq!(exchange.next(START), Ok(Next::Wait(Some(deadline))));
        exchange.stream_ready();
        assert_eq!(exchange.next(deadline), Ok(Next::Read));
        exchange.read_would_block();
        assert_eq!(exchange.next(deadline), Err(TimedOut::Handshake));
    }
}

#[test]
fn refusal_with_an_unfinished_body_says_more_than_the_deadline() {
    let mut exchange = exchange("http://proxy.example");
    write(&mut exchange);
    exchange.received(b"HTTP/1.1 407 No\r\nContent-Length: 9\r\n\r\nlog");
    assert_eq!(exchange.receive(), Ok(None));
    let Some(ProxyError::Refused(response)) = exchange.refusal() else { panic!("a refusal") };
    assert_eq!((response.status(), &response.body()[..]), (407, &b"log"[..]));
}

#[test]
fn end_of_the_stream_is_reported() {
    let mut exchange = exchange("http://proxy.example");
    write(&mut exchange);
    exchange.end_input();
    assert_eq!(exchange.receive(), Err(ProxyError::Head(HeadError::Incomplete)));
    assert_eq!(exchange.refusal(), None);
}
