//! A reverse proxy for WebSocket, which passes frames on without making messages of them.
//!
//! ```text
//!            HTTP/1.1, HTTP/2                           HTTP/1.1, HTTP/2
//!   client ────── frames ──────► masked anew ────── frames ──────► backend
//!          ◄───────────────────── unchanged ◄─────────────────────
//! ```
//!
//! The proxy needs no connection of the library, only its layers below that: [`sansocket::wire`]
//! for headers and masks, [`sansocket::http`] for the client's opening handshake, [`sansocket::h2`]
//! for a backend's streams, [`sansocket::deflate`] where compression ends, and
//! [`sansocket::group`].
//!
//! | file | contents |
//! |---|---|
//! | arguments, tls | the command line, and certificates |
//! | front | a client's connection: TLS, and which version of HTTP |
//! | service, headers, compression | a client's request, and the backend's response to it |
//! | backend | the opening handshake with the backend |
//! | tunnel, direction, forwarding | both directions; the frames of one |
//! | flow, frames, transcoder, source | frames that pass unchanged, and messages that do not |
//! | input, output, stream, socket | bytes of a direction; TCP, TLS, or a stream of HTTP/2 |
//!
//! A connection is counted from the accept on, with a request or without, in [`Groups::accepted`].
//!
//! | a client that | is ended |
//! |---|---|
//! | sends no TLS, no request, or half of one | after [`Settings::handshake`] |
//! | has an HTTP/2 connection and answers no ping | 40 s after its last frame |
//! | sends and receives nothing on a WebSocket | after [`Settings::idle`], with code 1001 |
//!
//! The memory for a side that does not read, for each WebSocket and direction: 64 KiB, as much
//! again (and a chunk) where messages are compressed anew, and over HTTP/2 its window of 256 KiB
//! and 64 KiB to write.

mod arguments;
mod backend;
mod compression;
mod direction;
mod flow;
mod forwarding;
pub mod frames;
mod front;
mod headers;
mod input;
mod output;
mod service;
mod socket;
pub mod source;
mod stream;
pub mod tls;
pub mod transcoder;
mod tunnel;

use std::error::Error;
use std::future::{pending, ready};
use std::io::{self, Write};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use rustls::{ClientConfig, ServerConfig};
use sansocket::Uri;
use sansocket::group::{Group, Shutdown};
use tokio::net::TcpListener;

use self::arguments::{Arguments, HELP};
use self::service::Proxy;

type Failure = Box<dyn Error + Send + Sync>;

/// The settings of a proxy.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server behind the proxy. Its path is not used.
    pub backend: Uri,
    /// The TLS of a `wss:` backend: see [`tls::for_backend`]. Its ALPN protocols are not used.
    pub backend_tls: Option<ClientConfig>,
    /// Whether the backend speaks HTTP/2: by ALPN for `wss:`, by prior knowledge for `ws:`.
    pub backend_http2: bool,
    /// Whether the backend gets the client's `Host`.
    pub keeps_host: bool,
    /// The TLS of the front; `None` serves without TLS.
    pub tls: Option<Arc<ServerConfig>>,
    /// Whether the client's offers of compression are passed on.
    pub compresses: bool,
    /// Whether the proxy compresses for a client if the backend does not.
    pub compress_client: bool,
    /// Whether the proxy offers compression to the backend, also if the client does not.
    pub compress_backend: bool,
    /// The longest frame, in bytes.
    pub max_frame: u64,
    /// The most bytes of a message that the proxy decompresses.
    pub max_inflated: u64,
    /// How long a client may take for its request and the backend for its answer.
    pub handshake: Duration,
    /// How long nothing may pass before a connection is closed.
    pub idle: Duration,
}

impl Settings {
    /// The defaults of the command line.
    pub fn new(backend: Uri) -> Self {
        Self {
            backend,
            backend_tls: None,
            backend_http2: false,
            keeps_host: true,
            tls: None,
            compresses: true,
            compress_client: false,
            compress_backend: false,
            max_frame: u64::MAX,
            max_inflated: 16 << 20,
            handshake: Duration::from_secs(10),
            idle: Duration::from_secs(120),
        }
    }
}

/// What is counted and limited.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// The connections that were accepted, but for those that were upgraded over HTTP/1.1. Above
    /// its limits a connection is closed.
    pub accepted: Group,
    /// The WebSockets. Above its limits a request gets status 503 or 429.
    pub websockets: Group,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let parsed = Arguments::parse(std::env::args_os().skip(1));
    let run = || match parsed.map_err(|error| format!("{error}; see --help"))? {
        Some(arguments) => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(run(arguments)),
        None => Ok(writeln!(io::stdout(), "{HELP}")?),
    };
    run().map_or_else(
        |error: Failure| {
            eprintln!("reverse_proxy: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { settings, listen, max_connections, max_per_address } = arguments;
    let group = || Group::new().max_connections(max_connections).max_per_address(max_per_address);
    let groups = Groups { accepted: group(), websockets: group() };
    let listener = TcpListener::bind(&listen)
        .await
        .map_err(|error| format!("can't listen on {listen}: {error}"))?;
    // A WebSocket has two descriptors. The usual soft limit is 1024, and the hard one much higher.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let scheme = if settings.tls.is_some() { "wss" } else { "ws" };
    let mut interrupted = pin!(interrupted());
    // The first poll takes the signal: whoever reads the next line may send it.
    tokio::select! {
        biased;
        () = &mut interrupted => return Ok(()),
        () = ready(()) => {}
    }
    println!("listening on {scheme}://{}/", listener.local_addr()?);
    io::stdout().flush()?;
    serve(listener, settings, groups, interrupted).await;
    Ok(())
}

/// Waits for Ctrl-C. Without the signal there is no other way to stop, so a failure is not an end.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        pending::<()>().await;
    }
}

/// Serves until `stop`; then closes all connections, and waits for them.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    groups: Groups,
    stop: impl Future<Output = ()>,
) {
    let Groups { accepted, websockets } = groups;
    let proxy = Arc::new(Proxy::new(settings, websockets.clone()));
    let graceful = GracefulShutdown::new();
    let accepting = async {
        loop {
            match listener.accept().await {
                Ok((stream, address)) => {
                    // Above a limit the socket is closed.
                    let Ok(member) = accepted.enter(address.ip()) else { continue };
                    let (proxy, watcher) = (Arc::clone(&proxy), graceful.watcher());
                    accepted.spawn(member, async move |_member| {
                        front::serve(proxy, stream, watcher).await
                    });
                }
                Err(error) => {
                    // Out of descriptors, for example: those of others are freed meanwhile.
                    let _ = writeln!(io::stderr(), "a client was not accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stop => {}
    }
    // Or clients would connect and wait for an answer.
    drop(listener);
    let summary = websockets.shutdown(&Shutdown::new()).await;
    let (closed, aborted) = (summary.closed, summary.aborted);
    // A standard output that is closed is no reason to end before the requests.
    let _ = writeln!(io::stdout(), "{closed} connections closed, {aborted} aborted");
    // The wait is short: a client may never finish its request.
    let _ = tokio::time::timeout(Duration::from_secs(1), graceful.shutdown()).await;
}
