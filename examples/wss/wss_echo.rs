//! An echo server over TLS:
//! `cargo run --release --example wss_echo --features tokio,rustls-ring -- --help` lists the
//! options.

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use sansocket::tokio::Options;
use sansocket::{Config, Error as SocketError};
use sansocket_wss::{config_of, config_on_the_spot};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const HELP: &str = "\
Sends every message back, over TLS.

Usage: wss_echo [--listen HOST:PORT] [--write-ca FILE] [--cert FILE --key FILE] [--deflate]

  --listen HOST:PORT  where to listen; port 0 takes a free one  [default: 127.0.0.1:9443]
  --write-ca FILE     where to write the certificate of the authority that is made for this run,
                      and signs one for localhost, 127.0.0.1 and ::1  [default: wss_echo-ca.pem,
                      in the directory for temporary files]
  --cert FILE         use this chain of certificates, in PEM, instead; it is read again when it
                      changes, for new connections
  --key FILE          its key, in PEM
  --deflate           compress, if the client can  (built with --features deflate)
  --help              this text";

/// ALPN's name of HTTP/1.1 alone, so that a browser does not choose HTTP/2.
const PROTOCOLS: [&str; 1] = ["http/1.1"];

fn main() -> ExitCode {
    let parsed = Arguments::parse();
    let run = || match parsed.map_err(|error| format!("{error}; see --help"))? {
        Some(arguments) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(serve(arguments)),
        None => Ok(()),
    };
    run().map_or_else(
        |error: Box<dyn Error + Send + Sync>| {
            eprintln!("wss_echo: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

/// Serves until the process is ended.
async fn serve(arguments: Arguments) -> Result<(), Box<dyn Error + Send + Sync>> {
    let acceptor = TlsAcceptor::from(Arc::new(arguments.tls()?));
    let options = Options::new().config(arguments.config.clone());
    let listener = TcpListener::bind(&arguments.listen)
        .await
        .map_err(|error| format!("can't listen on {}: {error}", arguments.listen))?;
    println!("listening on wss://localhost:{}/", listener.local_addr()?.port());
    if arguments.files.is_none() {
        println!("clients have to trust {}", arguments.write_ca.display());
    }
    io::stdout().flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        let (acceptor, options) = (acceptor.clone(), options.clone());
        tokio::spawn(async move {
            if let Err(error) = echo(acceptor, options, stream).await {
                eprintln!("a connection ended: {error}");
            }
        });
    }
}

/// Any stream that was accepted by TLS is a stream to accept a WebSocket on.
async fn echo(
    acceptor: TlsAcceptor,
    options: Options,
    stream: TcpStream,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let _ = stream.set_nodelay(true);
    let mut socket = options.accept(acceptor.accept(stream).await?).await?;
    loop {
        match socket.recv().await {
            Ok(Some(message)) => socket.feed(message).await?,
            // Our Close frame arrives although the client may still send.
            Ok(None) | Err(SocketError::Protocol(_)) => break,
            Err(error) => return Err(error.into()),
        }
    }
    socket.until_closed().await?;
    Ok(())
}

struct Arguments {
    listen: String,
    write_ca: PathBuf,
    files: Option<(PathBuf, PathBuf)>,
    config: Config,
}

impl Arguments {
    fn parse() -> Result<Option<Self>, Box<dyn Error + Send + Sync>> {
        use lexopt::Arg::{Long, Short};
        use lexopt::ValueExt;
        let mut arguments = Self {
            listen: "127.0.0.1:9443".into(),
            write_ca: env::temp_dir().join("wss_echo-ca.pem"),
            files: None,
            config: Config::new(),
        };
        let (mut certificate, mut key) = (None, None);
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("listen") => arguments.listen = parser.value()?.string()?,
                Long("write-ca") => arguments.write_ca = parser.value()?.into(),
                Long("cert") => certificate = Some(parser.value()?.into()),
                Long("key") => key = Some(parser.value()?.into()),
                #[cfg(feature = "deflate")]
                Long("deflate") => {
                    arguments.config = Config::new().deflate(sansocket::deflate::Deflate::new());
                }
                Long("help") | Short('h') => {
                    println!("{HELP}");
                    return Ok(None);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        arguments.files = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err("--cert and --key belong together".into()),
        };
        Ok(Some(arguments))
    }

    /// Returns the TLS configuration of the server.
    fn tls(&self) -> Result<ServerConfig, Box<dyn Error + Send + Sync>> {
        let provider = Arc::new(default_provider());
        match &self.files {
            Some((certificate, key)) => {
                config_of(certificate.clone(), key.clone(), provider, &PROTOCOLS)
            }
            None => config_on_the_spot(&self.write_ca, provider, &PROTOCOLS),
        }
    }
}
