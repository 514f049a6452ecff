//! A proxy, backends and clients on loopback.

use std::net::SocketAddr;
use std::time::Duration;

use sansocket::Uri;
use sansocket_reverse_proxy::{Groups, Settings, serve};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A deadline that a test waits for. A request takes less on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(2);

/// A proxy that serves in a task.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Proxy {
    /// Closes all connections, and ends.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
    }

    pub(crate) async fn client(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Connects, and sends an opening handshake.
    pub(crate) async fn handshake(&self) -> TcpStream {
        let mut client = self.client().await;
        client.write_all(request("").as_bytes()).await.unwrap();
        client
    }

    /// A client and a backend of HTTP/1.1 with an open connection that was not used yet.
    pub(crate) async fn open(&self, listener: &TcpListener) -> (TcpStream, TcpStream) {
        let mut client = self.handshake().await;
        let (backend, _) = accept(listener, "").await;
        assert!(head(&mut client).await.starts_with("HTTP/1.1 101 "));
        (client, backend)
    }
}

/// A listener, and the settings of a proxy for it.
pub(crate) async fn backend() -> (TcpListener, Settings) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    (listener, Settings::new(Uri::parse(&url).unwrap()))
}

pub(crate) async fn proxy(settings: Settings) -> Proxy {
    proxy_with(settings, Groups::default()).await
}

pub(crate) async fn proxy_with(settings: Settings, groups: Groups) -> Proxy {
    proxy_on("127.0.0.1:0", settings, groups).await
}

pub(crate) async fn proxy_on(address: &str, settings: Settings, groups: Groups) -> Proxy {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(serve(listener, settings, groups, async {
        // A test that drops the proxy does not stop it.
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    }));
    Proxy { address, stop, serving }
}

/// An opening handshake with these lines more.
pub(crate) fn request(lines: &str) -> String {
    format!(
        "GET /chat?room=1 HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\n{lines}\r\n"
    )
}

/// Reads the head of a request or a response.
pub(crate) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Accepts a connection with a response that has these lines more. Returns the request, too.
pub(crate) async fn accept(listener: &TcpListener, lines: &str) -> (TcpStream, String) {
    accept_with(listener, lines, b"").await
}

/// As [`accept`], with these bytes in the packet of the response.
pub(crate) async fn accept_with(
    listener: &TcpListener,
    lines: &str,
    early: &[u8],
) -> (TcpStream, String) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let request = head(&mut stream).await;
    let key = value(&request, "sec-websocket-key").unwrap();
    let accept = sansocket::accept_key(key).unwrap();
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{lines}\r\n"
    );
    stream.write_all(&[response.as_bytes(), early].concat()).await.unwrap();
    (stream, request)
}

/// As [`Proxy::open`], through a new proxy.
pub(crate) async fn open(settings: Settings, listener: &TcpListener) -> (TcpStream, TcpStream) {
    proxy(settings).await.open(listener).await
}

/// The value of a field, whose name is in lower case.
pub(crate) fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Sends bytes, in pieces of so many.
pub(crate) async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8], piece: usize) {
    for piece in bytes.chunks(piece) {
        stream.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
}

/// Reads to the end of the stream.
pub(crate) async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}
