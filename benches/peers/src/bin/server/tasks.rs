//! The accept loop of every server on tokio: one thread, one task for each connection.

use std::net::TcpListener;

use tokio::net::TcpStream;

use crate::Failure;

/// Runs `echo` for every connection, in a task of its own.
pub fn serve<F>(listener: TcpListener, echo: impl Fn(TcpStream) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    listener.set_nonblocking(true)?;
    block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            spawn(echo(stream));
        }
    })
}

/// Runs a server on this thread.
pub fn block_on(serve: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve)
}

/// Spawns the task of a connection.
pub fn spawn(conversation: impl Future<Output = Result<(), Failure>> + Send + 'static) {
    tokio::spawn(async {
        if let Err(error) = conversation.await {
            eprintln!("a connection ended: {error}");
        }
    });
}
