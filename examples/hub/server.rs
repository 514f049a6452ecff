//! The HTTP server, which is that of the example `axum`, and the end of the hub.

use std::future::pending;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{env, process};

use axum::Router;
use sansocket::group::{Group, Shutdown};
use sansocket::{CloseCode, CloseFrame};
use sansocket_axum::server::Server as HttpServer;
use sansocket_axum::tls::config_on_the_spot;
use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use crate::Failure;
use crate::routes::{Hub, router};
use crate::settings::Settings;

/// How long the end waits for the closing handshakes.
const PATIENCE: Duration = Duration::from_secs(5);

/// The time over which the closing handshakes begin, so that not all pages come back at once.
const SPREAD: Duration = Duration::from_millis(200);

/// Bytes that the kernel takes of a connection before they are sent. What waits in the kernel can't
/// be replaced by newer prices.
const NOT_SENT: u32 = 16 * 1024;

/// The number of WebSockets, and of connections that are none.
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
            true => {
                let file = env::temp_dir().join(format!("hub-ca-{}.pem", process::id()));
                let config = config_on_the_spot(&file)?;
                (Some(TlsAcceptor::from(Arc::new(config))), Some(file))
            }
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
        // The connections inherit it.
        #[cfg(target_os = "linux")]
        let _ = SockRef::from(&listener).set_tcp_notsent_lowat(NOT_SENT);
        let accepted = Group::new().max_connections(CONNECTIONS);
        let server = HttpServer { app: self.router, tls: self.acceptor, accepted };
        let (failed, failure) = (Notify::new(), OnceLock::new());
        let stop = async {
            tokio::select! {
                () = stop => {}
                () = failed.notified() => {}
            }
            let frame = CloseFrame::truncated(CloseCode::GOING_AWAY, "the hub ends");
            let how = Shutdown::new().frame(frame).spread_over(SPREAD).wait(PATIENCE);
            let summary = self.group.shutdown(&how).await;
            println!("{} connections closed, {} aborted", summary.closed, summary.aborted);
        };
        let background = async {
            let _ = failure.set(self.hub.run().await);
            failed.notify_one();
            pending::<()>().await;
        };
        tokio::select! {
            () = server.serve(listener, stop) => {}
            () = background => {}
        }
        self.hub.close().await;
        failure.into_inner().map_or(Ok(()), Err)
    }
}
