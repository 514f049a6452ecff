//! Accepts TCP connections, and serves HTTP/1.1 and HTTP/2 on them, with TLS or without.
//!
//! `axum::serve` has no timer, and no limit of connections: a client that sends nothing, or half a
//! request, is held until it leaves. Here
//!
//! - a connection is counted from the accept on, in a [`Group`] of its own, and for its address;
//! - the first request has to arrive in time, TLS and the preface of HTTP/2 included;
//! - over HTTP/1.1 each further request has to arrive in time, so an idle connection ends;
//! - over HTTP/2 a client that answers no ping is gone.
//!
//! An upgrade over HTTP/1.1 leaves this group. Its WebSocket is in the group of its route.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use sansocket::group::{Group, GroupFull, Member, Shutdown};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::{Failure, log};

/// From the accept until the first request.
const FIRST_REQUEST: Duration = Duration::from_secs(10);

/// The head of each further request over HTTP/1.1, and so an idle connection.
const NEXT_REQUEST: Duration = Duration::from_secs(30);

/// The time between pings of HTTP/2. hyper waits 20 s for the answer.
const PING: Duration = Duration::from_secs(30);

/// How long the requests that are under way may take after `stop`.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// The address whose connections are limited: every one but those of the loopback interface, which
/// may be those of a proxy.
#[must_use]
pub fn limited(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    (!address.is_loopback()).then_some(address)
}

/// What all connections share.
#[derive(Clone)]
pub struct Server {
    /// The routes. `ConnectInfo` has the client's address.
    pub app: Router,
    /// HTTPS.
    pub tls: Option<TlsAcceptor>,
    /// The connections that were accepted, but for those that were upgraded over HTTP/1.1.
    pub accepted: Group,
}

impl Server {
    /// Serves until `stop`, and then waits for the requests that are under way.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            let (stream, address) = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of descriptors, for example: those of others are freed meanwhile.
                        log::line(format_args!("a client was not accepted: {error}"));
                        sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
                () = &mut stop => break,
            };
            // Above a limit the socket is closed.
            let member = match self.enter(address.ip()) {
                Ok(member) => member,
                Err(full) => {
                    log::line(format_args!("{address}: {full}"));
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let server = self.clone();
            self.accepted.spawn(member, async move |member| {
                if let Err(error) = server.serve_connection(stream, address, &member).await {
                    log::line(format_args!("{address}: {error}"));
                }
            });
        }
        // Or clients would connect and wait for an answer.
        drop(listener);
        // It asks each connection to end after its requests, and aborts the others.
        self.accepted.shutdown(&Shutdown::new().wait(SHUTDOWN)).await;
    }

    /// Counts a connection.
    ///
    /// # Errors
    ///
    /// There are as many connections as there may be, or as many of this address.
    pub fn enter(&self, address: IpAddr) -> Result<Member, GroupFull> {
        self.accepted.enter(limited(address))
    }

    /// Serves one connection until it ends, or until an upgrade takes it over.
    pub async fn serve_connection<S>(
        &self,
        stream: S,
        address: SocketAddr,
        member: &Member,
    ) -> Result<(), Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let first = Arc::new(Notify::new());
        let mut served = pin!(async {
            match &self.tls {
                None => self.serve_http(stream, address, member, &first).await,
                Some(tls) => {
                    let stream = tls.accept(stream).await?;
                    self.serve_http(stream, address, member, &first).await
                }
            }
        });
        // hyper-util has no timer while it reads the version of HTTP.
        tokio::select! {
            served = &mut served => return served,
            () = first.notified() => {}
            () = sleep(FIRST_REQUEST) => {
                return Err(io::Error::new(ErrorKind::TimedOut, "no request in time").into());
            }
        }
        served.await
    }

    async fn serve_http<S>(
        &self,
        stream: S,
        address: SocketAddr,
        member: &Member,
        first: &Arc<Notify>,
    ) -> Result<(), Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (app, first) = (TowerToHyperService::new(self.app.clone()), Arc::clone(first));
        let service = service_fn(move |mut request: Request<Incoming>| {
            first.notify_one();
            // As axum's own `into_make_service_with_connect_info` does.
            request.extensions_mut().insert(ConnectInfo(address));
            app.call(request)
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(NEXT_REQUEST);
        let mut http2 = builder.http2();
        http2.timer(TokioTimer::new()).keep_alive_interval(PING);
        // WebSocket over HTTP/2 (RFC 8441).
        http2.enable_connect_protocol();
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        tokio::select! {
            served = connection.as_mut() => return served,
            _ = member.closing() => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    }
}
