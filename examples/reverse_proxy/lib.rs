//! A reverse proxy for WebSocket, which passes frames on without making messages of them.
//!
//! ```text
//!            HTTP/1.1, HTTP/2                               HTTP/1.1
//!   client ────── frames ──────► masked anew ────── frames ──────► backend
//!          ◄───────────────────── unchanged ◄─────────────────────
//! ```
//!
//! It needs no connection of the library, only its layers below that: [`sansocket::wire`] for
//! headers and masks, [`sansocket::http`] for the client's opening handshake, and
//! [`sansocket::group`].
//!
//! | file | contents |
//! |---|---|
//! | arguments | the command line |
//! | service, headers | a client's request, and the backend's response to it |
//! | backend | the opening handshake with the backend |
//! | tunnel, direction, frames | both directions, one of them, and its frames |
//! | stream | a TCP socket, or a stream of HTTP/2 |

mod arguments;
mod backend;
mod direction;
pub mod frames;
mod headers;
mod service;
mod stream;
mod tunnel;

use std::convert::Infallible;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use sansocket::Uri;
use sansocket::group::{Group, Shutdown};
use tokio::net::{TcpListener, TcpStream};

use self::arguments::{Arguments, HELP};
use self::service::Proxy;

type Failure = Box<dyn Error + Send + Sync>;

/// How connections are passed on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server behind the proxy. Its path is not used.
    pub backend: Uri,
    /// Whether the backend gets the client's `Host`.
    pub keeps_host: bool,
    /// Whether the client's offers of compression are passed on.
    pub compresses: bool,
    /// The longest frame, in bytes.
    pub max_frame: u64,
    /// How long nothing may pass before a connection is closed.
    pub idle: Duration,
}

impl Settings {
    /// The defaults of the command line.
    pub fn new(backend: Uri) -> Self {
        let idle = Duration::from_secs(120);
        Self { backend, keeps_host: true, compresses: true, max_frame: u64::MAX, idle }
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let run = || match Arguments::parse(std::env::args_os().skip(1))? {
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
    let group = Group::new().max_connections(max_connections).max_per_address(max_per_address);
    let listener = TcpListener::bind(&listen)
        .await
        .map_err(|error| format!("can't listen on {listen}: {error}"))?;
    println!("listening on ws://{}/", listener.local_addr()?);
    io::stdout().flush()?;
    serve(listener, settings, group, async {
        // Without the signal there is no other way to stop, so it is not an end.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
    .await;
    Ok(())
}

/// Serves until `stop`; then closes all connections, and waits for them.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    group: Group,
    stop: impl Future<Output = ()>,
) {
    let proxy = Arc::new(Proxy { settings, group: group.clone() });
    let graceful = GracefulShutdown::new();
    let accepting = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let served = serve_connection(Arc::clone(&proxy), stream, graceful.watcher());
                    tokio::spawn(served);
                }
                Err(error) => {
                    // Out of descriptors, for example: those of others are freed meanwhile.
                    eprintln!("a client was not accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stop => {}
    }
    let summary = group.shutdown(&Shutdown::new()).await;
    println!("{} connections closed, {} aborted", summary.closed, summary.aborted);
    // A client that does not finish its request is not waited for.
    let _ = tokio::time::timeout(Duration::from_secs(1), graceful.shutdown()).await;
}

/// Serves the requests of one TCP connection. Its error is the client's to see.
async fn serve_connection(
    proxy: Arc<Proxy>,
    stream: TcpStream,
    watcher: Watcher,
) -> Result<(), Failure> {
    let _ = stream.set_nodelay(true);
    let client = stream.peer_addr()?;
    let service = service_fn(move |request| {
        let proxy = Arc::clone(&proxy);
        async move { Ok::<_, Infallible>(proxy.answer(request, client).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // For the time that a client may take for the head of a request.
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new()).enable_connect_protocol();
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    watcher.watch(connection.into_owned()).await
}
