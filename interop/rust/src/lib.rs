//! The cases of a client, for peers in Rust.

use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

/// The reason in close frames.
pub const REASON: &str = "操作完成";

/// An error of any library.
pub type Fault = Box<dyn Error + Send + Sync>;

/// What a client receives.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Text(String),
    Binary(Vec<u8>),
    Pong,
    Closed(u16, String),
}

/// A connection of the library.
#[allow(async_fn_in_trait)]
pub trait Socket: Sized {
    /// Connects to a `ws:` URL.
    async fn open(url: &str, subprotocols: &str) -> Result<Self, Fault>;
    /// Sends a text or a binary message.
    async fn send(&mut self, message: &Event) -> Result<(), Fault>;
    /// Sends a text in fragments, or returns `false` if that is not in its API.
    async fn fragments(&mut self, chunks: &[&str]) -> Result<bool, Fault>;
    /// Sends a ping.
    async fn ping(&mut self) -> Result<(), Fault>;
    /// Sends a close frame.
    async fn close(&mut self, code: u16, reason: &str) -> Result<(), Fault>;
    /// Receives the next message, pong or close frame.
    async fn next(&mut self) -> Result<Event, Fault>;
    /// The subprotocol that the server has chosen.
    fn subprotocol(&self) -> Option<&str>;
}

/// Runs the cases, and prints what comes of them.
pub async fn run<S: Socket>(url: &str) {
    let text = |text: &str| Event::Text(text.into());
    let json = text(&"{\"type\":\"chat\",\"text\":\"hello again\"}".repeat(200));
    let bytes = Event::Binary((0..1 << 20).map(|i| (i % 251) as u8).collect());
    print("text", ask::<S>(url, text("hello"), None)).await;
    print("unicode", ask::<S>(url, text("κόσμε 🙂 操作完成"), None)).await;
    print("empty text", ask::<S>(url, text(""), None)).await;
    print("empty binary", ask::<S>(url, Event::Binary(Vec::new()), None)).await;
    print("binary", ask::<S>(url, bytes, None)).await;
    print("json", ask::<S>(url, json, None)).await;
    print("burst", burst::<S>(url)).await;
    print("client pings", ping::<S>(url)).await;
    print("server pings", ask::<S>(url, text("ping"), Some(text("pong")))).await;
    print("client fragments", fragments::<S>(url)).await;
    print("server fragments", ask::<S>(url, text("fragments"), Some(text("one two three")))).await;
    print("client closes", closes::<S>(url)).await;
    print("server closes", closed::<S>(url)).await;
    print("refusal", refusal::<S>(url)).await;
    print("subprotocol", subprotocol::<S>(url)).await;
}

/// `false` is a case that is not in its API.
async fn print(name: &str, case: impl Future<Output = Result<bool, Fault>>) {
    match tokio::time::timeout(Duration::from_secs(20), case).await {
        Ok(Ok(true)) => println!("ok {name}"),
        Ok(Ok(false)) => println!("no {name}: not in its API"),
        Ok(Err(error)) => println!("no {name}: {error}"),
        Err(_) => println!("no {name}: no end within 20 s"),
    }
}

fn same<T: PartialEq + Debug>(received: T, expected: T) -> Result<(), Fault> {
    if received == expected { Ok(()) } else { Err(format!("received {received:.60?}").into()) }
}

async fn end<S: Socket>(mut socket: S) -> Result<bool, Fault> {
    socket.close(1000, "").await?;
    match socket.next().await? {
        Event::Closed(1000, _) => Ok(true),
        other => Err(format!("received {other:.60?}").into()),
    }
}

async fn ask<S: Socket>(url: &str, message: Event, answer: Option<Event>) -> Result<bool, Fault> {
    let mut socket = S::open(url, "").await?;
    socket.send(&message).await?;
    same(socket.next().await?, answer.unwrap_or(message))?;
    end(socket).await
}

async fn burst<S: Socket>(url: &str) -> Result<bool, Fault> {
    let mut socket = S::open(url, "").await?;
    for i in 0..1000 {
        socket.send(&Event::Text(format!("message {i}"))).await?;
    }
    for i in 0..1000 {
        same(socket.next().await?, Event::Text(format!("message {i}")))?;
    }
    end(socket).await
}

async fn ping<S: Socket>(url: &str) -> Result<bool, Fault> {
    let mut socket = S::open(url, "").await?;
    socket.ping().await?;
    same(socket.next().await?, Event::Pong)?;
    end(socket).await
}

async fn fragments<S: Socket>(url: &str) -> Result<bool, Fault> {
    let mut socket = S::open(url, "").await?;
    if !socket.fragments(&["κόσ", "με ", REASON]).await? {
        return Ok(false);
    }
    same(socket.next().await?, Event::Text(format!("κόσμε {REASON}")))?;
    end(socket).await
}

async fn closes<S: Socket>(url: &str) -> Result<bool, Fault> {
    let mut socket = S::open(url, "").await?;
    socket.close(3001, REASON).await?;
    socket.next().await?;
    Ok(true)
}

async fn closed<S: Socket>(url: &str) -> Result<bool, Fault> {
    let mut socket = S::open(url, "").await?;
    socket.send(&Event::Text("close".into())).await?;
    same(socket.next().await?, Event::Closed(3002, REASON.into()))?;
    Ok(true)
}

async fn refusal<S: Socket>(url: &str) -> Result<bool, Fault> {
    match S::open(&format!("{url}refuse"), "").await {
        Ok(_) => Err("accepted".into()),
        Err(error) if format!("{error} {error:?}").contains("403") => Ok(true),
        Err(error) => Err(error),
    }
}

async fn subprotocol<S: Socket>(url: &str) -> Result<bool, Fault> {
    let socket = S::open(url, "chat.v1, chat.v2").await?;
    same(socket.subprotocol(), Some("chat.v2"))?;
    end(socket).await
}
