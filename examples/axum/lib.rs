//! One port for everything: a page, static files, an HTTP route and WebSocket, over HTTP/1.1 and
//! HTTP/2, with TLS if it is asked for.
//!
//! | file | contents |
//! |---|---|
//! | lib | the routes |
//! | arguments | the command line |
//! | server | accepts connections, with limits, and serves HTTP on them |
//! | log | lines on the standard error, as many as a disk can take |
//! | tls | the certificate |

mod arguments;
pub mod log;
pub mod server;
pub mod tls;

use std::error::Error;
use std::future::{pending, ready};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::http::Version;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};
use sansocket::Guard;
use sansocket::axum::{Message, Options, WebSocket, WebSocketUpgrade};
use sansocket::deflate::Deflate;
use sansocket::group::{Group, Shutdown};
use tokio::net::TcpListener;
use tower_http::services::ServeDir;

use self::arguments::{Arguments, HELP};
use self::server::{Server, limited};

type Failure = Box<dyn Error + Send + Sync>;

/// Runs the program.
pub fn main() -> ExitCode {
    let parsed = Arguments::parse();
    let run = || match parsed.map_err(|error| format!("{error}; see --help"))? {
        Some(arguments) => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(serve(arguments)),
        None => Ok(writeln!(io::stdout(), "{HELP}")?),
    };
    run().map_or_else(
        |error: Failure| {
            eprintln!("axum: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

async fn serve(arguments: Arguments) -> Result<(), Failure> {
    let websockets = Group::new().max_connections(10_000).max_per_address(1000);
    let listener = TcpListener::bind(&arguments.listen)
        .await
        .map_err(|error| format!("can't listen on {}: {error}", arguments.listen))?;
    // A connection is a descriptor. The usual soft limit is 1024, and the hard one much higher.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let (address, scheme) = (listener.local_addr()?, if arguments.tls { "https" } else { "http" });
    let is_on_the_spot = arguments.tls && arguments.files.is_none();
    let app = router(&arguments, &websockets)?;
    let tls = match (arguments.tls, arguments.files) {
        (false, _) => None,
        (true, Some((certificate, key))) => Some(tls::config_of(certificate, key)?),
        (true, None) => Some(tls::config_on_the_spot(&arguments.write_ca)?),
    };
    let mut interrupted = pin!(interrupted());
    // The first poll takes the signal: whoever reads the next line may send it.
    tokio::select! {
        biased;
        () = &mut interrupted => return Ok(()),
        () = ready(()) => {}
    }
    println!("listening on {scheme}://{address}/");
    if is_on_the_spot {
        println!("clients have to trust {}", arguments.write_ca.display());
    }
    io::stdout().flush()?;

    let accepted = Group::new().max_connections(10_000).max_per_address(1000);
    let server = Server { app, tls: tls.map(|config| Arc::new(config).into()), accepted };
    let stop = async {
        interrupted.await;
        let how = Shutdown::new().spread_over(Duration::from_millis(500));
        let summary = websockets.shutdown(&how).await;
        let (closed, aborted) = (summary.closed, summary.aborted);
        // A standard output that is closed is no reason to end before the requests.
        let _ = writeln!(io::stdout(), "{closed} connections closed, {aborted} aborted");
    };
    server.serve(listener, stop).await;
    Ok(())
}

/// Waits for Ctrl-C. Without the signal there is no other way to stop, so a failure is not an end.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        pending::<()>().await;
    }
}

fn router(arguments: &Arguments, group: &Group) -> Result<Router, Failure> {
    let mut options = Options::new();
    if !arguments.hosts.is_empty() {
        options = options.guard(Guard::hosts(&arguments.hosts)?);
    }
    let app = Router::new()
        .route("/", get(async || Html(include_str!("page.html"))))
        .route("/hello", get(async || "hello\n"))
        // CONNECT of HTTP/2 is not GET, so the route takes any method.
        .route("/ws", any(socket))
        .layer(Extension(options))
        .with_state(group.clone());
    Ok(match &arguments.directory {
        Some(directory) => app.fallback_service(ServeDir::new(directory)),
        None => app,
    })
}

/// Without the upgrade, the route says what it is for.
async fn socket(
    upgrade: Option<WebSocketUpgrade>,
    State(group): State<Group>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    version: Version,
) -> Response {
    match upgrade {
        Some(upgrade) => {
            let upgrade = upgrade.deflate(Deflate::new()).group(&group, limited(address.ip()));
            upgrade.on_upgrade(async move |mut socket| {
                // A standard output that is closed is no reason to end a connection.
                let _ = writeln!(io::stdout(), "{address} has a WebSocket over {version:?}");
                echo(&mut socket).await;
                if let Some(closed) = socket.get_ref().closed() {
                    let _ = writeln!(io::stdout(), "{address} closed: {closed}");
                }
            })
        }
        None => "this is a WebSocket; open / in a browser\n".into_response(),
    }
}

async fn echo(socket: &mut WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let is_echoed = matches!(message, Message::Text(_) | Message::Binary(_));
        if is_echoed && socket.send(message).await.is_err() {
            return;
        }
    }
}
