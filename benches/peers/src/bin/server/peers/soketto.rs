//! soketto, with buffers, because it writes header and payload separately. It does not validate
//! text.

use std::net::TcpListener;

use futures_util::io::{BufReader, BufWriter};
use soketto::handshake::Server;
use soketto::handshake::server::Response;
use soketto::{Receiver, Sender};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

use crate::{Failure, tasks};

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, echo)
}

type Buffered = BufReader<BufWriter<Compat<TcpStream>>>;

async fn echo(stream: TcpStream) -> Result<(), Failure> {
    let (mut sender, mut receiver) = accept(stream).await?;
    let mut message = Vec::new();
    loop {
        message.clear();
        if receiver.receive_data(&mut message).await?.is_text() {
            sender.send_text(simdutf8::basic::from_utf8(&message)?).await?;
        } else {
            sender.send_binary(&message).await?;
        }
        sender.flush().await?;
    }
}

async fn accept(stream: TcpStream) -> Result<(Sender<Buffered>, Receiver<Buffered>), Failure> {
    let mut server = Server::new(BufReader::new(BufWriter::new(stream.compat())));
    let key = server.receive_request().await?.key();
    server.send_response(&Response::Accept { key, protocol: None }).await?;
    Ok(server.into_builder().finish())
}
