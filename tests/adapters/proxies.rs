//! Connections through proxies, in every adapter: HTTP CONNECT and SOCKS5, and each way to fail.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sansocket::proxy::{Proxy, ProxyError, SocksError};
use sansocket::{ClientRequest, CloseCode, Error, TimedOut, Timeouts, accept_key, blocking};

/// The key of every request, so that a proxy can answer for the server.
const KEY: [u8; 16] = [7; 16];

/// Receives one message from a server behind a proxy.
type Client = fn(Proxy, &str, Timeouts) -> Result<String, Error>;

const CLIENTS: &[(&str, Client)] = &[
    ("blocking", with_blocking),
    #[cfg(feature = "tokio")]
    ("tokio", with_tokio),
    #[cfg(feature = "async-io")]
    ("futures", with_futures),
];

fn request(url: &str) -> ClientRequest {
    ClientRequest::new(url).unwrap().websocket_key(KEY)
}

fn text(message: Option<sansocket::Message>) -> String {
    message.and_then(|message| message.as_text().map(str::to_owned)).unwrap_or_default()
}

fn with_blocking(proxy: Proxy, url: &str, timeouts: Timeouts) -> Result<String, Error> {
    let options = blocking::Options::new().timeouts(timeouts);
    let connector = blocking::Connector::new().options(options).proxy(proxy);
    let (mut socket, _) = connector.connect(&request(url))?;
    let message = socket.recv()?;
    socket.close(CloseCode::NORMAL, "")?;
    Ok(text(message))
}

#[cfg(feature = "tokio")]
fn with_tokio(proxy: Proxy, url: &str, timeouts: Timeouts) -> Result<String, Error> {
    use sansocket::tokio::{Connector, Options};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let options = Options::new().timeouts(timeouts);
        let connector = Connector::new().options(options).proxy(proxy);
        let (mut socket, _) = connector.connect(&request(url)).await?;
        let message = socket.recv().await?;
        socket.close(CloseCode::NORMAL, "").await?;
        Ok(text(message))
    })
}

#[cfg(feature = "async-io")]
fn with_futures(proxy: Proxy, url: &str, timeouts: Timeouts) -> Result<String, Error> {
    use sansocket::futures::{Connector, Options};
    smol::block_on(async {
        let options = Options::new().timeouts(timeouts);
        let connector = Connector::new().options(options).proxy(proxy);
        let (mut socket, _) = connector.connect(&request(url)).await?;
        let message = socket.recv().await?;
        socket.close(CloseCode::NORMAL, "").await?;
        Ok(text(message))
    })
}

/// Runs one connection on a thread.
fn listen<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (address, thread::spawn(move || serve(listener.accept().unwrap().0)))
}

/// A server that says hello.
fn server() -> (SocketAddr, JoinHandle<()>) {
    listen(|stream| {
        let mut socket = blocking::accept(stream).unwrap();
        socket.send("hello").unwrap();
        socket.until_closed().unwrap();
    })
}

/// The head of a request.
fn read_head(stream: &mut TcpStream) -> String {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Passes bytes on, both ways, until both sides have ended.
fn relay(client: TcpStream, server: TcpStream) {
    let back = {
        let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        })
    };
    let (mut from, mut to) = (client, server);
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Write);
    back.join().unwrap();
}

#[test]
fn http_proxy_is_asked_for_the_server_with_its_credentials() {
    for (name, client) in CLIENTS {
        let (target, serving) = server();
        let (address, proxying) = listen(move |mut stream| {
            let head = read_head(&mut stream);
            let server = TcpStream::connect(target).unwrap();
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
            relay(stream, server);
            head
        });
        let proxy = Proxy::parse(&format!("http://user:word@{address}")).unwrap();
        // The proxy resolves the name.
        let message = client(proxy, "ws://server.test:81/", Timeouts::default());
        assert_eq!(message.unwrap(), "hello", "{name}");
        let head = proxying.join().unwrap();
        assert_eq!(
            head,
            "CONNECT server.test:81 HTTP/1.1\r\nHost: server.test:81\r\n\
             Proxy-Authorization: Basic dXNlcjp3b3Jk\r\n\r\n",
            "{name}"
        );
        serving.join().unwrap();
    }
}

#[test]
fn socks5_proxy_is_asked_for_the_server() {
    for (name, client) in CLIENTS {
        for (scheme, host, asked) in [
            ("socks5h", "server.test", b"\x03\x0bserver.test".to_vec()),
            ("socks5", "127.0.0.1", vec![1, 127, 0, 0, 1]),
        ] {
            let (target, serving) = server();
            let asked_len = asked.len();
            let (address, proxying) = listen(move |mut stream| {
                let mut greeting = [0; 3];
                stream.read_exact(&mut greeting).unwrap();
                stream.write_all(&[5, 0]).unwrap();
                let mut request = vec![0; 3 + asked_len + 2];
                stream.read_exact(&mut request).unwrap();
                let server = TcpStream::connect(target).unwrap();
                stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80]).unwrap();
                relay(stream, server);
                (greeting, request)
            });
            let proxy = Proxy::parse(&format!("{scheme}://{address}")).unwrap();
            let message = client(proxy, &format!("ws://{host}:81/"), Timeouts::default());
            assert_eq!(message.unwrap(), "hello", "{name}");
            let (greeting, request) = proxying.join().unwrap();
            assert_eq!(greeting, [5, 1, 0], "{name}");
            let expected = [&[5, 1, 0][..], &asked, &[0, 81]].concat();
            assert_eq!(request, expected, "{name}, {scheme}");
            serving.join().unwrap();
        }
    }
}

