//! A broker of its own for a test: Debian's `redis-server` or `nats-server`, on loopback, with a
//! directory for its data. And a relay before it, which a test can stop.

use std::net::{SocketAddr, TcpStream as StdStream, UdpSocket};
use std::ops::RangeInclusive;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sansocket_hub::{Address, Settings};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::run::{Hub, hub_with, within};

#[derive(Clone, Copy, PartialEq)]
#[allow(dead_code)] // One of them, if a feature is off.
pub(crate) enum Kind {
    Redis,
    Nats,
}

/// A broker that serves, and is killed when this is dropped.
pub(crate) struct Broker {
    kind: Kind,
    port: Port,
    directory: TempDir,
    child: Option<Child>,
}

/// Where a broker's port is looked for.
const PORTS: RangeInclusive<u16> = 10_000..=u16::MAX;

/// A port that is of one broker alone, also while that is killed.
struct Port {
    number: u16,
    /// The UDP port of the same number, which keeps all other tests from this one.
    _lock: UdpSocket,
}

impl Port {
    /// The system gives none of these to clients, nor to listeners that leave the choice to it. If
    /// it gives all, one of those.
    fn reserve() -> Self {
        let dynamic = dynamic_ports();
        let all = PORTS.filter(|number| !dynamic.contains(number)).chain(dynamic.clone());
        for number in all {
            let Ok(lock) = UdpSocket::bind(("127.0.0.1", number)) else { continue };
            if StdStream::connect(("127.0.0.1", number)).is_err() {
                return Self { number, _lock: lock };
            }
        }
        panic!("every port of {PORTS:?} and {dynamic:?} is taken")
    }
}

/// The ports of which the system takes one where a program asks for none.
fn dynamic_ports() -> RangeInclusive<u16> {
    // Linux has its own range; others have IANA's.
    let Ok(range) = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range") else {
        return 49_152..=u16::MAX;
    };
    let mut ends = range.split_whitespace().map(|port| port.parse().unwrap());
    ends.next().unwrap()..=ends.next().unwrap()
}

#[test]
fn port_of_a_broker_is_given_to_nobody_else() {
    let ports = [Port::reserve(), Port::reserve()];
    assert_ne!(ports[0].number, ports[1].number);
    let dynamic = dynamic_ports();
    if PORTS.clone().any(|number| !dynamic.contains(&number)) {
        assert!(ports.iter().all(|port| !dynamic.contains(&port.number)), "{dynamic:?}");
    }
}

/// Starts a program. `None` if it is not installed.
fn start_program(command: &mut Command) -> Option<Child> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
        Ok(child) => Some(child),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: {name} is not installed");
            None
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

impl Broker {
    /// `None` if the program is not installed.
    pub(crate) async fn start(kind: Kind) -> Option<Self> {
        let directory = TempDir::new().unwrap();
        let mut this = Self { kind, port: Port::reserve(), directory, child: None };
        this.start_again().await.then_some(this)
    }

