//! tokio-tungstenite, for both roles.

use futures_util::{SinkExt, StreamExt};
use interop_peers::{Event, Fault, REASON, Socket, run};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, accept_hdr_async, connect_async};

struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    subprotocol: Option<String>,
}

impl Socket for Client {
    async fn open(url: &str, subprotocols: &str) -> Result<Self, Fault> {
        let mut request = url.into_client_request()?;
        if !subprotocols.is_empty() {
            request.headers_mut().insert("Sec-WebSocket-Protocol", subprotocols.parse()?);
        }
        let (socket, response) = connect_async(request).await?;
        let chosen = response.headers().get("Sec-WebSocket-Protocol");
        let subprotocol = chosen.map(|name| name.to_str().map(String::from)).transpose()?;
        Ok(Self { socket, subprotocol })
    }

    async fn send(&mut self, message: &Event) -> Result<(), Fault> {
        let message = match message {
            Event::Text(text) => Message::text(text),
            Event::Binary(bytes) => Message::binary(bytes.clone()),
            _ => return Err("no message".into()),
        };
        Ok(self.socket.send(message).await?)
    }

    async fn fragments(&mut self, chunks: &[&str]) -> Result<bool, Fault> {
        for frame in frames(chunks) {
            self.socket.send(frame).await?;
        }
        Ok(true)
    }

    async fn ping(&mut self) -> Result<(), Fault> {
        Ok(self.socket.send(Message::Ping("hello".into())).await?)
    }

    async fn close(&mut self, code: u16, reason: &str) -> Result<(), Fault> {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        Ok(self.socket.close(Some(frame)).await?)
    }

    async fn next(&mut self) -> Result<Event, Fault> {
        loop {
            return Ok(match self.socket.next().await.ok_or("the stream has ended")?? {
                Message::Text(text) => Event::Text(text.to_string()),
                Message::Binary(bytes) => Event::Binary(bytes.to_vec()),
                Message::Pong(_) => Event::Pong,
                Message::Close(Some(frame)) => {
                    Event::Closed(frame.code.into(), frame.reason.to_string())
                }
                Message::Close(None) => Event::Closed(1005, String::new()),
                _ => continue,
            });
        }
    }

    fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }
}

fn frames(chunks: &[&str]) -> impl Iterator<Item = Message> {
    chunks.iter().enumerate().map(|(i, chunk)| {
        let opcode = OpCode::Data(if i == 0 { Data::Text } else { Data::Continue });
        Message::Frame(Frame::message(chunk.to_string(), opcode, i == chunks.len() - 1))
    })
}

#[allow(clippy::result_large_err)]
fn answer(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    if request.uri().path() == "/refuse" {
        let mut refusal = ErrorResponse::new(Some("not for you\n".into()));
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        return Err(refusal);
    }
    let offer = request.headers().get("Sec-WebSocket-Protocol");
    if offer.is_some_and(|offer| offer.as_bytes().ends_with(b"chat.v2")) {
        let chosen = HeaderValue::from_static("chat.v2");
        response.headers_mut().insert("Sec-WebSocket-Protocol", chosen);
    }
    Ok(response)
}

async fn serve(stream: TcpStream) -> Result<(), Fault> {
    let mut socket = accept_hdr_async(stream, answer).await?;
    while let Some(message) = socket.next().await {
        match message? {
            Message::Text(text) if text == "ping" => {
                socket.send(Message::Ping("hello".into())).await?;
            }
            Message::Text(text) if text == "fragments" => {
                for frame in frames(&["one ", "two ", "three"]) {
                    socket.send(frame).await?;
                }
            }
            Message::Text(text) if text == "close" => {
                let frame = CloseFrame { code: 3002.into(), reason: REASON.into() };
                socket.close(Some(frame)).await?;
            }
            Message::Pong(_) => socket.send(Message::text("pong")).await?,
            Message::Close(Some(frame)) => {
                println!("closed {} {}", u16::from(frame.code), frame.reason);
            }
            message @ (Message::Text(_) | Message::Binary(_)) => socket.send(message).await?,
            _ => {}
        }
    }
    Ok(())
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
            if let Err(error) = serve(stream).await {
                eprintln!("{error}");
            }
        });
    }
}
