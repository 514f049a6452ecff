//! The addresses of a host: which attempt starts when, what the settings of a client's sockets do,
//! and how connecting fails.

use std::future;
use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use sansocket::{ClientRequest, ConnectError, Error, Options, TimedOut, Timeouts};
use sansocket::{blocking, futures, tokio as ws};
use socket2::{Domain, Socket, Type};

use self::machine::{Next, Race};

/// The file itself: it has no sockets and no clock.
#[path = "../../src/client/addresses.rs"]
mod machine;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Longer than any test here takes.
const LONG: Duration = Duration::from_secs(60);

fn v4(last: u8) -> SocketAddr {
    (Ipv4Addr::new(192, 0, 2, last), 80).into()
}

fn v6(last: u16) -> SocketAddr {
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last), 80).into()
}

/// An address, and after how many milliseconds the attempt at it fails.
type Failing = (SocketAddr, u64);

/// When each attempt starts, in milliseconds, if those at `failing` fail and the others hang. Ends when there is nothing more to start.
fn starts(
    addresses: &[SocketAddr],
    time: Option<Duration>,
    failing: &[Failing],
) -> Vec<(u64, SocketAddr)> {
    let mut race = Race::new(addresses.to_vec(), time);
    let (mut now, mut starts, mut results) = (Duration::ZERO, vec![], vec![]);
    loop {
        match race.next(now) {
            Next::Start(address) => {
                starts.push((now.as_millis() as u64, address));
                let fails = failing.iter().filter(|(failing, _)| *failing == address);
                results.extend(fails.map(|(_, after)| (now + ms(*after), address)));
            }
            Next::Wait(until) => {
                let result = results.iter().min().copied();
                match (result, until) {
                    (Some((at, address)), until) if until.is_none_or(|until| at <= until) => {
                        results.retain(|result| result.1 != address);
                        race.failed(address, ErrorKind::ConnectionRefused.into());
                        now = at;
                    }
                    (_, Some(until)) => now = until,
                    (_, None) => return starts,
                }
            }
            Next::GiveUp => return starts,
        }
    }
}

#[test]
fn families_take_turns_in_the_resolvers_order_and_its_first_one_begins() {
    let order = |addresses: &[SocketAddr]| {
        let starts = starts(addresses, None, &[]);
        starts.into_iter().map(|(_, address)| address).collect::<Vec<_>>()
    };
    let mixed = [v6(1), v6(2), v6(3), v4(1), v4(2)];
    assert_eq!(order(&mixed), [v6(1), v4(1), v6(2), v4(2), v6(3)]);
    assert_eq!(order(&[v4(1), v4(2), v6(1)]), [v4(1), v6(1), v4(2)]);
    assert_eq!(order(&[v4(2), v4(1)]), [v4(2), v4(1)]);
    assert_eq!(order(&[v4(1), v6(1), v4(1), v6(1)]), [v4(1), v6(1)], "each address once");
    assert_eq!(order(&[]), []);
    let many: Vec<_> = (0..1000).map(v6).collect();
    assert_eq!(order(&many), many[..64]);
}

#[test]
fn next_attempt_starts_after_250_ms_or_as_soon_as_one_fails() {
    let three = [v6(1), v4(1), v6(2)];
    let time = Some(ms(10_000));
    let table: [(&[Failing], [u64; 3]); 6] = [
        (&[], [0, 250, 500]),
        (&[(v6(1), 0)], [0, 0, 250]),
        (&[(v6(1), 30)], [0, 30, 280]),
        (&[(v6(1), 300)], [0, 250, 300]),
        (&[(v4(1), 20)], [0, 250, 270]),
        (&[(v6(1), 1), (v4(1), 1)], [0, 1, 2]),
    ];
    for (failing, expected) in table {
        for time in [None, time] {
            let times =
                starts(&three, time, failing).iter().map(|start| start.0).collect::<Vec<_>>();
            assert_eq!(times, expected, "{failing:?}");
        }
    }
}