/// The server may have spoken before the proxy's answer was read.
#[test]
fn bytes_behind_the_answer_of_a_proxy_are_the_servers() {
    for (name, client) in CLIENTS {
        let (address, proxying) = listen(|mut stream| {
            read_head(&mut stream);
            // The nonce in base64.
            let key = "BwcHBwcHBwcHBwcHBwcHBw==";
            let mut bytes = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
            bytes.extend_from_slice(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                  Connection: Upgrade\r\nSec-WebSocket-Accept: ",
            );
            bytes.extend_from_slice(accept_key(key).unwrap().as_bytes());
            bytes.extend_from_slice(b"\r\n\r\n\x81\x05hello\x88\x02\x03\xe8");
            stream.write_all(&bytes).unwrap();
            let mut rest = vec![];
            let _ = stream.read_to_end(&mut rest);
            String::from_utf8_lossy(&rest).starts_with("GET / HTTP/1.1\r\n")
        });
        let proxy = Proxy::parse(&format!("http://{address}")).unwrap();
        let message = client(proxy, "ws://server.test/", Timeouts::default());
        assert_eq!(message.unwrap(), "hello", "{name}");
        assert!(proxying.join().unwrap(), "{name}");
    }
}

/// The error of a client whose proxy answers with these bytes, one by one.
fn fail(client: Client, scheme: &str, answer: &'static [u8], timeouts: Timeouts) -> Error {
    let (address, proxying) = listen(move |mut stream| {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        let _ = stream.set_nodelay(true);
        for byte in answer {
            if stream.write_all(&[*byte]).is_err() {
                break;
            }
        }
        // Until the client has gone.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let proxy = Proxy::parse(&format!("{scheme}://{address}")).unwrap();
    let error = client(proxy, "ws://server.test/", timeouts).unwrap_err();
    proxying.join().unwrap();
    error
}

#[test]
fn refusal_of_a_proxy_is_reported_with_its_status_and_body() {
    for (name, client) in CLIENTS {
        let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\
            Proxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 4\r\n\r\nwho?";
        let error = fail(*client, "http", answer, Timeouts::default());
        let Error::Proxy(ProxyError::Refused(response)) = &error else {
            panic!("{name}: {error:?}");
        };
        assert_eq!((response.status(), &response.body()[..]), (407, &b"who?"[..]), "{name}");
        assert!(error.to_string().contains("407"), "{name}: {error}");

        // The body does not come: the head is reported all the same.
        let answer = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\n";
        let error = fail(*client, "http", answer, Timeouts::default());
        let is_expected = matches!(&error, Error::Proxy(ProxyError::Refused(response)) if response.status() == 502);
        assert!(is_expected, "{name}: {error:?}");
    }
}

#[test]
fn refusal_of_a_socks5_proxy_is_reported_with_its_reason() {
    for (name, client) in CLIENTS {
        let answer = &[5, 0, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0];
        let error = fail(*client, "socks5h", answer, Timeouts::default());
        let is_expected =
            matches!(&error, Error::Proxy(ProxyError::Socks(SocksError::ConnectionRefused)));
        assert!(is_expected, "{name}: {error:?}");
    }
}

#[test]
fn proxy_that_speaks_something_else_is_named_at_once() {
    for (name, client) in CLIENTS {
        for scheme in ["http", "socks5h"] {
            // The first byte of a TLS alert.
            let error = fail(*client, scheme, &[0x15, 3, 3, 0, 2], Timeouts::default());
            assert!(matches!(error, Error::Proxy(_)), "{name}, {scheme}: {error:?}");
        }
    }
}

#[test]
fn silent_proxy_is_left_at_the_handshake_timeout() {
    let timeouts = Timeouts { handshake: Some(Duration::from_millis(50)), ..Timeouts::default() };
    for (name, client) in CLIENTS {
        for answer in [&b""[..], b"HTTP/1.1 200 O"] {
            let error = fail(*client, "http", answer, timeouts);
            let is_expected = matches!(error, Error::TimedOut(TimedOut::Handshake));
            assert!(is_expected, "{name}: {error:?}");
        }
    }
}

#[test]
fn proxy_that_hangs_up_is_an_error() {
    for (name, client) in CLIENTS {
        let (address, proxying) = listen(drop);
        let proxy = Proxy::parse(&format!("http://{address}")).unwrap();
        let error = client(proxy, "ws://server.test/", Timeouts::default()).unwrap_err();
        let is_expected = matches!(error, Error::ConnectionLost | Error::Proxy(_));
        assert!(is_expected, "{name}: {error:?}");
        proxying.join().unwrap();
    }
}
