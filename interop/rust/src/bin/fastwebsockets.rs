//! fastwebsockets on hyper, for both roles.

use bytes::Bytes;
use fastwebsockets::{
    FragmentCollector, Frame, OpCode, Payload, WebSocketError, handshake, upgrade,
};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderValue, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use interop_peers::{Event, Fault, REASON, Socket, run};
use tokio::net::{TcpListener, TcpStream};

struct Client {
    socket: FragmentCollector<TokioIo<Upgraded>>,
    subprotocol: Option<String>,
}

impl Socket for Client {
    async fn open(url: &str, subprotocols: &str) -> Result<Self, Fault> {
        let uri: hyper::Uri = url.parse()?;
        let authority = uri.authority().ok_or("no authority")?.as_str();
        let stream = TcpStream::connect(authority).await?;
        let mut request = Request::builder()
            .uri(uri.path())
            .header(HOST, authority)
            .header(UPGRADE, "websocket")
            .header(CONNECTION, "upgrade")
            .header("Sec-WebSocket-Key", handshake::generate_key())
            .header("Sec-WebSocket-Version", "13");
        if !subprotocols.is_empty() {
            request = request.header(SEC_WEBSOCKET_PROTOCOL, subprotocols);
        }
        let request = request.body(Empty::<Bytes>::new())?;
        let (socket, response) = handshake::client(&TokioExecutor::new(), request, stream).await?;
        let chosen = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
        let subprotocol = chosen.map(|name| name.to_str().map(String::from)).transpose()?;
        Ok(Self { socket: FragmentCollector::new(socket), subprotocol })
    }

    async fn send(&mut self, message: &Event) -> Result<(), Fault> {
        let frame = match message {
            Event::Text(text) => Frame::text(Payload::Borrowed(text.as_bytes())),
            Event::Binary(bytes) => Frame::binary(Payload::Borrowed(bytes)),
            _ => return Err("no message".into()),
        };
        Ok(self.socket.write_frame(frame).await?)
    }

    async fn fragments(&mut self, chunks: &[&str]) -> Result<bool, Fault> {
        for frame in frames(chunks) {
            self.socket.write_frame(frame).await?;
        }
        Ok(true)
    }

    async fn ping(&mut self) -> Result<(), Fault> {
        let payload = Payload::Borrowed(b"hello");
        Ok(self.socket.write_frame(Frame::new(true, OpCode::Ping, None, payload)).await?)
    }

    async fn close(&mut self, code: u16, reason: &str) -> Result<(), Fault> {
        Ok(self.socket.write_frame(Frame::close(code, reason.as_bytes())).await?)
    }

    async fn next(&mut self) -> Result<Event, Fault> {
        loop {
            let frame = self.socket.read_frame().await?;
            return Ok(match frame.opcode {
                OpCode::Text => Event::Text(String::from_utf8(frame.payload.to_vec())?),
                OpCode::Binary => Event::Binary(frame.payload.to_vec()),
                OpCode::Pong => Event::Pong,
                OpCode::Close => closed(&frame.payload)?,
                _ => continue,
            });
        }
    }

    fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }
}

fn closed(payload: &[u8]) -> Result<Event, Fault> {
    let (code, reason) = payload.split_at_checked(2).ok_or("no code")?;
    let code = u16::from_be_bytes([code[0], code[1]]);
    Ok(Event::Closed(code, String::from_utf8(reason.to_vec())?))
}

fn frames<'a>(chunks: &'a [&'a str]) -> impl Iterator<Item = Frame<'a>> {
    chunks.iter().enumerate().map(|(i, chunk)| {
        let opcode = if i == 0 { OpCode::Text } else { OpCode::Continuation };
        Frame::new(i == chunks.len() - 1, opcode, None, Payload::Borrowed(chunk.as_bytes()))
    })
}

async fn echo(upgraded: upgrade::UpgradeFut) -> Result<(), Fault> {
    let mut socket = FragmentCollector::new(upgraded.await?);
    loop {
        let frame = socket.read_frame().await?;
        match (frame.opcode, &*frame.payload) {
            (OpCode::Text, b"ping") => {
                let payload = Payload::Borrowed(b"hello");
                socket.write_frame(Frame::new(true, OpCode::Ping, None, payload)).await?;
            }
            (OpCode::Text, b"fragments") => {
                for frame in frames(&["one ", "two ", "three"]) {
                    socket.write_frame(frame).await?;
                }
            }
            (OpCode::Text, b"close") => {
                socket.write_frame(Frame::close(3002, REASON.as_bytes())).await?;
            }
            (OpCode::Text | OpCode::Binary, _) => socket.write_frame(frame).await?,
            (OpCode::Pong, _) => {
                socket.write_frame(Frame::text(Payload::Borrowed(b"pong"))).await?;
            }
            (OpCode::Close, payload) => {
                if let Event::Closed(code, reason) = closed(payload)? {
                    println!("closed {code} {reason}");
                }
                return Ok(());
            }
            _ => {}
        }
    }
}

async fn answer(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    if request.uri().path() == "/refuse" {
        let mut refusal = Response::new(Empty::new());
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        return Ok(refusal);
    }
    let (mut response, upgraded) = upgrade::upgrade(&mut request)?;
    let offer = request.headers().get(SEC_WEBSOCKET_PROTOCOL);
    if offer.is_some_and(|offer| offer.as_bytes().ends_with(b"chat.v2")) {
        let chosen = HeaderValue::from_static("chat.v2");
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, chosen);
    }
    tokio::spawn(async {
        if let Err(error) = echo(upgraded).await {
            eprintln!("{error}");
        }
    });
    Ok(response)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fault> {
    if let Some(url) = std::env::args().nth(2) {
        run::<Client>(&url).await;
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async {
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .with_upgrades();
            if let Err(error) = connection.await {
                eprintln!("{error}");
            }
        });
    }
}