/// RFC 8305 §8: "MUST NOT be less than 10 milliseconds".
#[test]
fn attempts_at_many_addresses_start_in_half_of_the_time_but_10_ms_apart() {
    for (count, time, last_start, delay) in [
        (2, 10_000, 250, 250),
        (50, 10_000, 5000, 102),
        (64, 10_000, 5000, 79),
        (3, 400, 200, 100),
        (50, 1000, 500, 10),
        (64, 100, 630, 10),
        (3, 0, 20, 10),
    ] {
        let addresses: Vec<_> = (0..count).map(v6).collect();
        let starts = starts(&addresses, Some(ms(time)), &[]);
        assert_eq!(starts.len(), usize::from(count));
        assert_eq!(starts[1].0, delay, "{count} in {time} ms");
        assert!(starts.last().unwrap().0.abs_diff(last_start) <= 1, "{count} in {time} ms");
        assert!(starts.windows(2).all(|two| two[1].0 - two[0].0 >= 10));
    }
}

#[test]
fn race_gives_up_when_every_attempt_has_failed() {
    let mut race = Race::new(vec![v6(1), v4(1)], None);
    assert_eq!(race.next(ms(0)), Next::Start(v6(1)));
    assert!(!race.is_last_attempt(), "another one may follow");
    assert_eq!(race.next(ms(250)), Next::Start(v4(1)));
    assert!(!race.is_last_attempt(), "two are under way");
    race.failed(v4(1), ErrorKind::ConnectionRefused.into());
    assert_eq!(race.next(ms(251)), Next::Wait(None));
    race.failed(v6(1), ErrorKind::TimedOut.into());
    assert_eq!(race.next(ms(900)), Next::GiveUp);
    let failures: Vec<_> = race.end().iter().map(|one| (one.0, one.1.kind())).collect();
    assert_eq!(failures, [(v4(1), ErrorKind::ConnectionRefused), (v6(1), ErrorKind::TimedOut)]);

    let mut race = Race::new(vec![v4(1), v4(2)], None);
    assert_eq!(race.next(ms(0)), Next::Start(v4(1)));
    race.failed(v4(1), ErrorKind::ConnectionRefused.into());
    assert_eq!(race.next(ms(0)), Next::Start(v4(2)));
    assert!(race.is_last_attempt());
    assert_eq!(Race::new(vec![], None).next(ms(0)), Next::GiveUp);
}

#[test]
fn attempts_under_way_at_the_end_of_a_race_have_timed_out() {
    let mut race = Race::new(vec![v4(1), v4(2), v4(3), v4(4)], None);
    assert!(!race.has_started());
    for now in [0, 250, 500] {
        assert!(matches!(race.next(ms(now)), Next::Start(_)));
    }
    assert!(race.has_started());
    race.failed(v4(2), ErrorKind::ConnectionRefused.into());
    let failures: Vec<_> = race.end().iter().map(|one| (one.0, one.1.kind())).collect();
    assert_eq!(
        failures,
        [
            (v4(2), ErrorKind::ConnectionRefused),
            (v4(1), ErrorKind::TimedOut),
            (v4(3), ErrorKind::TimedOut),
        ],
        "the last one was not tried"
    );
}

/// A listener on every address of 127.0.0.0/8 whose backlog is full, so that connecting to it
/// takes for ever.
struct Dead {
    listener: TcpListener,
    held: Vec<TcpStream>,
}

impl Dead {
    fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let mut dead = Self { listener: socket.into(), held: vec![] };
        while let Ok(stream) = TcpStream::connect_timeout(&dead.at(1), ms(300)) {
            dead.held.push(stream);
            assert!(dead.held.len() < 1000, "the backlog has an end");
        }
        dead
    }

    fn at(&self, last: u8) -> SocketAddr {
        (Ipv4Addr::new(127, 0, 0, last), self.listener.local_addr().unwrap().port()).into()
    }
}

/// An address at which nothing listens, and nothing will as long as the socket lives.
fn refusing() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}

/// Sends each client the `Host` that it has asked for.
fn greet<S: blocking::Stream>(stream: S) {
    let blocking::Incoming::Upgrade(upgrade) =
        blocking::Options::new().receive_request(stream).unwrap()
    else {
        panic!("the client asks for a WebSocket")
    };
    let host = upgrade.request().headers().get("host").unwrap().to_owned();
    let mut socket = upgrade.accept().unwrap();
    socket.send(host).unwrap();
    let _ = socket.until_closed();
}

fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || greet(stream));
        }
    });
    address
}

/// What a test looks at in an open connection.
#[derive(Debug)]
struct Opened {
    host: String,
    /// The socket, unless it is a Unix socket.
    tcp: Option<Facts>,
}

