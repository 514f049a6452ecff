//! Redirects between real servers, in every adapter that connects by itself.
#![cfg(feature = "tokio")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use sansocket::{
    ClientRequest, Error, HandshakeError, Message, RedirectError, Response, ResponseError,
    TimedOut, Timeouts, accept_key, blocking, tokio as ws,
};

/// Longer than any test here takes.
const LONG: Duration = Duration::from_secs(60);

/// Accepts with a message behind the response.
const ACCEPT: &str = "accept";

#[derive(Clone, Copy, Debug)]
enum Adapter {
    Blocking,
    Tokio,
}

const ADAPTERS: [Adapter; 2] = [Adapter::Blocking, Adapter::Tokio];

type Connected = Result<(Option<Message>, Response), Error>;

/// Connects, and receives a message.
fn connect(adapter: Adapter, limit: usize, request: &ClientRequest) -> Connected {
    connect_within(adapter, limit, request, LONG)
}

fn connect_within(
    adapter: Adapter,
    limit: usize,
    request: &ClientRequest,
    timeout: Duration,
) -> Connected {
    let timeouts = Timeouts { handshake: Some(timeout), ..Timeouts::default() };
    match adapter {
        Adapter::Blocking => {
            let options = blocking::Options::new().timeouts(timeouts);
            let connector = blocking::Connector::new().options(options).redirects(limit);
            let (mut socket, response) = connector.connect(request)?;
            Ok((socket.recv()?, response))
        }
        Adapter::Tokio => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let options = ws::Options::new().timeouts(timeouts);
                let connector = ws::Connector::new().options(options).redirects(limit);
                let (mut socket, response) = connector.connect(request).await?;
                Ok((socket.recv().await?, response))
            })
        }
    }
}

struct Server {
    address: SocketAddr,
    heads: Receiver<String>,
}

impl Server {
    /// Answers connections by what `answer` makes of their number, until that is `None`.
    fn start(answer: impl Fn(usize) -> Option<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, heads) = mpsc::channel();
        thread::spawn(move || {
            // Streams stay open: a client must not wait for their end.
            let mut streams = Vec::new();
            for number in 0.. {
                let Some(answer) = answer(number) else { break };
                let mut stream = listener.accept().unwrap().0;
                let head = read_head(&mut stream);
                let answer = encode(&answer, &head);
                // Before the client can look at the heads.
                let is_wanted = sender.send(head).is_ok();
                if !is_wanted || stream.write_all(&answer).is_err() {
                    break;
                }
                streams.push(stream);
                streams.drain(..streams.len().saturating_sub(8));
            }
        });
        Self { address, heads }
    }

    /// Answers one connection after another.
    fn script<const N: usize>(answers: [String; N]) -> Self {
        // The streams are open while the listener waits for one more.
        Self::start(move |number| Some(answers.get(number).cloned().unwrap_or_default()))
    }

    /// The heads of the requests so far.
    fn heads(&self) -> Vec<String> {
        self.heads.try_iter().collect()
    }

    fn uri(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}{path}", self.address)
    }
}

fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn encode(answer: &str, head: &str) -> Vec<u8> {
    if answer != ACCEPT {
        return answer.into();
    }
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = accept_key(key).unwrap();
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    [head.as_bytes(), b"\x81\x02hi"].concat()
}

/// A redirect whose body has no end.
fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} \r\nLocation: {location}\r\nContent-Length: 100\r\n\r\nmoved")
}

fn accept() -> String {
    ACCEPT.to_owned()
}

fn has(head: &str, line: &str) -> bool {
    head.lines().any(|other| other == line)
}

#[test]
fn redirects_are_followed_to_another_server_without_credentials() {
    for adapter in ADAPTERS {
        let second = Server::script([redirect(302, "y?q#fragment"), accept()]);
        let first = Server::script([redirect(307, &second.uri("http", "/a/x"))]);
        let request = ClientRequest::new(&first.uri("ws", "/").replace("//", "//u:p@")).unwrap();
        let request = request.header("Cookie", "a=1").unwrap().header("X-A", "1").unwrap();
        let (message, response) = connect(adapter, 2, &request).unwrap();
        assert_eq!(message, Some("hi".into()));
        let redirects: Vec<_> = response.redirects().iter().map(ToString::to_string).collect();
        assert_eq!(redirects, ["/a/x", "/a/y?q"].map(|path| second.uri("ws", path)));

        let [at_first] = &first.heads()[..] else { panic!("one request") };
        assert!(has(at_first, "Authorization: Basic dTpw") && has(at_first, "Cookie: a=1"));
        assert!(has(at_first, "X-A: 1") && has(at_first, &format!("Host: {}", first.address)));
        let heads = second.heads();
        assert_eq!(heads.len(), 2, "{adapter:?}");
        for (head, start) in heads.iter().zip(["GET /a/x HTTP/1.1", "GET /a/y?q HTTP/1.1"]) {
            assert!(has(head, start) && has(head, &format!("Host: {}", second.address)), "{head}");
            assert!(!head.contains("Authorization") && !head.contains("Cookie"), "{head}");
            assert!(has(head, "X-A: 1"));
        }
        let key = |head: &str| head.lines().find(|l| l.contains("-Key: ")).unwrap().to_owned();
        assert_ne!(key(&heads[0]), key(&heads[1]), "each request has a nonce of its own");
    }
}

