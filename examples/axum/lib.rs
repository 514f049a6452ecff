//! One port for everything: a page, static files, an HTTP route and WebSocket, over HTTP/1.1 and
//! HTTP/2, with TLS if it is asked for. `cargo run --release --example axum -- --help` lists the
//! options.

mod tls;

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

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
use tokio::sync::oneshot;
use tokio::time::sleep;
use tower_http::services::ServeDir;

/// How long requests may take after Ctrl-C.
const PATIENCE: Duration = Duration::from_secs(10);

type Failure = Box<dyn Error + Send + Sync>;

const HELP: &str = "\
Serves a page at /, an HTTP route at /hello, and WebSocket, which echoes, at /ws.

Usage: axum [--addr HOST:PORT] [--host NAME]... [--files DIR] [--tls] [--ca FILE]
            [--cert FILE --key FILE]

  --addr HOST:PORT  where to listen; port 0 takes a free one  [default: 127.0.0.1:9002]
  --host NAME       a name of this server, beside those of the loopback interface: browsers may
                    connect to no other (see the docs of Guard::hosts)
  --files DIR       serve the files of this directory, too
  --tls             HTTPS, with a certificate for localhost, 127.0.0.1 and ::1 that is made for
                    this run
  --ca FILE         with --tls: where to write the certificate of the authority that signs it
                    [default: axum-ca.pem, in the directory for temporary files]
  --cert FILE       with --tls: use this chain of certificates, in PEM, instead; it is read again
                    when it changes
  --key FILE        its key, in PEM
  --help            this text

Ctrl-C closes every connection with code 1001.";

fn main() -> ExitCode {
    let run = || match Arguments::parse()? {
        Some(arguments) => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(serve(arguments)),
        None => Ok(()),
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
    let group = Group::new().max_connections(10_000).max_per_address(1000);
    let app = router(&arguments, &group)?;
    let listener = TcpListener::bind(&arguments.addr)
        .await
        .map_err(|error| format!("can't listen on {}: {error}", arguments.addr))?;
    let (address, scheme) = (listener.local_addr()?, if arguments.tls { "https" } else { "http" });
    let is_on_the_spot = arguments.files.is_none();
    let config = match (arguments.tls, arguments.files) {
        (false, _) => None,
        (true, Some((certificate, key))) => Some(tls::config_of(certificate, key)?),
        (true, None) => Some(tls::config_on_the_spot(&arguments.ca)?),
    };
    println!("listening on {scheme}://{address}/");
    if config.is_some() && is_on_the_spot {
        println!("clients have to trust {}", arguments.ca.display());
    }
    io::stdout().flush()?;

    let closed = group.clone();
    let stop = async move {
        // Without the signal there is no other way to stop, so it is not an end.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        let how = Shutdown::new().spread_over(Duration::from_millis(500));
        let summary = closed.shutdown(&how).await;
        println!("{} connections closed, {} aborted", summary.closed, summary.aborted);
    };
    match config {
        Some(config) => tls::serve(listener, config, app, stop).await,
        None => {
            let app = app.into_make_service_with_connect_info::<SocketAddr>();
            let (stopped, late) = oneshot::channel();
            let stop = async move {
                stop.await;
                let _ = stopped.send(());
            };
            let late = async {
                let _ = late.await;
                sleep(PATIENCE).await;
            };
            tokio::select! {
                served = axum::serve(listener, app).with_graceful_shutdown(stop) => Ok(served?),
                // A client that does not finish its request is not waited for.
                () = late => Ok(()),
            }
        }
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
            let upgrade = upgrade.deflate(Deflate::new()).group(&group, address.ip());
            upgrade.on_upgrade(async move |socket| {
                println!("{address} has a WebSocket over {version:?}");
                echo(socket).await;
            })
        }
        None => "this is a WebSocket; open / in a browser\n".into_response(),
    }
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let is_echoed = matches!(message, Message::Text(_) | Message::Binary(_));
        if is_echoed && socket.send(message).await.is_err() {
            return;
        }
    }
}

struct Arguments {
    addr: String,
    hosts: Vec<String>,
    directory: Option<PathBuf>,
    tls: bool,
    ca: PathBuf,
    files: Option<(PathBuf, PathBuf)>,
}

impl Arguments {
    /// `None` after `--help`.
    fn parse() -> Result<Option<Self>, Failure> {
        use lexopt::prelude::{Long, ValueExt};
        let (mut certificate, mut key) = (None, None);
        let mut arguments = Self {
            addr: "127.0.0.1:9002".into(),
            hosts: vec![],
            directory: None,
            tls: false,
            ca: env::temp_dir().join("axum-ca.pem"),
            files: None,
        };
        let mut parser = lexopt::Parser::from_args(env::args_os().skip(1));
        while let Some(argument) = parser.next()? {
            match argument {
                Long("addr") => arguments.addr = parser.value()?.string()?,
                Long("host") => arguments.hosts.push(parser.value()?.string()?),
                Long("files") => arguments.directory = Some(parser.value()?.into()),
                Long("tls") => arguments.tls = true,
                Long("ca") => arguments.ca = parser.value()?.into(),
                Long("cert") => certificate = Some(PathBuf::from(parser.value()?)),
                Long("key") => key = Some(PathBuf::from(parser.value()?)),
                Long("help") => {
                    println!("{HELP}");
                    return Ok(None);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        arguments.files = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) if arguments.tls => Some((certificate, key)),
            (Some(_), Some(_)) => return Err("--cert and --key are for --tls".into()),
            _ => return Err("--cert and --key belong together".into()),
        };
        if let Some(directory) = &arguments.directory {
            fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        }
        Ok(Some(arguments))
    }
}