    /// Starts it on its port and data. Returns whether it is installed.
    pub(crate) async fn start_again(&mut self) -> bool {
        let (port, directory) = (self.port.number.to_string(), self.directory.path());
        let mut command;
        match self.kind {
            Kind::Redis => {
                command = Command::new("redis-server");
                command.args(["--bind", "127.0.0.1", "--port", &port, "--save", ""]);
                command.args(["--appendonly", "yes", "--appendfsync", "always", "--dir"]);
                command.arg(directory);
            }
            Kind::Nats => {
                command = Command::new("nats-server");
                command.args(["-a", "127.0.0.1", "-p", &port, "-js", "-sd"]).arg(directory);
            }
        }
        self.child = start_program(&mut command);
        let Some(child) = &mut self.child else { return false };
        // Waits until it listens.
        within(async {
            while TcpStream::connect(("127.0.0.1", self.port.number)).await.is_err() {
                let status = child.try_wait().unwrap();
                assert!(status.is_none(), "{command:?} has ended: {status:?}");
                sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        true
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Stops the process, or lets it go on: it does nothing meanwhile.
    pub(crate) fn stop(&self, is_stopped: bool) {
        let child = self.child.as_ref().unwrap();
        let signal = if is_stopped { "-STOP" } else { "-CONT" };
        // The shell has this command; a program of its name may be missing.
        let command = format!("kill {signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    /// Removes its data.
    pub(crate) fn forget(&mut self) {
        assert!(self.child.is_none());
        self.directory = TempDir::new().unwrap();
    }

    pub(crate) fn url(&self) -> String {
        self.url_at(self.port.number)
    }

    fn url_at(&self, port: u16) -> String {
        match self.kind {
            Kind::Redis => format!("redis://127.0.0.1:{port}/"),
            Kind::Nats => format!("nats://127.0.0.1:{port}"),
        }
    }

    pub(crate) fn option(&self) -> &'static str {
        match self.kind {
            Kind::Redis => "--redis",
            Kind::Nats => "--nats",
        }
    }

    fn settings(&self, port: u16) -> Settings {
        let url = self.url_at(port);
        let address = match self.kind {
            Kind::Redis => Address::Redis(url),
            Kind::Nats => Address::Nats(url),
        };
        Settings { broker: Some(address), rate: 100_000, ..Settings::new() }
    }

    /// A hub behind this broker.
    pub(crate) async fn hub(&self) -> Hub {
        within(hub_with(self.settings(self.port.number))).await
    }

    /// A hub that reaches this broker by a relay.
    pub(crate) async fn hub_behind(&self, relay: &Relay) -> Hub {
        within(hub_with(self.settings(relay.port))).await
    }

    /// The number of updates in the document's stream.
    pub(crate) async fn updates(&self) -> u64 {
        match self.kind {
            #[cfg(feature = "redis")]
            Kind::Redis => {
                let client = redis::Client::open(self.url()).unwrap();
                let mut connection = client.get_multiplexed_async_connection().await.unwrap();
                let mut length = redis::cmd("XLEN");
                length.arg("{hub}:document").query_async(&mut connection).await.unwrap()
            }
            #[cfg(feature = "nats")]
            Kind::Nats => {
                let client = async_nats::connect(self.url()).await.unwrap();
                let context = async_nats::jetstream::new(client);
                let stream = context.get_stream("HUB_DOCUMENT").await.unwrap();
                stream.cached_info().state.messages
            }
            #[allow(unreachable_patterns)]
            _ => unreachable!("its feature is off"),
        }
    }

    /// Appends what is no message to the chat, and with Redis, what is no update to the document.
    pub(crate) async fn write_what_no_hub_reads(&self) {
        match self.kind {
            #[cfg(feature = "redis")]
            Kind::Redis => {
                let client = redis::Client::open(self.url()).unwrap();
                let mut connection = client.get_multiplexed_async_connection().await.unwrap();
                let mut pipe = redis::pipe();
                for (stream, id) in [("{hub}:chat", "2-0"), ("{hub}:document", "1-0")] {
                    pipe.cmd("XADD").arg(stream).arg(id).arg("neither").arg("nor");
                    pipe.incr(format!("{stream}:last"), 1);
                }
                pipe.exec_async(&mut connection).await.unwrap();
            }
            #[cfg(feature = "nats")]
            Kind::Nats => {
                let client = async_nats::connect(self.url()).await.unwrap();
                let context = async_nats::jetstream::new(client);
                let ack = context.publish("hub.chat", "not a message".into()).await.unwrap();
                assert_eq!(ack.await.unwrap().sequence, 2);
            }
            #[allow(unreachable_patterns)]
            _ => unreachable!("its feature is off"),
        }
    }

    /// A relay before this broker.
    pub(crate) async fn relay(&self) -> Relay {
        Relay::to(([127, 0, 0, 1], self.port.number).into()).await
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A relay of TCP connections: while it is cut, it has none, and accepts none.
pub(crate) struct Relay {
    port: u16,
    is_cut: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Relay {
    async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (is_cut, seen) = watch::channel(false);
        let task = tokio::spawn(async move {
            while let Ok((mut inner, _)) = listener.accept().await {
                let mut seen = seen.clone();
                tokio::spawn(async move {
                    let relaying = async {
                        if let Ok(mut outer) = TcpStream::connect(target).await {
                            let _ = copy_bidirectional(&mut inner, &mut outer).await;
                        }
                    };
                    tokio::select! {
                        _ = seen.wait_for(|is_cut| *is_cut) => {}
                        () = relaying => {}
                    }
                });
            }
        });
        Self { port, is_cut, task }
    }

    pub(crate) fn cut(&self, is_cut: bool) {
        self.is_cut.send_replace(is_cut);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}
