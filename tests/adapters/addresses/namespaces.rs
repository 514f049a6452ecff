//! Addresses whose packets are lost, in two network namespaces that are connected by a cable (veth).
//!
//! ```text
//!   client  192.0.2.1, 2001:db8::1 ───── 192.0.2.2  server
//!           packets to all other addresses go to a station that is not there
//! ```
//!
//! `cargo test --all-features --test adapters namespaces -- --ignored --nocapture`
//!
//! The namespaces are made by `ip`, which needs root, and removed at the end. Without root, nothing
//! is tested, and a line says so.

use std::env;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio, id};
use std::thread;
use std::time::{Duration, Instant};

use sansocket::{ClientRequest, Error};
use sansocket::{blocking, futures, tokio as ws};

use super::{Facts, Opened, greet, ms, runtime, within};

/// In the environment of the programs that run inside.
const INSIDE: &str = "SANSOCKET_NAMESPACE";

/// The only address that answers.
const GOOD: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(super::Ipv4Addr::new(192, 0, 2, 2)), 8080);

const LOST_V6: &str = "[2001:db8::2]:8080";

/// Addresses of the same network to which packets are lost.
fn lost_v4() -> impl Iterator<Item = SocketAddr> {
    (101..=149).map(|last| SocketAddr::from(([192, 0, 2, last], 8080)))
}

fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip").args(arguments.split(' ')).output();
    let output = output.map_err(|error| format!("ip: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// Both namespaces, until it is dropped.
struct Namespaces {
    client: String,
    server: String,
}

impl Namespaces {
    fn new() -> Result<Self, String> {
        let name = |end| format!("sansocket-{}-{end}", id());
        let it = Self { client: name("client"), server: name("server") };
        let Self { client, server } = &it;
        ip(&format!("netns add {client}"))?;
        ip(&format!("netns add {server}"))?;
        ip(&format!("link add cable netns {client} type veth peer name cable netns {server}"))?;
        ip(&format!("-n {client} address add 192.0.2.1/24 dev cable"))?;
        ip(&format!("-n {client} address add 2001:db8::1/64 dev cable nodad"))?;
        ip(&format!("-n {server} address add {}/24 dev cable", GOOD.ip()))?;
        ip(&format!("-n {server} link set cable up"))?;
        ip(&format!("-n {client} link set cable up"))?;
        for lost in lost_v4().chain([LOST_V6.parse().unwrap()]) {
            let station = "lladdr 02:00:00:00:00:99 dev cable nud permanent";
            ip(&format!("-n {client} neighbour add {} {station}", lost.ip()))?;
        }
        Ok(it)
    }

    /// Starts a function of this file inside.
    fn start(namespace: &str, function: &str) -> Child {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(env::current_exe().unwrap());
        command.args(["--ignored", "--nocapture", "--exact"]);
        command.arg(format!("addresses::namespaces::{function}")).env(INSIDE, namespace);
        command.stdout(Stdio::piped()).spawn().unwrap()
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for namespace in [&self.client, &self.server] {
            let _ = ip(&format!("netns delete {namespace}"));
        }
    }
}

#[test]
#[ignore = "needs root, and a machine with time to spare"]
fn addresses_whose_packets_are_lost_do_not_keep_from_the_good_one() {
    let namespaces = match Namespaces::new() {
        Ok(namespaces) => namespaces,
        Err(error) => return println!("skipped: network namespaces: {error}"),
    };
    let mut server = Namespaces::start(&namespaces.server, "serve");
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let listens = lines.any(|line| line.unwrap().ends_with("listening"));
    let client = Namespaces::start(&namespaces.client, "connect").wait_with_output();
    let _ = server.kill();
    let _ = server.wait();
    let client = client.unwrap();
    assert!(listens, "the server has failed");
    print!("{}", String::from_utf8_lossy(&client.stdout));
    assert!(client.status.success());
}

#[test]
#[ignore = "run by the test above, inside a namespace"]
fn serve() {
    if env::var_os(INSIDE).is_none() {
        return;
    }
    let listener = TcpListener::bind(GOOD).unwrap();
    println!("listening");
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        thread::spawn(move || greet(stream));
    }
}

#[test]
#[ignore = "run by the test above, inside a namespace"]
fn connect() {
    if env::var_os(INSIDE).is_none() {
        return;
    }
    let lost_v6: SocketAddr = LOST_V6.parse().unwrap();
    let reaches_good_one = |addresses: Vec<SocketAddr>, limit: Duration| {
        let begin = Instant::now();
        for opened in connect_in_every_adapter!("ws://lost.test/", |connector| {
            connector.addresses(addresses.clone())
        }) {
            assert_eq!(opened.unwrap().tcp.unwrap().peer, GOOD);
        }
        let elapsed = begin.elapsed();
        println!("{} lost addresses: {elapsed:.2?}", addresses.len() - 1);
        assert!(elapsed < limit, "{elapsed:?}");
    };
    reaches_good_one(vec![GOOD], ms(200));
    reaches_good_one(vec![lost_v6, GOOD], ms(400));
    // Half of the 10 s of Timeouts::handshake.
    reaches_good_one(lost_v4().chain([GOOD]).collect(), ms(6000));

    for result in connect_in_every_adapter!("ws://lost.test/", |connector| {
        connector.options(within(ms(500))).addresses([lost_v6])
    }) {
        let Err(Error::Connect(error)) = result else { panic!("{result:?}") };
        let [(address, failure)] = error.failures() else { panic!("{error:?}") };
        assert_eq!((*address, failure.kind()), (lost_v6, ErrorKind::TimedOut));
    }
}
