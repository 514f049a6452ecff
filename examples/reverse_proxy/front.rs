//! A client's connection: TLS, the version of HTTP, and its requests.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::Failure;
use crate::service::Proxy;
use crate::socket::{Socket, tls};

/// The flow-control window of a stream of HTTP/2: the bytes that a client may send before the
/// backend takes them.
const STREAM_WINDOW: u32 = 256 * 1024;

/// The most streams of a connection of HTTP/2. Its window has room for all, so that a WebSocket
/// whose backend does not read stalls no other.
const STREAMS: u32 = 100;

/// The most that hyper buffers of a stream that is written, in bytes.
const SEND_BUFFER: usize = 64 * 1024;

/// How long a connection of HTTP/2 is silent before a ping, and its answer may take.
const PING: Duration = Duration::from_secs(20);

/// Serves the requests of one TCP connection. An error is one of the client or its network.
pub(crate) async fn serve(
    proxy: Arc<Proxy>,
    stream: TcpStream,
    watcher: Watcher,
) -> Result<(), Failure> {
    let _ = stream.set_nodelay(true);
    let client = stream.peer_addr()?;
    let (config, handshake) = (proxy.settings().tls.clone(), proxy.settings().handshake);
    let requested = Arc::new(Notify::new());
    let opened = Arc::clone(&requested);
    let service = service_fn(move |request| {
        requested.notify_one();
        let proxy = Arc::clone(&proxy);
        async move { Ok::<_, Infallible>(proxy.answer(request, client).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // For the head of a further request.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(handshake);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(STREAM_WINDOW * STREAMS)
        .max_send_buf_size(SEND_BUFFER)
        .enable_connect_protocol();
    let serving = async {
        let socket = match config {
            Some(config) => tls(TlsAcceptor::from(config).accept(stream).await?),
            None => Socket::Left(stream),
        };
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(socket), service);
        watcher.watch(connection.into_owned()).await
    };
    // For TLS and the first request. hyper has no deadline while it reads the version of HTTP, nor
    // for a request of HTTP/2.
    let silence = async {
        if timeout(handshake, opened.notified()).await.is_ok() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        served = serving => served,
        () = silence => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}