#[derive(Debug)]
struct Facts {
    local: SocketAddr,
    peer: SocketAddr,
    nodelay: bool,
    #[cfg(feature = "socket2")]
    keepalive: Option<Duration>,
    #[cfg(all(feature = "socket2", target_os = "linux"))]
    interface: Option<Vec<u8>>,
}

impl Facts {
    fn of(socket: socket2::SockRef<'_>) -> Self {
        Self {
            local: socket.local_addr().unwrap().as_socket().unwrap(),
            peer: socket.peer_addr().unwrap().as_socket().unwrap(),
            nodelay: socket.tcp_nodelay().unwrap(),
            #[cfg(feature = "socket2")]
            keepalive: socket.keepalive().unwrap().then(|| socket.tcp_keepalive_time().unwrap()),
            #[cfg(all(feature = "socket2", target_os = "linux"))]
            interface: socket.device().unwrap(),
        }
    }
}

/// Connects with a connector of each adapter, on threads of their own, and returns the results.
macro_rules! connect_in_every_adapter {
    ($uri:expr, |$connector:ident| $settings:expr) => {{
        let request = ClientRequest::new($uri).unwrap();
        let $connector = blocking::Connector::new();
        let blocking = $settings;
        let $connector = ws::Connector::new();
        let tokio = $settings;
        let $connector = futures::Connector::new();
        let futures = $settings;
        thread::scope(|scope| {
            let blocking = scope.spawn(|| {
                let (mut socket, _) = blocking.connect(&request)?;
                let host = socket.recv()?.unwrap().into_text().unwrap().to_string();
                Ok(Opened { host, tcp: socket.stream().tcp().map(|tcp| Facts::of(tcp.into())) })
            });
            let tokio = scope.spawn(|| {
                runtime().block_on(async {
                    let (mut socket, _) = tokio.connect(&request).await?;
                    let host = socket.recv().await?.unwrap().into_text().unwrap().to_string();
                    Ok(Opened { host, tcp: socket.stream().tcp().map(|tcp| Facts::of(tcp.into())) })
                })
            });
            let futures = scope.spawn(|| {
                smol::block_on(async {
                    let (mut socket, _) = futures.connect(&request).await?;
                    let host = socket.recv().await?.unwrap().into_text().unwrap().to_string();
                    let tcp = socket.stream().tcp();
                    Ok(Opened { host, tcp: tcp.map(|tcp| Facts::of(tcp.get_ref().into())) })
                })
            });
            let results: [Result<Opened, Error>; 3] =
                [blocking, tokio, futures].map(|thread| thread.join().unwrap());
            results
        })
    }};
}

#[cfg(target_os = "linux")]
mod namespaces;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn within<A>(time: impl Into<Option<Duration>>) -> Options<A> {
    Options::new().timeouts(Timeouts { handshake: time.into(), ..Timeouts::default() })
}

#[test]
fn dead_address_does_not_delay_the_next_one_by_its_share_of_the_time() {
    let (dead, good, begin) = (Dead::new(), serve(), Instant::now());
    for opened in connect_in_every_adapter!("ws://two.test/", |connector| {
        connector.options(within(LONG)).addresses([dead.at(1), good])
    }) {
        assert_eq!(opened.unwrap().tcp.unwrap().peer, good);
    }
    // 0.25 s, on a machine with time to spare.
    assert!(begin.elapsed() < LONG / 4);
    for opened in connect_in_every_adapter!("ws://two.test/", |connector| {
        connector.options(within(None)).addresses([dead.at(1), good])
    }) {
        assert_eq!(opened.unwrap().tcp.unwrap().peer, good);
    }
}

#[test]
fn last_of_fifty_addresses_is_reached_in_time() {
    let (dead, good) = (Dead::new(), serve());
    let fifty: Vec<_> = (1..50).map(|last| dead.at(last)).chain([good]).collect();
    for opened in connect_in_every_adapter!("ws://fifty.test/", |connector| {
        connector.addresses(fifty.clone())
    }) {
        assert_eq!(opened.unwrap().tcp.unwrap().peer, good);
    }
}

