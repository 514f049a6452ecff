//! A broker of its own for a test: Debian's `redis-server` or `nats-server`, on loopback, with a
//! directory for its data. And a relay before it, which a test can stop.

use std::net::{SocketAddr, TcpListener as StdListener};
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
    port: u16,
    directory: TempDir,
    child: Option<Child>,
}

pub(crate) fn free_port() -> u16 {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until somebody listens.
pub(crate) async fn until_listening(port: u16) {
    within(async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// Starts a program. `None` if it is not installed.
pub(crate) fn start_program(command: &mut Command) -> Option<Child> {
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
        let mut this = Self { kind, port: free_port(), directory, child: None };
        this.start_again().await.then_some(this)
    }

    /// Starts it on its port and data. Returns whether it is installed.
    pub(crate) async fn start_again(&mut self) -> bool {
        let (port, directory) = (self.port.to_string(), self.directory.path());
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
        let is_installed = self.child.is_some();
        if is_installed {
            until_listening(self.port).await;
        }
        is_installed
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Removes its data.
    pub(crate) fn forget(&mut self) {
        assert!(self.child.is_none());
        self.directory = TempDir::new().unwrap();
    }

    pub(crate) fn url(&self) -> String {
        self.url_at(self.port)
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
        within(hub_with(self.settings(self.port))).await
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
        Relay::to(([127, 0, 0, 1], self.port).into()).await
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