#[test]
fn redirects_on_one_server_keep_credentials() {
    for adapter in ADAPTERS {
        let server = Server::script([redirect(308, "/x"), redirect(303, "/y"), accept()]);
        let request = ClientRequest::new(&server.uri("ws", "/")).unwrap();
        let request = request.bearer_auth("t").unwrap().header("Cookie", "a=1").unwrap();
        connect(adapter, 2, &request).unwrap();
        let heads = server.heads();
        assert_eq!(heads.len(), 3);
        for head in heads {
            assert!(has(&head, "Authorization: Bearer t") && has(&head, "Cookie: a=1"), "{head}");
        }
    }
}

#[test]
fn redirects_are_not_followed_by_default() {
    for adapter in ADAPTERS {
        let answer = "HTTP/1.1 302 \r\nLocation: /x\r\nContent-Length: 5\r\n\r\nmoved";
        let server = Server::script([answer.to_owned()]);
        let request = ClientRequest::new(&server.uri("ws", "/")).unwrap();
        match connect(adapter, 0, &request).map(drop) {
            Err(Error::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(
                response,
            )))) => {
                assert_eq!((response.status(), &response.body()[..]), (302, &b"moved"[..]));
                assert_eq!(response.redirects(), []);
            }
            other => panic!("{adapter:?}: {other:?}"),
        }
        assert_eq!(server.heads().len(), 1);
    }
}

#[test]
fn a_redirect_that_is_not_followed_is_an_error_of_its_own() {
    for adapter in ADAPTERS {
        let server = Server::script([redirect(302, "/x"), redirect(302, "/y"), redirect(302, "/")]);
        let request = ClientRequest::new(&server.uri("ws", "/")).unwrap();
        let error = connect(adapter, 1, &request).map(drop);
        assert!(
            matches!(&error, Err(Error::Redirect(RedirectError::TooMany { chain })) if chain.len() == 3),
            "{error:?}"
        );
        assert_eq!(server.heads().len(), 2);

        let server = Server::script([redirect(302, "/x"), redirect(302, "/")]);
        let request = ClientRequest::new(&server.uri("ws", "/")).unwrap();
        let error = connect(adapter, 9, &request).map(drop);
        assert!(matches!(&error, Err(Error::Redirect(RedirectError::Loop { .. }))), "{error:?}");
        assert_eq!(server.heads().len(), 2);
    }
}

#[test]
fn a_refusal_names_the_redirects_before_it() {
    for adapter in ADAPTERS {
        let refusal = "HTTP/1.1 403 \r\nContent-Length: 2\r\n\r\nno".to_owned();
        let server = Server::script([redirect(301, "/x"), refusal]);
        let request = ClientRequest::new(&server.uri("ws", "/")).unwrap();
        match connect(adapter, 9, &request).map(drop) {
            Err(Error::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(
                response,
            )))) => {
                assert_eq!((response.status(), &response.body()[..]), (403, &b"no"[..]));
                assert_eq!(response.redirects()[0].to_string(), server.uri("ws", "/x"));
            }
            other => panic!("{adapter:?}: {other:?}"),
        }
    }
}

/// A server that redirects for ever, always in time.
#[test]
fn all_redirects_share_the_deadline_of_the_handshake() {
    const MAX: usize = 20_000;
    for adapter in ADAPTERS {
        let server =
            Server::start(|number| (number < MAX).then(|| redirect(302, &format!("/{number}"))));
        let request = ClientRequest::new(&server.uri("ws", "/")).unwrap();
        let error = connect_within(adapter, MAX, &request, Duration::from_millis(50)).map(drop);
        // It passes during a handshake, or while the next address is connected to.
        let is_deadline = match &error {
            Err(Error::TimedOut(TimedOut::Handshake)) => true,
            Err(Error::Connect(error)) => error.to_string().contains("see Timeouts::handshake"),
            _ => false,
        };
        assert!(is_deadline, "{error:?}");
    }
}

/// The resolver makes an index of the interface's name; nobody listens there.
#[cfg(target_os = "linux")]
#[test]
fn the_zone_of_an_address_names_the_interface() {
    let request = ClientRequest::new("ws://[fe80::1%25lo]:1/").unwrap();
    for adapter in ADAPTERS {
        let error = connect(adapter, 0, &request).unwrap_err();
        let Error::Connect(error) = error else { panic!("{adapter:?}: {error:?}") };
        let addresses = error.failures().iter().map(|(address, _)| address.to_string());
        assert_eq!(addresses.collect::<Vec<_>>(), ["[fe80::1%1]:1"], "{adapter:?}: {error}");
    }
}
