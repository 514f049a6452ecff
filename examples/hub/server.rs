//! The HTTP server, which is that of the example `axum`, and the end of the hub.

use std::future::pending;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{env, fs, process};

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

/// How long the end waits for the closing handshakes, and for requests at the same time.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The time over which the closing handshakes begin, so that not all pages come back at once.
const SPREAD: Duration = Duration::from_millis(200);

/// The maximum number of bytes of a connection that wait in the kernel. Newer prices can't replace
/// those that wait there.
const NOT_SENT: u32 = 16 * 1024;

/// The maximum number of WebSockets, and of connections that are none.
const CONNECTIONS: usize = 10_000;

/// A hub that is ready to serve.
pub struct Server {
    hub: Arc<Hub>,
    http: HttpServer,
    group: Group,
    authority: Option<Authority>,
}

/// The file with the certificate of an authority that is made for this run. Dropping it removes the
/// file.
struct Authority(PathBuf);

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Server {
    /// Opens the store or connects to the broker, and makes the certificate.
    ///
    /// # Errors
    ///
    /// The store can't be opened, the broker does not answer, or a host or an origin is not valid.
    pub async fn new(settings: Settings) -> Result<Self, Failure> {
        let group = Group::new().max_connections(CONNECTIONS).max_per_address(settings.per_address);
        let (tls, authority) = match settings.tls {
            true => {
                let file = env::temp_dir().join(format!("hub-ca-{}.pem", process::id()));
                let config = config_on_the_spot(&file)?;
                (Some(TlsAcceptor::from(Arc::new(config))), Some(Authority(file)))
            }
            false => (None, None),
        };
        let mut accepted = Group::new().max_connections(CONNECTIONS);
        // Behind a proxy, all connections have its address.
        if !settings.forwarded {
            // A page opens several connections before it has its WebSockets.
            accepted = accepted.max_per_address(settings.per_address.saturating_mul(2));
        }
        let hub = Arc::new(Hub::new(settings, group.clone()).await?);
        let http = HttpServer { app: router(&hub)?, tls, accepted };
        Ok(Self { hub, http, group, authority })
    }

    /// The file with the certificate of the authority that clients have to trust.
    #[must_use]
    pub fn authority(&self) -> Option<&PathBuf> {
        self.authority.as_ref().map(|authority| &authority.0)
    }

    /// Serves until `stop`. Then closes all WebSockets with 1001, waits for them and for requests
    /// for at most 5.2 s, and flushes the store; a broker that is away has 5 s more.
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
        let (failed, failure) = (Notify::new(), OnceLock::new());
        let stop = async {
            tokio::select! {
                () = stop => {}
                () = failed.notified() => {}
            }
            let frame = CloseFrame::truncated(CloseCode::GOING_AWAY, "the hub ends");
            let how = Shutdown::new().frame(frame).spread_over(SPREAD).wait(CLOSE_TIMEOUT);
            let requests = Shutdown::new().wait(SPREAD + CLOSE_TIMEOUT);
            let (summary, _) =
                tokio::join!(self.group.shutdown(&how), self.http.accepted.shutdown(&requests));
            // A standard output that is closed is no reason to leave the store unwritten.
            let (closed, aborted) = (summary.closed, summary.aborted);
            let _ = writeln!(io::stdout(), "{closed} connections closed, {aborted} aborted");
        };
        let background = async {
            let _ = failure.set(self.hub.run().await);
            failed.notify_one();
            pending::<()>().await;
        };
        tokio::select! {
            () = self.http.serve(listener, stop) => {}
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
    use tokio::time::{Instant, sleep, timeout};

    use super::Server;
    use crate::settings::Settings;

    const REQUEST: &[u8] = b"GET /rooms/prices?client=c HTTP/1.1\r\nHost: localhost\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    /// The beginning of a body.
    const LOGIN: &[u8] =
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\nabc";

    /// Connects from this address.
    fn connect(server: &Server, address: &str) -> (DuplexStream, Group) {
        let (near, far) = duplex(1 << 16);
        let accepted = Group::new();
        let http = HttpServer { accepted: accepted.clone(), ..server.http.clone() };
        let address = SocketAddr::new(address.parse::<IpAddr>().unwrap(), 1);
        let member = accepted.enter(None).unwrap();
        tokio::spawn(async move { http.serve_connection(far, address, &member).await });
        (near, accepted)
    }

    /// Opens a WebSocket from this address. Returns the beginning of the response.
    async fn open(server: &Server, address: &str) -> (String, DuplexStream) {
        open_with(server, address, "").await
    }

    /// As [`open`], with further lines in the request.
    async fn open_with(server: &Server, address: &str, lines: &str) -> (String, DuplexStream) {
        let (mut near, _) = connect(server, address);
        let request = [REQUEST, lines.as_bytes(), b"\r\n"].concat();
        near.write_all(&request).await.unwrap();
        let mut response = [0; "HTTP/1.1 101".len()];
        near.read_exact(&mut response).await.unwrap();
        (String::from_utf8_lossy(&response).into_owned(), near)
    }

    #[tokio::test]
    async fn websockets_of_one_address_are_limited_but_for_loopback() {
        let settings = Settings { per_address: 2, ..Settings::new() };
        let server = Server::new(settings).await.unwrap();
        let (first, stream) = open(&server, "192.0.2.1").await;
        // The same address, as a socket for both families reports it.
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

    #[tokio::test]
    async fn websockets_behind_a_proxy_are_limited_by_the_address_that_it_reports() {
        for (forwarded, second) in [(true, "HTTP/1.1 429"), (false, "HTTP/1.1 101")] {
            let settings = Settings { per_address: 1, forwarded, ..Settings::new() };
            let server = Server::new(settings).await.unwrap();
            let from = |address| format!("X-Forwarded-For: 192.0.2.9, {address}\r\n");
            let mut responses = vec![];
            for address in ["192.0.2.1", "192.0.2.1", "192.0.2.2"] {
                responses.push(open_with(&server, "127.0.0.1", &from(address)).await);
            }
            let statuses: Vec<_> = responses.iter().map(|(status, _)| &**status).collect();
            assert_eq!(statuses, ["HTTP/1.1 101", second, "HTTP/1.1 101"]);
        }
    }

    #[tokio::test]
    async fn connections_without_a_websocket_are_limited_to_twice_as_many_of_an_address() {
        let settings = Settings { per_address: 2, ..Settings::new() };
        let server = Server::new(settings.clone()).await.unwrap();
        let enter = |server: &Server, address: &str| server.http.enter(address.parse().unwrap());
        let _members = [(); 4].map(|()| enter(&server, "192.0.2.1").unwrap());
        enter(&server, "192.0.2.1").unwrap_err();
        let _other = enter(&server, "192.0.2.2").unwrap();
        // All connections are of the proxy.
        let server = Server::new(Settings { forwarded: true, ..settings }).await.unwrap();
        let _members = [(); 5].map(|()| enter(&server, "192.0.2.1").unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn body_that_does_not_end_has_ten_seconds() {
        let server = Server::new(Settings::new()).await.unwrap();
        for bytes in [0, 100] {
            let (near, accepted) = connect(&server, "127.0.0.1");
            let start = Instant::now();
            let (mut reader, mut writer) = tokio::io::split(near);
            writer.write_all(LOGIN).await.unwrap();
            let sending = async {
                for _ in 0..bytes {
                    sleep(Duration::from_secs(1)).await;
                    if writer.write_all(b"x").await.is_err() {
                        return;
                    }
                }
            };
            let mut response = vec![];
            let receiving = async {
                reader.read_to_end(&mut response).await.unwrap();
                accepted.empty().await;
                start.elapsed().as_secs()
            };
            let (took, ()) = tokio::join!(timeout(Duration::from_secs(60), receiving), sending);
            assert_eq!(took, Ok(10), "{bytes} bytes");
            assert!(response.starts_with(b"HTTP/1.1 408"), "{response:?}");
        }
    }
}
