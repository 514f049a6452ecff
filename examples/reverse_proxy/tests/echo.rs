//! A backend that echoes, and clients, over HTTP/1.1 and HTTP/2, with TLS or without.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use sansocket::tokio::{Options, TokioClock, TokioStream, WebSocket};
use sansocket::{ClientRequest, CloseCode, Config, Timeouts, Uri};
use sansocket_reverse_proxy::{Settings, tls};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// A connection as a backend saw it.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) version: Version,
    pub(crate) host: String,
    pub(crate) forwarded: String,
    pub(crate) compressed: bool,
    /// The code of the client's Close frame; 0 without one.
    pub(crate) code: u16,
}

/// Certificates of one authority.
pub(crate) struct Tls {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) client: ClientConfig,
    file: PathBuf,
}

impl Tls {
    /// Its authority's file has this name.
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("reverse_proxy-test-{}-{name}.pem", std::process::id());
        let file = std::env::temp_dir().join(name);
        let server = tls::on_the_spot(&file).unwrap();
        let client = tls::for_backend(Some(&file)).unwrap();
        Self::of(server, client, file)
    }

    /// The file is removed with it.
    pub(crate) fn of(server: Arc<ServerConfig>, client: ClientConfig, file: PathBuf) -> Self {
        Self { server, client, file }
    }

    /// The file of its authority.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) async fn connect(
        &self,
        stream: TcpStream,
        protocol: &[u8],
    ) -> tokio_rustls::client::TlsStream<TcpStream> {
        let mut config = self.client.clone();
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::try_from("127.0.0.1").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Serves echoes; returns its address, and reports what it has seen.
pub(crate) async fn serve(
    config: Config,
    tls: Option<Arc<ServerConfig>>,
) -> (SocketAddr, mpsc::UnboundedReceiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (report, reports) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (config, report, tls) = (config.clone(), report.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    Some(tls) => {
                        // A proxy that does not trust the certificate ends it.
                        if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                            serve_stream(stream, config, report).await;
                        }
                    }
                    None => serve_stream(stream, config, report).await,
                }
            });
        }
    });
    (address, reports)
}

async fn serve_stream<S>(stream: S, config: Config, report: mpsc::UnboundedSender<Seen>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let response = answer(request, config.clone(), report.clone());
        async move { Ok::<_, Infallible>(response) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http2().enable_connect_protocol();
    let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

fn answer(
    mut request: Request<Incoming>,
    config: Config,
    report: mpsc::UnboundedSender<Seen>,
) -> Response<Full<Bytes>> {
    let options = sansocket::hyper::Options::new().config(config);
    let upgrade = match options.upgrade(&mut request) {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let host = upgrade.request().host().unwrap().to_owned();
    let forwarded = request.headers()["forwarded"].to_str().unwrap().to_owned();
    let version = request.version();
    let (response, on_upgrade) = upgrade.accept();
    tokio::spawn(async move {
        let mut socket = on_upgrade.await.unwrap();
        let compressed = socket.deflate().is_some();
        while let Ok(Some(message)) = socket.recv().await {
            if message.as_text() == Some("close") {
                let _ = socket.close(CloseCode::new(3000).unwrap(), "bye").await;
                break;
            }
            socket.send(message).await.unwrap();
        }
        let close = socket.closed().and_then(|closed| closed.received());
        let code = close.map_or(0, |close| close.code().get());
        let _ = report.send(Seen { version, host, forwarded, compressed, code });
    });
    response
}

/// The settings of a proxy for this backend.
pub(crate) fn settings(address: SocketAddr, tls: Option<&Tls>) -> Settings {
    let scheme = if tls.is_some() { "wss" } else { "ws" };
    let settings = Settings::new(Uri::parse(&format!("{scheme}://{address}/")).unwrap());
    Settings { backend_tls: tls.map(|tls| tls.client.clone()), ..settings }
}

/// A client's stream of either version of HTTP.
pub(crate) trait Bytestream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Bytestream for S {}

/// Opens a WebSocket at this address.
pub(crate) async fn connect(
    address: SocketAddr,
    version: Version,
    config: Config,
    tls: Option<&Tls>,
) -> WebSocket<Box<dyn Bytestream>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let is_http2 = version == Version::HTTP_2;
    let protocol: &[u8] = if is_http2 { b"h2" } else { b"http/1.1" };
    let stream: Box<dyn Bytestream> = match tls {
        Some(tls) => Box::new(tls.connect(stream, protocol).await),
        None => Box::new(stream),
    };
    let scheme = if tls.is_some() { "wss" } else { "ws" };
    let request = ClientRequest::new(&format!("{scheme}://{address}/chat?room=1")).unwrap();
    let options = Options::new().config(config.clone());
    if !is_http2 {
        return options.connect_with_stream(stream, &request).await.unwrap().0;
    }
    let (client, connection) = sansocket::h2::Client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let (socket, _) = client.connect_with(&options, &request).await.unwrap();
    let (TokioStream(stream), connection) = socket.into_parts();
    let stream: TokioStream<Box<dyn Bytestream>> = TokioStream(Box::new(stream));
    WebSocket::from_parts(stream, TokioClock::new(), connection, Timeouts::default())
}
