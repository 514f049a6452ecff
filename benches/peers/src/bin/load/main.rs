//! `load KIND --addr HOST:PORT --pid PID …`: sends to an echo server, checks the echo, and prints
//! the server's costs as one line of JSON. Started by `benches/peers/run`.

mod batch;
mod broadcast;
mod clients;
mod connection;
mod echo;
mod handshake;
mod memory;
mod process;
mod records;
mod round;
mod stream;
mod subscribers;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use lexopt::ValueExt;
use process::Process;
use rustls::ClientConfig;

/// Any error: it is printed.
type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    match run() {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The command line.
struct Arguments {
    target: Target,
    /// The baseline of the server.
    floor: Option<Target>,
    connections: usize,
    /// Messages in flight per connection.
    depth: usize,
    /// Bytes of payload in a message.
    size: usize,
    warmup: Duration,
    duration: Duration,
}

/// A server.
struct Target {
    addr: SocketAddr,
    process: Process,
    /// Whether it echoes bytes without a handshake, and with their masks.
    raw: bool,
    /// Its connections are over TLS.
    tls: Option<Arc<ClientConfig>>,
}

fn run() -> Result<String, Failure> {
    let (kind, arguments) = Arguments::parse()?;
    match kind.as_str() {
        "echo" => echo::measure(&arguments),
        "broadcast" => broadcast::measure(&arguments),
        "handshake" => handshake::measure(&arguments),
        "subscribers" => subscribers::measure(&arguments),
        "memory" => memory::measure(&arguments),
        _ => Err(format!("no kind of load: {kind}").into()),
    }
}

impl Arguments {
    fn parse() -> Result<(String, Self), Failure> {
        let (mut kind, mut addr, mut pid, mut floor_addr, mut floor_pid, mut certificate) =
            (None, None, None, None, None, None);
        let (mut raw, mut connections, mut depth, mut size) = (false, 1, 1, 20);
        let (mut warmup, mut duration) = (Duration::ZERO, Duration::from_secs(1));
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Value(value) => kind = Some(value.string()?),
                lexopt::Arg::Long("raw") => raw = true,
                lexopt::Arg::Long("addr") => addr = Some(parser.value()?.parse()?),
                lexopt::Arg::Long("pid") => pid = Some(parser.value()?.parse()?),
                lexopt::Arg::Long("floor-addr") => floor_addr = Some(parser.value()?.parse()?),
                lexopt::Arg::Long("floor-pid") => floor_pid = Some(parser.value()?.parse()?),
                lexopt::Arg::Long("tls") => certificate = Some(PathBuf::from(parser.value()?)),
                lexopt::Arg::Long("connections") => connections = parser.value()?.parse()?,
                lexopt::Arg::Long("depth") => depth = parser.value()?.parse()?,
                lexopt::Arg::Long("size") => size = parser.value()?.parse()?,
                lexopt::Arg::Long("warmup") => {
                    warmup = Duration::from_secs_f64(parser.value()?.parse()?)
                }
                lexopt::Arg::Long("seconds") => {
                    duration = Duration::from_secs_f64(parser.value()?.parse()?)
                }
                other => return Err(other.unexpected().into()),
            }
        }
        let (Some(kind), Some(addr), Some(pid)) = (kind, addr, pid) else {
            return Err("KIND, --addr and --pid".into());
        };
        let tls = certificate.as_deref().map(stream::config).transpose()?;
        let target = Target { addr, process: Process::new(pid)?, raw, tls: tls.clone() };
        let floor = match (floor_addr, floor_pid) {
            (Some(addr), Some(pid)) => {
                Some(Target { addr, process: Process::new(pid)?, raw: true, tls })
            }
            _ => None,
        };
        Ok((kind, Self { target, floor, connections, depth, size, warmup, duration }))
    }
}
