//! fastwebsockets, which validates text itself. It can't send without a flush.

use std::net::TcpListener;

use bytes::Bytes;
use fastwebsockets::upgrade::{UpgradeFut, upgrade};
use fastwebsockets::{FragmentCollector, OpCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::{Failure, http, tasks, tls};

pub fn serve(listener: TcpListener) -> Result<(), Failure> {
    tasks::serve(listener, async |stream: TcpStream| http::serve(stream, accept).await)
}

pub fn serve_tls(listener: TcpListener, acceptor: TlsAcceptor) -> Result<(), Failure> {
    tls::serve(listener, acceptor, async |stream| http::serve(stream, accept).await)
}

async fn accept(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Failure> {
    let (response, upgraded) = upgrade(&mut request)?;
    tasks::spawn(echo(upgraded));
    Ok(response)
}

async fn echo(upgraded: UpgradeFut) -> Result<(), Failure> {
    let mut socket = FragmentCollector::new(upgraded.await?);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            OpCode::Close => return Ok(()),
            _ => {}
        }
    }
}