#[test]
fn refused_address_is_skipped_and_all_failures_are_in_the_error() {
    let (_socket, refused) = refusing();
    let good = serve();
    for opened in connect_in_every_adapter!("ws://two.test/", |connector| {
        connector.addresses([refused, good])
    }) {
        assert_eq!(opened.unwrap().tcp.unwrap().peer, good);
    }

    let six = (1..7).map(|last| SocketAddr::from(([127, 0, 0, last], refused.port())));
    let six: Vec<_> = six.collect();
    for result in connect_in_every_adapter!("ws://six.test/", |connector| {
        connector.addresses(six.clone())
    }) {
        let Err(Error::Connect(error)) = &result else { panic!("{result:?}") };
        assert_eq!(error.host(), "six.test");
        assert_eq!(error.failures().len(), 6);
        assert!(error.failures().iter().all(|one| one.1.kind() == ErrorKind::ConnectionRefused));
        let text = error.to_string();
        assert!(
            text.starts_with("no address of the host six.test could be connected to: 127.0.0.1:")
        );
        assert!(text.ends_with("), and 2 more") && text.matches("os error").count() == 4, "{text}");
        assert_eq!(io::Error::from(result.unwrap_err()).kind(), ErrorKind::ConnectionRefused);
    }
}

#[test]
fn host_without_an_address_is_an_error_that_names_it() {
    for result in connect_in_every_adapter!("ws://none.test/", |connector| connector.addresses([]))
    {
        let Err(Error::Connect(error)) = result else { panic!("{result:?}") };
        assert!(error.failures().is_empty());
        assert_eq!(error.to_string(), "the host none.test has no address; check its name");
    }
}

/// Makes the same resolver for each adapter of a function that does not wait.
macro_rules! connect_with_resolver {
    ($uri:expr, $resolve:expr) => {{
        let request = ClientRequest::new($uri).unwrap();
        let resolve = $resolve;
        let blocking = blocking::Connector::new().resolver(resolve.clone());
        let blocking =
            blocking.connect(&request).map(|(socket, _)| socket.stream().tcp().is_some());
        let with = resolve.clone();
        let connector =
            ws::Connector::new().resolver(move |host, port| future::ready(with(host, port)));
        let tokio = runtime().block_on(connector.connect(&request));
        let tokio = tokio.map(|(socket, _)| socket.stream().tcp().is_some());
        let connector = futures::Connector::new()
            .resolver(move |host, port| future::ready(resolve(host, port)));
        let futures = smol::block_on(connector.connect(&request));
        let futures = futures.map(|(socket, _)| socket.stream().tcp().is_some());
        [blocking, tokio, futures]
    }};
}

#[test]
fn resolver_is_asked_for_names_and_not_for_ip_addresses() {
    let good = serve();
    let asked = Arc::new(Mutex::new(vec![]));
    let resolve = {
        let asked = Arc::clone(&asked);
        move |host: String, port: u16| {
            asked.lock().unwrap().push((host, port));
            Ok(vec![good])
        }
    };
    for opened in connect_with_resolver!("ws://chat.test:81/", resolve.clone()) {
        assert!(opened.unwrap());
    }
    let expected = vec![("chat.test".to_owned(), 81); 3];
    assert_eq!(*asked.lock().unwrap(), expected);
    for opened in connect_with_resolver!(&format!("ws://{good}/"), resolve) {
        assert!(opened.unwrap());
    }
    assert_eq!(*asked.lock().unwrap(), expected);
}

#[test]
fn error_of_a_resolver_names_the_host() {
    let fail = |_: String, _: u16| Err(io::Error::new(ErrorKind::NotFound, "no such domain"));
    for result in connect_with_resolver!("ws://chat.test/", fail) {
        let Err(Error::Io(error)) = result else { panic!("{result:?}") };
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.to_string(), "the host chat.test: no such domain");
    }
}

#[test]
fn systems_resolver_finds_localhost() {
    let good = serve();
    let uri = format!("ws://localhost:{}/", good.port());
    for opened in connect_in_every_adapter!(&uri, |connector| connector.options(within(LONG))) {
        assert_eq!(opened.unwrap().tcp.unwrap().peer, good);
    }
}

