//! What the tests share: a server on a thread, and a client that trusts it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use certificates::{Authority, VALID};
use rustls::{ClientConfig, ServerConfig, ServerConnection};
use sansocket::blocking::TlsStream;
use sansocket::tls::Tls;
use sansocket::{ClientRequest, Error, blocking};

/// A limit that no test reaches.
pub(crate) const LONG: Option<Duration> = Some(Duration::from_secs(60));

pub(crate) type Socket = blocking::WebSocket<TlsStream>;

/// The server's end of a stream.
pub(crate) fn server_stream(config: Arc<ServerConfig>, stream: TcpStream) -> TlsStream {
    TlsStream::from((ServerConnection::new(config).unwrap(), stream))
}

/// Accepts one TCP connection, on a thread.
pub(crate) fn serve<T: Send + 'static>(
    server: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (address, thread::spawn(move || server(listener.accept().unwrap().0)))
}

/// Opens a connection to a host, wherever it is.
pub(crate) fn connect(address: SocketAddr, host: &str, tls: &Tls) -> Result<Socket, Error> {
    let stream = TlsStream::connect(tls, host, TcpStream::connect(address)?, LONG)?;
    let request = ClientRequest::new("wss://localhost/")?;
    Ok(blocking::connect_with_stream(stream, &request)?.0)
}

/// A client of "localhost" and its server.
pub(crate) struct Trust {
    pub(crate) client: Tls,
    /// The same as [`client`](Self::client), for rustls itself.
    pub(crate) config: ClientConfig,
    pub(crate) server: Arc<ServerConfig>,
}

impl Trust {
    pub(crate) fn new() -> Self {
        let authority = Authority::new("test");
        let server = authority.issue("localhost", VALID).server_config(&[]);
        let config = authority.client_config(&[]);
        Self { client: config.clone().into(), config, server }
    }

    /// Two connected TLS streams: the client's and the server's.
    pub(crate) fn streams(&self) -> (TlsStream, TlsStream) {
        let config = Arc::clone(&self.server);
        let (address, server) = serve(|stream| {
            let mut stream = server_stream(config, stream);
            stream.complete_handshake(LONG).unwrap();
            stream
        });
        let stream = TcpStream::connect(address).unwrap();
        let client = TlsStream::connect(&self.client, "localhost", stream, LONG).unwrap();
        (client, server.join().unwrap())
    }

    /// Two connected WebSockets: the client's and the server's.
    pub(crate) fn sockets(&self) -> (Socket, Socket) {
        let config = Arc::clone(&self.server);
        let (address, server) =
            serve(|stream| blocking::accept(server_stream(config, stream)).unwrap());
        let client = connect(address, "localhost", &self.client).unwrap();
        (client, server.join().unwrap())
    }
}
