//! A hub and clients on loopback.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use sansocket::deflate::Deflate;
use sansocket::tokio::{Options, WebSocket};
use sansocket::{ClientRequest, Closed, Config, Error, Message};
use sansocket_hub::{Failure, Server, Settings};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than any step of a test takes.
const LONG: Duration = Duration::from_secs(40);

/// A test that waits for what does not come fails, and does not hang.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(LONG, future).await.expect("neither done nor failed")
}

/// A hub that serves in a task.
pub(crate) struct Hub {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), Failure>>,
}

/// A hub that keeps everything in memory.
pub(crate) async fn hub() -> Hub {
    hub_with(Settings::new()).await
}

/// A hub that keeps everything in this directory.
pub(crate) async fn hub_in(directory: &Path) -> Hub {
    hub_with(Settings { data: Some(directory.to_owned()), ..Settings::new() }).await
}

pub(crate) async fn hub_with(settings: Settings) -> Hub {
    serve(Server::new(settings).await.unwrap()).await
}

pub(crate) async fn serve(server: Server) -> Hub {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(server.serve(listener, async {
        // A test that drops the hub does not stop it.
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    }));
    Hub { address, stop, serving }
}

impl Hub {
    /// Closes all connections, and ends.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        within(self.serving).await.unwrap().unwrap();
    }

    /// Waits for the end, which is not asked for.
    #[cfg(any(feature = "redis", feature = "nats"))]
    pub(crate) async fn ended(self) -> Result<(), Failure> {
        let Self { serving, stop: _stop, .. } = self;
        within(serving).await.unwrap()
    }

    /// Opens a WebSocket at this path and query.
    pub(crate) async fn open(&self, target: &str) -> Client {
        open(self.address, target).await
    }

    pub(crate) async fn chat(&self, client: &str, since: u64) -> Client {
        let name = format!("the%20{client}");
        self.open(&format!("/rooms/chat?client={client}&name={name}&since={since}")).await
    }

    pub(crate) async fn prices(&self) -> Client {
        self.open("/rooms/prices?client=c").await
    }

    /// Sends an HTTP request, whose lines end with `\r\n`, and reads the response.
    pub(crate) async fn http(&self, request: &str) -> String {
        http(&mut TcpStream::connect(self.address).await.unwrap(), request).await
    }

    /// The response to an opening handshake with this target, host and lines more.
    pub(crate) async fn upgrade(&self, target: &str, host: &str, lines: &str) -> String {
        upgrade(self.address, target, host, lines).await
    }
}

/// The same, of any hub.
pub(crate) async fn upgrade(address: SocketAddr, target: &str, host: &str, lines: &str) -> String {
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         {lines}\r\n"
    );
    http(&mut TcpStream::connect(address).await.unwrap(), &request).await
}

/// Sends a request on a stream, and returns the response.
pub(crate) async fn http(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &str,
) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    within(response(stream)).await
}

/// Reads the head of a response, and the body if its length is there.
async fn response(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut response = vec![];
    while !response.ends_with(b"\r\n\r\n") {
        response.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(response).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.unwrap();
    head + &String::from_utf8(body).unwrap()
}

/// A client of a room.
pub(crate) struct Client<S = TcpStream> {
    pub(crate) socket: WebSocket<S>,
}

pub(crate) async fn open(address: SocketAddr, target: &str) -> Client {
    let stream = within(TcpStream::connect(address)).await.unwrap();
    open_on(stream, target).await
}

/// Opens a WebSocket on this socket.
pub(crate) async fn open_on(stream: TcpStream, target: &str) -> Client {
    let request = ClientRequest::new(&format!("ws://{}{target}", stream.peer_addr().unwrap()));
    let options = Options::new().config(Config::new().deflate(Deflate::memory()));
    let opened = within(options.connect_with_stream(stream, &request.unwrap())).await;
    Client { socket: opened.unwrap().0 }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn send(&mut self, message: Value) {
        within(self.socket.send(message.to_string())).await.unwrap();
    }

    pub(crate) async fn say(&mut self, id: u64, text: &str) {
        self.send(json!({ "type": "say", "id": id, "text": text })).await;
    }

    /// The next message, of any type.
    pub(crate) async fn message(&mut self) -> Message {
        within(self.socket.recv()).await.unwrap().expect("the connection is open")
    }

    /// The next text of this type; others are skipped.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        self.next_or_closed(kind).await.expect("the connection is open")
    }

    /// The same, or the hub's code if it closes the connection before.
    pub(crate) async fn next_or_closed(&mut self, kind: &str) -> Result<Value, u16> {
        within(async {
            while let Some(message) = self.socket.recv().await.unwrap() {
                let Some(text) = message.as_text() else { continue };
                let value: Value = serde_json::from_str(text).unwrap();
                if value["type"] == kind {
                    return Ok(value);
                }
            }
            Err(self.closed().await.0)
        })
        .await
    }

    /// The next text of this type that is as wanted.
    pub(crate) async fn until(&mut self, kind: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        within(async {
            loop {
                let value = self.next(kind).await;
                if is_wanted(&value) {
                    return value;
                }
            }
        })
        .await
    }

    /// Receives until the end; returns the hub's code and reason.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        within(async { while self.socket.recv().await.unwrap().is_some() {} }).await;
        let closed = self.socket.closed().unwrap();
        let frame = closed.received().expect("a Close frame");
        (frame.code().get(), frame.reason().to_owned())
    }

    pub(crate) async fn close(mut self) -> Result<Closed, Error> {
        within(self.socket.close(sansocket::CloseCode::NORMAL, "")).await
    }
}
