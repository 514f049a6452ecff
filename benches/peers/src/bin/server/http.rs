//! The HTTP server for libraries that use hyper's upgrade: each socket has a task of its own.

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::Failure;

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
