//! The baseline for servers on tokio: echoes bytes. One read buffer for all connections: one for
//! each would cost more.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::broadcast::Sender;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::{Failure, tasks, tls};

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo)
}

thread_local! {
    static WINDOW: RefCell<Vec<u8>> = RefCell::new(vec![0; 512 * 1024]);
}

async fn echo(mut stream: TcpStream) -> Result<(), Failure> {
    let mut rest = Vec::new();
    while read_and_write(&mut stream, &mut rest).await? {
        stream.write_all(&rest).await?;
        rest.clear();
    }
    Ok(())
}

/// Reads once and writes once; `rest` has the bytes that the socket did not accept. `false` at the
/// end of the stream.
async fn read_and_write(stream: &mut TcpStream, rest: &mut Vec<u8>) -> io::Result<bool> {
    poll_fn(|context| {
        WINDOW.with_borrow_mut(|window| {
            // Not `try_read`: it does not notice that a short read has emptied the socket, and
            // needs one more system call.
            let mut read = ReadBuf::new(window);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut read))?;
            let read = read.filled();
            let written = match stream.try_write(read) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                result => result?,
            };
            rest.extend_from_slice(&read[written..]);
            Poll::Ready(Ok(!read.is_empty()))
        })
    })
    .await
}

pub fn serve_tls(listener: TcpListener, acceptor: TlsAcceptor) -> Result<(), Failure> {
    tls::serve(listener, acceptor, echo_tls)
}

async fn echo_tls(mut stream: TlsStream<TcpStream>) -> Result<(), Failure> {
    let mut rest = Vec::new();
    while read_and_write_tls(&mut stream, &mut rest).await? {
        stream.write_all(&rest).await?;
        stream.flush().await?;
        rest.clear();
    }
    Ok(())
}

/// As `read_and_write`, over TLS: a read returns the contents of one record.
async fn read_and_write_tls(
    stream: &mut TlsStream<TcpStream>,
    rest: &mut Vec<u8>,
) -> io::Result<bool> {
    poll_fn(|context| {
        WINDOW.with_borrow_mut(|window| {
            let mut read = ReadBuf::new(window);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut read))?;
            let read = read.filled();
            let written = match Pin::new(&mut *stream).poll_write(context, read) {
                Poll::Ready(written) => written?,
                Poll::Pending => 0,
            };
            rest.extend_from_slice(&read[written..]);
            Poll::Ready(Ok(!read.is_empty()))
        })
    })
    .await
}

/// The broadcast message: 1 KiB, its header and its mask.
pub const FRAME: usize = 1024 + 8;

pub fn serve_broadcasting(listener: TcpListener) -> Result<(), Failure> {
    let topic = Arc::new(Sender::new(64));
    tasks::serve(listener, move |stream| relay(stream, Arc::clone(&topic)))
}

async fn relay(stream: TcpStream, topic: Arc<Sender<Bytes>>) -> Result<(), Failure> {
    let (mut reader, mut writer) = stream.into_split();
    let mut news = topic.subscribe();
    tasks::spawn(async move {
        loop {
            writer.write_all(&news.recv().await?).await?;
        }
    });
    let mut received = BytesMut::new();
    while reader.read_buf(&mut received).await? > 0 {
        while received.len() >= FRAME {
            topic.send(received.split_to(FRAME).freeze())?;
        }
    }
    Ok(())
}
