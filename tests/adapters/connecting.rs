//! At most one connection to a remote host in the state CONNECTING (RFC 6455 §4.1, no. 2).

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use sansocket::blocking::{self, Connector, Options};
use sansocket::{ClientRequest, Error, TimedOut, Timeouts};
use support::wakes::WakeCounter;

use self::machine::{Connecting, Remote, Turn};

/// The file itself: it has no sockets and no clock.
#[path = "../../src/client/connecting.rs"]
mod machine;

fn address(last: u8) -> Remote {
    Remote::Address(SocketAddr::from(([192, 0, 2, last], 80)))
}

fn name(number: usize) -> Remote {
    Remote::Name(format!("{number}.test"), 80)
}

/// A connection that wants its turn.
struct Waiting {
    turn: Turn,
    wakes: Arc<WakeCounter>,
}

impl Waiting {
    fn new(connecting: &Arc<Connecting>, remotes: Vec<Remote>) -> Self {
        Self { turn: Turn::new(connecting, remotes), wakes: Arc::default() }
    }

    fn may_connect(&self) -> bool {
        let waker = Waker::from(Arc::clone(&self.wakes));
        self.turn.poll(&Context::from_waker(&waker)).is_ready()
    }
}

#[test]
fn connections_to_one_address_are_opened_one_at_a_time_in_their_order() {
    let connecting = Arc::default();
    let new = |remotes: &[Remote]| Waiting::new(&connecting, remotes.to_vec());
    let (first, second, third) = (new(&[address(1)]), new(&[address(1)]), new(&[address(1)]));
    assert!(first.may_connect());
    assert!(!third.may_connect() && !second.may_connect());
    assert!(new(&[address(2)]).may_connect(), "another address");
    assert!(new(&[Remote::Address(SocketAddr::from(([192, 0, 2, 1], 81)))]).may_connect());
    drop(first);
    assert_eq!((second.wakes.take(), third.wakes.take()), (1, 0));
    assert!(second.may_connect() && !third.may_connect());
    drop(second);
    assert_eq!(third.wakes.take(), 1);
    assert!(third.may_connect());
}

#[test]
fn connection_that_stops_waiting_lets_the_next_one_connect() {
    let connecting = Arc::default();
    let new = |remotes: &[Remote]| Waiting::new(&connecting, remotes.to_vec());
    let (first, second, third) = (new(&[address(1)]), new(&[address(1)]), new(&[address(1)]));
    assert!(!second.may_connect() && !third.may_connect());
    drop(second);
    assert_eq!(third.wakes.take(), 0, "the first one is not open yet");
    drop(first);
    assert_eq!(third.wakes.take(), 1);

    let (second, third) = (third, new(&[address(1)]));
    assert!(!third.may_connect());
    drop(second); // It was woken, and did not use it.
    assert_eq!(third.wakes.take(), 1);
    assert!(third.may_connect());
}

#[test]
fn connection_with_several_addresses_waits_for_all_of_them() {
    let connecting = Arc::default();
    let new = |remotes: &[Remote]| Waiting::new(&connecting, remotes.to_vec());
    let one = new(&[address(1), address(2)]);
    let two = new(&[address(3)]);
    let both = new(&[address(2), address(3)]);
    let last = new(&[address(3), address(4)]);
    assert!(one.may_connect() && two.may_connect());
    assert!(!both.may_connect() && !last.may_connect());
    drop(one);
    assert!(!both.may_connect());
    drop(two);
    assert!(both.may_connect() && !last.may_connect());
    drop(both);
    assert!(last.may_connect());
}

#[test]
fn each_name_without_an_address_is_a_remote_host_and_16_of_them_are_opened_at_a_time() {
    let connecting = Arc::default();
    let new = |remotes: &[Remote]| Waiting::new(&connecting, remotes.to_vec());
    let mut names: Vec<_> = (0..16).map(|number| new(&[name(number)])).collect();
    assert!(names.iter().all(Waiting::may_connect));
    let (same, more) = (new(&[name(0)]), new(&[name(16)]));
    assert!(!same.may_connect() && !more.may_connect());
    assert!(new(&[address(1)]).may_connect(), "an address is no name");
    names.pop();
    assert_eq!((same.wakes.take(), more.wakes.take()), (0, 1));
    assert!(!same.may_connect() && more.may_connect());
}

