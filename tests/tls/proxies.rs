//! `https:` proxies, in every adapter: TLS to the proxy, CONNECT inside of it, and `ws:` or `wss:`
//! through the tunnel.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use certificates::{Authority, Identity, VALID};
use rustls::ServerConnection;
use sansocket::blocking::{self, Stream, TlsStream, TryClone};
use sansocket::proxy::Proxy;
use sansocket::tls::{Tls, TlsError};
use sansocket::{ClientRequest, CloseCode, Error};

use crate::parts::{serve, server_stream};

/// Receives one message through a proxy.
type Client = fn(&str, Tls, Proxy) -> Result<String, Error>;

const CLIENTS: [(&str, Client); 3] =
    [("blocking", with_blocking), ("tokio", with_tokio), ("futures", with_futures)];

fn text(message: Option<sansocket::Message>) -> String {
    message.and_then(|message| message.as_text().map(str::to_owned)).unwrap_or_default()
}

fn with_blocking(url: &str, tls: Tls, proxy: Proxy) -> Result<String, Error> {
    let connector = blocking::Connector::new().tls(tls).proxy(proxy);
    let (mut socket, _) = connector.connect(&ClientRequest::new(url)?)?;
    assert!(socket.stream().is_tls() && socket.stream().tcp().is_some());
    let message = socket.recv()?;
    socket.close(CloseCode::NORMAL, "")?;
    Ok(text(message))
}

fn with_tokio(url: &str, tls: Tls, proxy: Proxy) -> Result<String, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let connector = sansocket::tokio::Connector::new().tls(tls).proxy(proxy);
        let (mut socket, _) = connector.connect(&ClientRequest::new(url)?).await?;
        assert!(socket.stream().is_tls() && socket.stream().tcp().is_some());
        let message = socket.recv().await?;
        socket.close(CloseCode::NORMAL, "").await?;
        Ok(text(message))
    })
}

fn with_futures(url: &str, tls: Tls, proxy: Proxy) -> Result<String, Error> {
    smol::block_on(async {
        let connector = sansocket::futures::Connector::new().tls(tls).proxy(proxy);
        let (mut socket, _) = connector.connect(&ClientRequest::new(url)?).await?;
        assert!(socket.stream().is_tls() && socket.stream().tcp().is_some());
        let message = socket.recv().await?;
        socket.close(CloseCode::NORMAL, "").await?;
        Ok(text(message))
    })
}

/// A socket that keeps the bytes that it receives.
struct Recorded(TcpStream, Arc<Mutex<Vec<u8>>>);

impl Read for Recorded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.lock().unwrap().extend(&buffer[..count]);
        Ok(count)
    }
}

impl Write for Recorded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Stream for Recorded {
    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }
}

impl TryClone for Recorded {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?, Arc::clone(&self.1)))
    }
}

/// What a proxy has received: the bytes on the network, and the head inside of TLS.
struct Received {
    raw: Vec<u8>,
    head: io::Result<String>,
}

impl Received {
    /// Whether the bytes on the network have these among them.
    fn shows(&self, text: &str) -> bool {
        self.raw.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

/// A proxy with this certificate, for one tunnel, wherever the client asks it to connect to.
fn proxy(identity: &Identity, target: Option<SocketAddr>) -> (SocketAddr, JoinHandle<Received>) {
    let config = identity.server_config(&[b"http/1.1"]);
    serve(move |stream| {
        let raw = Arc::new(Mutex::new(vec![]));
        let connection = ServerConnection::new(config).unwrap();
        let mut stream = TlsStream::from((connection, Recorded(stream, Arc::clone(&raw))));
        let head = read_head(&mut stream);
        if let (Ok(_), Some(target)) = (&head, target) {
            let server = TcpStream::connect(target).unwrap();
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
            stream.flush().unwrap();
            relay(stream, server);
        }
        let raw = raw.lock().unwrap().clone();
        Received { raw, head }
    })
}

fn read_head(stream: &mut impl Read) -> io::Result<String> {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8(head).unwrap())
}

/// Passes bytes on, both ways, until both sides have ended.
fn relay(mut client: TlsStream<Recorded>, server: TcpStream) {
    let (mut back, mut from) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let passing = thread::spawn(move || {
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            back.write_all(&buffer[..count]).unwrap();
            back.flush().unwrap();
        }
        let _ = Stream::shutdown(&mut back, Shutdown::Write);
    });
    let mut to = server;
    let _ = io::copy(&mut client, &mut to);
    let _ = to.shutdown(Shutdown::Write);
    passing.join().unwrap();
}

fn greet<S: Stream>(stream: S) -> Result<(), Error> {
    let mut socket = blocking::accept(stream)?;
    socket.send("hello")?;
    socket.until_closed().map(drop)
}

