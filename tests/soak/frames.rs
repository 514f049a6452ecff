//! A client's side of the wire, which shares no code with the library: RFC 6455 §4.1, §5.2.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8a;
pub const CLOSE: u8 = 0x88;

/// Close code 1000.
pub const NORMAL: [u8; 2] = 1000_u16.to_be_bytes();

/// The request for a path.
pub fn request(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    )
}

/// Sends the request and reads the response head, and no byte more.
pub async fn open(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    path: &str,
) -> io::Result<()> {
    stream.write_all(request(path).as_bytes()).await?;
    let head = read_head(stream).await?;
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", head.escape_ascii());
    assert!(
        head.windows(28).any(|part| part == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        "{}",
        head.escape_ascii()
    );
    Ok(())
}

/// Reads up to the empty line.
pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(head)
}

/// The next frame's first byte and payload, or `None` at EOF between frames.
pub async fn read_frame(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<(u8, Vec<u8>)>> {
    let first = match stream.read_u8().await {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        first => first?,
    };
    let len = match stream.read_u8().await? {
        126 => stream.read_u16().await?.into(),
        127 => stream.read_u64().await?,
        len => {
            assert!(len < 128, "a server masks nothing (§5.1)");
            len.into()
        }
    };
    let mut payload = vec![0; len as usize];
    stream.read_exact(&mut payload).await?;
    Ok(Some((first, payload)))
}
