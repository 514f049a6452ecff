//! The HTTP server: its connections, its end, and what of it the rooms share.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use sansocket::group::{Group, Shutdown};
use sansocket::{CloseCode, CloseFrame};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::Failure;
use crate::routes::{Hub, router};
use crate::settings::Settings;
use crate::tls;

/// How long a client may take for TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long the end waits for clients: for the closing handshakes, and then for requests.
const PATIENCE: Duration = Duration::from_secs(5);

/// The time over which the closing handshakes begin, so that not all pages come back at once.
const SPREAD: Duration = Duration::from_millis(200);

/// Bytes that the kernel takes of a connection before they are sent. What waits in the kernel can't
/// be replaced by newer prices.
const NOT_SENT: u32 = 16 * 1024;

/// The number of WebSockets.
const CONNECTIONS: usize = 10_000;

/// A hub that is ready to serve.
pub struct Server {
    hub: Arc<Hub>,
    router: Router,
    group: Group,
    acceptor: Option<TlsAcceptor>,
    authority: Option<PathBuf>,
}

impl Server {
    /// Opens the store or connects to the broker, and makes the certificate.
    ///
    /// # Errors
    ///
    /// The store can't be opened, the broker does not answer, or a host or an origin is not valid.
    pub async fn new(settings: Settings) -> Result<Self, Failure> {
        let group = Group::new().max_connections(CONNECTIONS).max_per_address(settings.per_address);
        let (acceptor, authority) = match settings.tls {
            true => tls::acceptor().map(|(acceptor, file)| (Some(acceptor), Some(file)))?,
            false => (None, None),
        };
        let hub = Arc::new(Hub::new(settings, group.clone()).await?);
        let router = router(&hub)?;
        Ok(Self { hub, router, group, acceptor, authority })
    }

    /// The file with the certificate of the authority that clients have to trust.
    #[must_use]
    pub fn authority(&self) -> Option<&PathBuf> {
        self.authority.as_ref()
    }

    /// Serves until `stop`. Then closes all WebSockets with 1001, waits for them, and flushes the
    /// store.
    ///
    /// # Errors
    ///
    /// The broker has lost what this hub has read: clients would miss messages.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Failure> {
        let graceful = GracefulShutdown::new();
        let background = self.hub.run();
        let result = tokio::select! {
            () = self.accept(&listener, &graceful) => Ok(()),
            error = background => Err(error),
            () = stop => Ok(()),
        };
        let frame = CloseFrame::truncated(CloseCode::GOING_AWAY, "the hub ends");
        let how = Shutdown::new().frame(frame).spread_over(SPREAD).wait(PATIENCE);
        let summary = self.group.shutdown(&how).await;
        println!("{} connections closed, {} aborted", summary.closed, summary.aborted);
        // A client that does not finish its request is not waited for.
        let _ = timeout(PATIENCE, graceful.shutdown()).await;
        self.hub.close().await;
        result
    }

    async fn accept(&self, listener: &TcpListener, graceful: &GracefulShutdown) {
        loop {
            let (stream, address) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, for example: those of others are freed meanwhile.
                    eprintln!("hub: a client was not accepted: {error}");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            #[cfg(target_os = "linux")]
            let _ = SockRef::from(&stream).set_tcp_notsent_lowat(NOT_SENT);
            let (acceptor, watcher) = (self.acceptor.clone(), graceful.watcher());
            // As axum's own `into_make_service_with_connect_info` does.
            let router = self.router.clone().layer(Extension(ConnectInfo(address)));
            tokio::spawn(async move {
                // The errors are the clients'.
                let _ = serve_connection(acceptor, stream, router, watcher).await;
            });
        }
    }
}

async fn serve_connection(
    acceptor: Option<TlsAcceptor>,
    stream: TcpStream,
    router: Router,
    watcher: Watcher,
) -> Result<(), Failure> {
    match acceptor {
        None => serve_http(stream, router, watcher).await,
        Some(acceptor) => {
            let accepted = timeout(HANDSHAKE, acceptor.accept(stream)).await;
            let stream = accepted.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            serve_http(stream, router, watcher).await
        }
    }
}

async fn serve_http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    watcher: Watcher,
) -> Result<(), Failure> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // For the time that a client may take for the head of a request.
    builder.http1().timer(TokioTimer::new());
    // WebSocket over HTTP/2 (RFC 8441).
    builder.http2().timer(TokioTimer::new()).enable_connect_protocol();
    let service = TowerToHyperService::new(router);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    watcher.watch(connection.into_owned()).await
}