fn request(address: SocketAddr) -> ClientRequest {
    ClientRequest::new(&format!("ws://{address}/")).unwrap()
}

/// Accepts `count` connections, one by one: with each request, whether another client had connected
/// before it was answered.
fn serve(count: usize) -> (SocketAddr, thread::JoinHandle<Vec<bool>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let mut streams = vec![];
        let mut served = vec![];
        while served.len() < count {
            listener.set_nonblocking(false).unwrap();
            let stream = streams.pop().unwrap_or_else(|| listener.accept().unwrap().0);
            let request = Options::new().receive_request(stream).unwrap();
            listener.set_nonblocking(true).unwrap();
            // Other clients have had this time to connect.
            thread::yield_now();
            streams.extend(listener.accept().map(|(stream, _)| stream));
            served.push(!streams.is_empty());
            let blocking::Incoming::Upgrade(upgrade) = request else { panic!("no WebSocket") };
            upgrade.accept().unwrap().abort();
        }
        served
    });
    (address, serving)
}

#[test]
fn threads_with_clones_of_a_connector_open_one_connection_at_a_time() {
    let (address, serving) = serve(4);
    let connector = Connector::new().one_connecting_per_host(true);
    thread::scope(|scope| {
        for _ in 0..4 {
            let connector = connector.clone();
            scope.spawn(move || connector.connect(&request(address)).unwrap());
        }
    });
    assert_eq!(serving.join().unwrap(), [false; 4]);
}

#[cfg(feature = "tokio")]
#[test]
fn tasks_with_clones_of_a_connector_open_one_connection_at_a_time() {
    let (address, serving) = serve(3);
    let connector = sansocket::tokio::Connector::new().one_connecting_per_host(true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let request = request(address);
    runtime.block_on(async {
        let connect = || async { connector.clone().connect(&request).await.unwrap() };
        tokio::join!(connect(), connect(), connect())
    });
    assert_eq!(serving.join().unwrap(), [false; 3]);
}

#[cfg(feature = "async-io")]
#[test]
fn futures_with_clones_of_a_connector_open_one_connection_at_a_time() {
    let (address, serving) = serve(2);
    let connector = sansocket::futures::Connector::new().one_connecting_per_host(true);
    let request = request(address);
    smol::block_on(async {
        let connect = || async { connector.clone().connect(&request).await.unwrap() };
        smol::future::zip(connect(), connect()).await
    });
    assert_eq!(serving.join().unwrap(), [false; 2]);
}

#[test]
fn connection_that_waits_for_its_turn_has_a_deadline() {
    // The server never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let request = request(listener.local_addr().unwrap());
    let with = |time: Duration| {
        Options::new().timeouts(Timeouts { handshake: Some(time), ..Timeouts::default() })
    };
    let first = Connector::new().one_connecting_per_host(true);
    let second = first.clone().options(with(Duration::from_millis(50)));
    let first = first.options(with(Duration::from_millis(60_000)));
    thread::scope(|scope| {
        let opening = scope.spawn(|| first.connect(&request));
        let (stream, _) = listener.accept().unwrap();
        let waited = second.connect(&request).unwrap_err();
        assert!(matches!(waited, Error::TimedOut(TimedOut::Handshake)), "{waited:?}");
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "it had no turn");
        drop(stream);
        opening.join().unwrap().unwrap_err();
    });
}

#[test]
fn connections_are_opened_at_the_same_time_by_default_and_with_other_connectors() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let request = request(listener.local_addr().unwrap());
    let serial = || Connector::new().one_connecting_per_host(true);
    let plain = Connector::new();
    thread::scope(|scope| {
        for connector in [plain.clone(), plain, serial(), serial()] {
            let request = &request;
            scope.spawn(move || connector.connect(request).unwrap_err());
        }
        // All have connected although none was answered.
        let _streams = [(); 4].map(|()| listener.accept().unwrap());
    });
}
