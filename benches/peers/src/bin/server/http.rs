//! The HTTP servers for libraries that use hyper's upgrade: each socket has a task of its own.

use std::net::TcpListener;

use axum::Router;
use axum::serve::ListenerExt;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{Failure, tasks};

/// Responds to every request with the result of `upgrade`.
pub async fn serve<S, F, Fut>(stream: S, upgrade: F) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> Fut,
    Fut: Future<Output = Result<Response<Empty<Bytes>>, Failure>>,
{
    let connection =
        http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(upgrade));
    Ok(connection.with_upgrades().await?)
}

/// Serves a router of axum.
pub fn serve_axum(listener: TcpListener, app: Router) -> Result<(), Failure> {
    listener.set_nonblocking(true)?;
    tasks::block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(|stream| {
            // A socket that refuses it is measured nevertheless.
            let _ = stream.set_nodelay(true);
        });
        Ok(axum::serve(listener, app).await?)
    })
}
