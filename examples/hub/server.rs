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

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};
    use std::time::Duration;

    use sansocket::group::Group;
    use sansocket_axum::server::Server as HttpServer;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::timeout;

    use super::Server;
    use crate::settings::Settings;

    const REQUEST: &[u8] = b"GET /rooms/prices?client=c HTTP/1.1\r\nHost: localhost\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    /// Opens a WebSocket from this address. Returns the beginning of the response.
    async fn open(server: &Server, address: &str) -> (String, DuplexStream) {
        let (mut near, far) = duplex(1 << 16);
        let accepted = Group::new();
        let http = HttpServer { app: server.router.clone(), tls: None, accepted: accepted.clone() };
        let address = SocketAddr::new(address.parse::<IpAddr>().unwrap(), 1);
        let member = accepted.enter(address.ip()).unwrap();
        tokio::spawn(async move { http.serve_connection(far, address, &member).await });
        near.write_all(REQUEST).await.unwrap();
        let mut response = [0; "HTTP/1.1 101".len()];
        near.read_exact(&mut response).await.unwrap();
        (String::from_utf8_lossy(&response).into_owned(), near)
    }

    #[tokio::test]
    async fn websockets_of_one_address_are_limited_but_for_loopback() {
        let settings = Settings { per_address: 2, ..Settings::new() };
        let server = Server::new(settings).await.unwrap();
        let (first, stream) = open(&server, "192.0.2.1").await;
        // The same address, as a socket for both families has it.
        let (second, _second) = open(&server, "::ffff:192.0.2.1").await;
        let (third, _) = open(&server, "192.0.2.1").await;
        assert_eq!([&*first, &*second, &*third], ["HTTP/1.1 101", "HTTP/1.1 101", "HTTP/1.1 429"]);
        assert_eq!(open(&server, "192.0.2.2").await.0, "HTTP/1.1 101");
        let mut held = vec![];
        for address in ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"].repeat(3) {
            let (response, stream) = open(&server, address).await;
            assert_eq!(response, "HTTP/1.1 101", "{address}");
            held.push(stream);
        }
        // One that has left makes room.
        drop(stream);
        let again = async { while open(&server, "192.0.2.1").await.0 != "HTTP/1.1 101" {} };
        timeout(Duration::from_secs(40), again).await.unwrap();
    }
}
