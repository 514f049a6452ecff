//! What streams in memory can't show: the handles of a real socket share its timeouts, whichever of
//! them set them.
#![cfg(feature = "std")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sansocket::blocking::WebSocket;
use sansocket::{Config, Connection, Error, TimedOut, Timeouts};
use support::masked;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(20);

fn pair(timeouts: Timeouts) -> (TcpStream, WebSocket<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let stream = listener.accept().unwrap().0;
    (peer, WebSocket::from_parts(stream, Connection::server(Config::new()), timeouts).unwrap())
}

/// Does it in another thread, so that it may take for ever.
fn within<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, told) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    told.recv_timeout(LONG).expect("it ends")
}

#[test]
fn halves_keep_time_though_the_whole_did_before() {
    let (mut peer, mut socket) =
        pair(Timeouts { ping: Some(SOON), pong: Some(SOON), ..Timeouts::default() });
    peer.write_all(&masked(0x81, b"hello")).unwrap();
    assert_eq!(socket.recv().unwrap(), Some("hello".into()));
    let (_sender, mut receiver) = socket.split().unwrap();
    let told = within(move || receiver.recv());
    assert!(matches!(told, Err(Error::TimedOut(TimedOut::KeepAlive))), "{told:?}");

    let (mut peer, mut socket) = pair(Timeouts::default());
    peer.write_all(&masked(0x81, b"hello")).unwrap();
    assert_eq!(socket.recv_timeout(LONG).unwrap(), Some("hello".into()));
    let (_sender, mut receiver) = socket.split().unwrap();
    let told = within(move || receiver.recv_timeout(SOON));
    assert!(matches!(told, Err(Error::TimedOut(TimedOut::Receive))), "{told:?}");
}

#[test]
fn the_whole_waits_though_its_halves_did_not() {
    let (mut peer, mut socket) = pair(Timeouts::default());
    socket.send("before").unwrap();
    let (sender, receiver) = socket.split().unwrap();
    while sender.try_send(vec![7; 100_000]).is_ok() {}
    let mut socket = receiver.reunite(sender).unwrap();
    let waiting = socket.buffered_amount();
    assert!(waiting > 0);
    let reading = thread::spawn(move || {
        let mut heard = Vec::new();
        let _ = peer.read_to_end(&mut heard);
        heard.len()
    });
    socket.flush().unwrap();
    socket.send(vec![7; 4_000_000]).unwrap();
    socket.abort();
    assert!(reading.join().unwrap() > waiting);
}
