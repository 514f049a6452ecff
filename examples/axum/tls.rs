//! HTTPS: a certificate, and a loop that serves HTTP/1.1 and HTTP/2 on TLS streams.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustls::crypto::ring::default_provider;
use rustls::server::WantsServerCert;
use rustls::{ConfigBuilder, ServerConfig};
use sansocket_wss::{Files, issue};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::Failure;

/// How long a client may take for TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// TLS with the certificate of these files, which are read again when they change.
pub fn config_of(certificate: PathBuf, key: PathBuf) -> Result<ServerConfig, Failure> {
    let files = Files::read(certificate, key, Arc::new(default_provider()))?;
    Ok(with_protocols(builder()?.with_cert_resolver(Arc::new(files))))
}

/// TLS with a certificate that is made on the spot. Its authority's is written to this file.
pub fn config_on_the_spot(authority: &Path) -> Result<ServerConfig, Failure> {
    let issued = issue(&["localhost", "127.0.0.1", "::1"])?;
    fs::write(authority, issued.authority)
        .map_err(|error| format!("can't write {}: {error}", authority.display()))?;
    Ok(with_protocols(builder()?.with_single_cert(issued.chain, issued.key)?))
}

fn builder() -> Result<ConfigBuilder<ServerConfig, WantsServerCert>, Failure> {
    Ok(ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth())
}

fn with_protocols(mut config: ServerConfig) -> ServerConfig {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// Serves until `stop`, and then waits for the requests that are being answered.
pub async fn serve(
    listener: TcpListener,
    config: ServerConfig,
    app: Router,
    stop: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, for example: those of others are freed meanwhile.
                    eprintln!("a client was not accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let (acceptor, watcher) = (acceptor.clone(), graceful.watcher());
        // As axum's own `into_make_service_with_connect_info` does.
        let app = app.clone().layer(Extension(ConnectInfo(address)));
        tokio::spawn(async move {
            if let Err(error) = serve_connection(acceptor, stream, app, watcher).await {
                eprintln!("{address}: {error}");
            }
        });
    }
    // A client that does not finish its request is not waited for.
    let _ = timeout(HANDSHAKE, graceful.shutdown()).await;
    Ok(())
}

async fn serve_connection(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    app: Router,
    watcher: Watcher,
) -> Result<(), Failure> {
    let _ = stream.set_nodelay(true);
    let accepted = timeout(HANDSHAKE, acceptor.accept(stream)).await;
    let stream = accepted.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // WebSocket over HTTP/2 (RFC 8441).
    builder.http2().enable_connect_protocol();
    let service = TowerToHyperService::new(app);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    watcher.watch(connection.into_owned()).await
}
