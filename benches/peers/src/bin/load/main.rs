//! `load KIND --addr HOST:PORT --pid PID …`: talks to an echo server, checks what comes back, and prints what it cost the server as
//! one line of JSON. Started by `benches/peers/run`.

mod batch;
mod broadcast;
mod clients;
mod connection;
mod echo;
mod memory;
mod round;
mod server;

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use server::Server;

/// What anything here may fail with: it is printed.
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

/// What was asked for on the command line.
struct Arguments {
    addr: SocketAddr,
    server: Server,
    /// The server sends bytes back as they are, without a handshake and with the masks on.
    raw: bool,
    connections: usize,
    /// Messages in flight per connection.
    depth: usize,
    /// Bytes of payload in a message.
    size: usize,
    warmup: Duration,
    duration: Duration,
}

fn run() -> Result<String, Failure> {
    let (kind, arguments) = Arguments::parse()?;
    match kind.as_str() {
        "echo" => echo::measure(&arguments),
        "broadcast" => broadcast::measure(&arguments),
        "memory" => memory::measure(&arguments),
        _ => Err(format!("no kind of load: {kind}").into()),
    }
}

impl Arguments {
    fn parse() -> Result<(String, Self), Failure> {
        let (mut kind, mut addr, mut pid) = (None, None, None);
        let (mut raw, mut connections, mut depth, mut size) = (false, 1, 1, 20);
        let (mut warmup, mut duration) = (Duration::ZERO, Duration::from_secs(1));
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            let lexopt::Arg::Long(option) = argument else {
                kind = Some(parser_value(argument)?);
                continue;
            };
            let option = option.to_owned();
            if option == "raw" {
                raw = true;
                continue;
            }
            let value = parser.value()?.into_string().map_err(|_| "not UTF-8")?;
            match option.as_str() {
                "addr" => addr = Some(value.parse()?),
                "pid" => pid = Some(value.parse()?),
                "connections" => connections = value.parse()?,
                "depth" => depth = value.parse()?,
                "size" => size = value.parse()?,
                "warmup" => warmup = Duration::from_secs_f64(value.parse()?),
                "seconds" => duration = Duration::from_secs_f64(value.parse()?),
                _ => return Err(format!("no option --{option}").into()),
            }
        }
        let (Some(kind), Some(addr), Some(pid)) = (kind, addr, pid) else { return Err("KIND, --addr and --pid".into()) };
        Ok((kind, Self { addr, server: Server::new(pid)?, raw, connections, depth, size, warmup, duration }))
    }
}

fn parser_value(argument: lexopt::Arg) -> Result<String, Failure> {
    match argument {
        lexopt::Arg::Value(value) => Ok(value.into_string().map_err(|_| "not UTF-8")?),
        other => Err(other.unexpected().into()),
    }
}
