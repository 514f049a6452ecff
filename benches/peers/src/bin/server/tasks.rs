//! The accept loop of every server on tokio: one thread, a task a connection.

use std::net::TcpListener;

use tokio::net::TcpStream;

use crate::Failure;

/// Gives every connection to `echo`, in a task of its own.
pub fn serve<F>(listener: TcpListener, echo: impl Fn(TcpStream) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    listener.set_nonblocking(true)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            spawn(echo(stream));
        }
    })
}

/// Has a conversation in a task of its own.
pub fn spawn(conversation: impl Future<Output = Result<(), Failure>> + Send + 'static) {
    tokio::spawn(async {
        if let Err(error) = conversation.await {
            eprintln!("a connection ended: {error}");
        }
    });
}