#[test]
fn resolver_that_hangs_does_not_outlast_the_deadline() {
    let request = ClientRequest::new("ws://slow.test/").unwrap();
    let (end, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let connector = blocking::Connector::new().options(within(ms(50))).resolver(move |_, _| {
        let _ = wait.lock().unwrap().recv();
        Ok(vec![])
    });
    let result = connector.connect(&request);
    assert!(matches!(result, Err(Error::TimedOut(TimedOut::Handshake))), "{result:?}");
    drop(end);

    let connector = ws::Connector::new().options(within(ms(50))).resolver(|_, _| future::pending());
    let result = runtime().block_on(connector.connect(&request));
    assert!(matches!(result, Err(Error::TimedOut(TimedOut::Handshake))), "{result:?}");

    let connector =
        futures::Connector::new().options(within(ms(50))).resolver(|_, _| future::pending());
    let result = smol::block_on(connector.connect(&request));
    assert!(matches!(result, Err(Error::TimedOut(TimedOut::Handshake))), "{result:?}");
}

#[test]
fn resolver_that_panics_is_an_error() {
    let request = ClientRequest::new("ws://panic.test/").unwrap();
    let connector = blocking::Connector::new().resolver(|_, _| panic!("of the application"));
    let result = connector.connect(&request);
    let Err(Error::Io(error)) = result else { panic!("{result:?}") };
    assert_eq!(error.to_string(), "the host panic.test: the resolver panicked");
}

#[test]
fn deadline_of_a_race_is_an_error_with_every_address_that_was_tried() {
    let (dead, (_socket, refused)) = (Dead::new(), refusing());
    let no_answer = "no answer in time; see Timeouts::handshake";
    // The second one of two that do not answer is tried after 250 ms, or later on a busy machine.
    let tables = [
        (vec![dead.at(1)], ms(400)),
        (vec![refused, dead.at(1)], ms(400)),
        (vec![dead.at(1), dead.at(2)], ms(1500)),
    ];
    for (addresses, time) in tables {
        for result in connect_in_every_adapter!("ws://dead.test/", |connector| {
            connector.options(within(time)).addresses(addresses.clone())
        }) {
            let Err(Error::Connect(error)) = &result else { panic!("{result:?}") };
            assert_eq!(error.host(), "dead.test");
            let tried: Vec<_> = error.failures().iter().map(|(address, _)| *address).collect();
            assert_eq!(tried, addresses);
            for (address, failure) in error.failures() {
                match *address == refused {
                    true => assert_eq!(failure.kind(), ErrorKind::ConnectionRefused),
                    false => assert_eq!(failure.to_string(), no_answer),
                }
            }
            let expected = format!("{} ({no_answer})", dead.at(1));
            assert!(error.to_string().contains(&expected), "{error}");
            let error = result.unwrap_err();
            assert!(error.is_retryable());
            assert_eq!(io::Error::from(error).kind(), ErrorKind::TimedOut);
        }
    }
}

/// A blocking attempt can't be interrupted: it ends by itself, and so does what it has opened.
#[test]
fn blocking_attempt_that_connects_too_late_is_closed() {
    let (mut dead, good) = (Dead::new(), serve());
    let request = ClientRequest::new("ws://two.test/").unwrap();
    let connector = blocking::Connector::new().options(within(LONG)).addresses([dead.at(1), good]);
    let (socket, _) = connector.connect(&request).unwrap();
    let held: Vec<_> = dead.held.drain(..).map(|held| held.local_addr().unwrap()).collect();
    // There is room in the backlog now. The system asks again within seconds.
    let mut late = loop {
        let (stream, peer) = dead.listener.accept().unwrap();
        if !held.contains(&peer) {
            break stream;
        }
    };
    late.set_read_timeout(Some(LONG)).unwrap();
    let read = late.read(&mut [0]);
    let is_closed = match &read {
        Ok(count) => *count == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    };
    assert!(is_closed, "{read:?}");
    drop(socket);
}

#[test]
fn fixed_addresses_leave_the_host_of_the_request() {
    let good = serve();
    for opened in connect_in_every_adapter!("ws://example.com:81/", |connector| {
        connector.addresses([good])
    }) {
        let opened = opened.unwrap();
        assert_eq!(opened.host, "example.com:81");
        assert_eq!(opened.tcp.unwrap().peer, good);
    }
}

#[test]
fn tcp_nodelay_is_set_unless_it_is_not_wanted() {
    let uri = format!("ws://{}/", serve());
    for opened in connect_in_every_adapter!(&uri, |connector| connector.options(within(LONG))) {
        assert!(opened.unwrap().tcp.unwrap().nodelay);
    }
    for opened in connect_in_every_adapter!(&uri, |connector| connector.nodelay(false)) {
        assert!(!opened.unwrap().tcp.unwrap().nodelay);
    }
}

#[cfg(unix)]
#[test]
fn unix_socket_is_connected_to_and_leaves_the_host_of_the_request() {
    use std::os::unix::net::UnixListener;

    let path = std::env::temp_dir().join(format!("sansocket-{}.socket", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let serving = thread::spawn(move || {
        (0..3).for_each(|_| greet(listener.accept().unwrap().0));
    });
    for opened in
        connect_in_every_adapter!("ws://example.com/", |connector| { connector.unix_socket(&path) })
    {
        let opened = opened.unwrap();
        assert_eq!(opened.host, "example.com");
        assert!(opened.tcp.is_none());
    }
    serving.join().unwrap();
    std::fs::remove_file(&path).unwrap();
    for result in
        connect_in_every_adapter!("ws://example.com/", |connector| { connector.unix_socket(&path) })
    {
        let Err(Error::Io(error)) = result else { panic!("{result:?}") };
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

#[cfg(feature = "socket2")]
#[test]
fn local_address_is_that_of_the_socket() {
    let good = serve();
    let local = std::net::IpAddr::from([127, 0, 0, 9]);
    for opened in connect_in_every_adapter!("ws://one.test/", |connector| {
        connector.local_address(local).addresses([(Ipv6Addr::LOCALHOST, 9).into(), good])
    }) {
        assert_eq!(opened.unwrap().tcp.unwrap().local.ip(), local, "and IPv6 is skipped");
    }
    for result in
        connect_in_every_adapter!("ws://[::1]:9/", |connector| { connector.local_address(local) })
    {
        let Err(Error::Connect(error)) = result else { panic!("{result:?}") };
        assert!(error.to_string().contains("the local address is of the other family"), "{error}");
    }
}

#[cfg(feature = "socket2")]
#[test]
fn tcp_keepalive_is_set_before_the_socket_connects() {
    let uri = format!("ws://{}/", serve());
    let idle = Duration::from_secs(77);
    for opened in connect_in_every_adapter!(&uri, |connector| {
        connector.tcp_keepalive(idle, Duration::from_secs(5))
    }) {
        assert_eq!(opened.unwrap().tcp.unwrap().keepalive, Some(idle));
    }
}

/// Whether this process may bind a socket to an interface: before Linux 5.7, CAP_NET_RAW is needed.
#[cfg(all(feature = "socket2", target_os = "linux"))]
fn can_bind_to_interface() -> bool {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    match socket.bind_device(Some(b"lo")) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            eprintln!("skipped: the system does not permit SO_BINDTODEVICE: {error}");
            false
        }
        bound => bound.map(|()| true).unwrap(),
    }
}

#[cfg(all(feature = "socket2", target_os = "linux"))]
#[test]
fn interface_is_that_of_the_socket() {
    if !can_bind_to_interface() {
        return;
    }
    let uri = format!("ws://{}/", serve());
    for opened in connect_in_every_adapter!(&uri, |connector| connector.interface("lo")) {
        assert_eq!(opened.unwrap().tcp.unwrap().interface.as_deref(), Some(&b"lo"[..]));
    }
    for opened in connect_in_every_adapter!(&uri, |connector| connector.options(within(LONG))) {
        assert_eq!(opened.unwrap().tcp.unwrap().interface, None);
    }
}

#[cfg(all(feature = "socket2", target_os = "linux"))]
#[test]
fn interface_that_does_not_exist_is_a_failure_of_each_address_and_named() {
    if !can_bind_to_interface() {
        return;
    }
    let uri = format!("ws://{}/", serve());
    for result in connect_in_every_adapter!(&uri, |connector| connector.interface("none0")) {
        let Err(Error::Connect(error)) = result else { panic!("{result:?}") };
        let [(_, failure)] = error.failures() else { panic!("{error:?}") };
        assert_eq!(failure.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("(the interface none0: "), "{error}");
    }
}

#[test]
fn error_of_connecting_is_small() {
    assert_eq!(size_of::<ConnectError>(), size_of::<usize>());
}