fn address_of(proxy: SocketAddr) -> Proxy {
    Proxy::parse(&format!("https://user:word@{proxy}")).unwrap()
}

#[test]
fn https_proxy_is_asked_inside_of_tls_for_ws_and_wss() {
    let authority = Authority::new("test");
    let of_proxy = authority.issue("127.0.0.1", VALID);
    for (name, client) in CLIENTS {
        for scheme in ["ws", "wss"] {
            let config = authority.issue("server.test", VALID).server_config(&[b"http/1.1"]);
            let (target, serving) = serve(move |stream| match scheme {
                "ws" => greet(stream),
                _ => greet(server_stream(config, stream)),
            });
            let (address, proxying) = proxy(&of_proxy, Some(target));
            let url = format!("{scheme}://server.test:81/");
            let message = client(&url, authority.trusted(), address_of(address));
            assert_eq!(message.unwrap(), "hello", "{name}, {scheme}");
            serving.join().unwrap().unwrap();
            let received = proxying.join().unwrap();
            assert_eq!(
                received.head.as_deref().unwrap(),
                "CONNECT server.test:81 HTTP/1.1\r\nHost: server.test:81\r\n\
                 Proxy-Authorization: Basic dXNlcjp3b3Jk\r\n\r\n",
                "{name}, {scheme}"
            );
            for secret in ["Proxy-Authorization", "dXNlcjp3b3Jk", "CONNECT", "server.test"] {
                assert!(!received.shows(secret), "{name}, {scheme}: {secret} in clear text");
            }
        }
    }
}

#[test]
fn bad_certificate_of_a_proxy_is_an_error_that_names_the_proxy_and_it_gets_no_credentials() {
    let authority = Authority::new("test");
    type Case = (Identity, fn(&TlsError) -> bool);
    let cases: [Case; 4] = [
        (Authority::new("another").issue("127.0.0.1", VALID), |error| {
            matches!(error, TlsError::UnknownIssuer)
        }),
        (Identity::self_signed("127.0.0.1", false), |error| {
            matches!(error, TlsError::UnknownIssuer)
        }),
        (
            authority.issue("proxy.test", VALID),
            |error| matches!(error, TlsError::WrongHost(wrong) if wrong.host == "127.0.0.1"),
        ),
        (authority.issue("127.0.0.1", (2000, 2001)), |error| matches!(error, TlsError::Expired)),
    ];
    for (identity, is_expected) in cases {
        for (name, client) in CLIENTS {
            let (address, proxying) = proxy(&identity, None);
            let error = client("wss://server.test/", authority.trusted(), address_of(address));
            let error = error.unwrap_err();
            let Error::ProxyTls(failed) = &error else { panic!("{name}: {error:?}") };
            assert!(is_expected(&failed.error), "{name}: {error:?}");
            assert_eq!(failed.proxy, format!("https://{address}"));
            let text = error.to_string();
            assert!(text.starts_with(&format!("TLS with the proxy https://{address}: ")), "{text}");
            assert!(!text.contains("word") && !error.is_retryable(), "{text}");
            let received = proxying.join().unwrap();
            assert!(received.head.is_err(), "{name}: {:?}", received.head);
            assert!(!received.shows("dXNlcjp3b3Jk"), "{name}");
        }
    }
}

#[test]
fn bad_certificate_of_the_server_behind_a_proxy_is_the_servers() {
    let authority = Authority::new("test");
    let of_proxy = authority.issue("127.0.0.1", VALID);
    for (name, client) in CLIENTS {
        let config = authority.issue("other.test", VALID).server_config(&[]);
        let (target, serving) = serve(move |stream| greet(server_stream(config, stream)));
        let (address, proxying) = proxy(&of_proxy, Some(target));
        let error = client("wss://server.test/", authority.trusted(), address_of(address));
        let Err(Error::Tls(TlsError::WrongHost(wrong))) = error else {
            panic!("{name}: {error:?}")
        };
        assert_eq!(wrong.host, "server.test");
        assert!(serving.join().unwrap().is_err());
        assert!(proxying.join().unwrap().head.is_ok());
    }
}

#[test]
fn proxy_without_tls_behind_https_is_named() {
    for (name, client) in CLIENTS {
        let (address, proxying) = serve(|mut stream| {
            stream.read_exact(&mut [0]).unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
            let _ = io::copy(&mut stream, &mut io::sink());
        });
        let tls = Authority::new("test").trusted();
        let error = client("ws://server.test/", tls, address_of(address)).unwrap_err();
        let is_expected = matches!(&error, Error::ProxyTls(failed)
            if matches!(failed.error, TlsError::NotTls));
        assert!(is_expected, "{name}: {error:?}");
        let text = format!("the proxy https://{address} does not speak TLS; use http://");
        assert!(error.to_string().starts_with(&text), "{error}");
        proxying.join().unwrap();
    }
}
