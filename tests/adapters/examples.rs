//! The example programs do what the README says of them, and say what is wrong with what they are
//! given.
#![cfg(feature = "std")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

const DRIVERS: &[&str] = &[
    "core",
    "session",
    "blocking",
    #[cfg(feature = "tokio")]
    "tokio",
    #[cfg(feature = "async-io")]
    "futures",
];

/// An example program, which `cargo test` builds together with the tests.
pub(super) fn example(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let path: PathBuf = tests.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(
        path.exists(),
        "{} is not built: run all of `cargo test`, or `cargo build --examples` first",
        path.display()
    );
    Command::new(path)
}

/// A running echo server, ended when it is dropped.
pub(super) struct Server {
    process: Child,
    pub(super) url: String,
}

impl Server {
    fn start(driver: &str) -> Self {
        let mut command = example("echo_server");
        command.args(["--listen", "127.0.0.1:0", "--driver", driver]);
        Self::run(command)
    }

    /// Starts a server that prints its address once it listens.
    pub(super) fn run(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { process, url }
    }

    pub(super) fn connect(&self) -> TcpStream {
        TcpStream::connect(self.url.trim_start_matches("ws://").trim_end_matches('/')).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn ask(url: &str, messages: &[&str]) -> Output {
    example("echo_client").arg(url).args(messages).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn every_driver_echoes() {
    for driver in DRIVERS {
        let server = Server::start(driver);
        let output = ask(&server.url, &["hello", "", "grüezi"]);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "hello\n\ngrüezi\nclosed: 1000 \"\", clean, begun by us\n",
            "{driver}"
        );
        assert!(output.status.success());
    }
}

#[test]
fn every_driver_survives_garbage() {
    const REQUEST: &[u8] =
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    for driver in DRIVERS {
        let server = Server::start(driver);
        for (bytes, answer, end) in [
            (b"\x16\x03\x01\x02\x00\x01\r\n\r\n".to_vec(), &b"HTTP/1.1 400 "[..], None),
            ([REQUEST, b"\xff\xff\xff\xff"].concat(), b"HTTP/1.1 101 ", Some(1002_u16)),
            (
                [REQUEST, b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00"].concat(),
                b"HTTP/1.1 101 ",
                Some(1009),
            ),
            ([REQUEST, b"\x81\x82\x00\x00\x00\x00\xc0\x80"].concat(), b"HTTP/1.1 101 ", Some(1007)),
            ([b"GET / HTTP/1.1\r\nX: ", &[b'x'; 1 << 20][..]].concat(), b"HTTP/1.1 431 ", None),
        ] {
            let mut client = server.connect();
            client.write_all(&bytes).unwrap();
            let mut received = Vec::new();
            client.read_to_end(&mut received).unwrap();
            assert!(
                received.starts_with(answer),
                "{driver}: {}",
                String::from_utf8_lossy(&received)
            );
            // A Close frame with the code and a reason.
            let ends = |code: u16| {
                let start = received.iter().rposition(|byte| *byte == 0x88).unwrap();
                let close = &received[start..];
                close.len() == 2 + usize::from(close[1]) && close[2..4] == code.to_be_bytes()
            };
            assert!(end.is_none_or(ends), "{driver}: {received:02x?}");
        }
        assert!(ask(&server.url, &["still here"]).status.success());
    }
}

#[test]
fn wrong_arguments_are_explained() {
    for (name, arguments, complaint) in [
        ("echo_client", &[][..], "echo_client: the URL is missing; see --help"),
        ("echo_client", &["http://a/"], "echo_client: "),
        ("echo_client", &["--nonsense"], "see --help"),
        (
            "echo_server",
            &["--driver", "tubes"],
            "one of: blocking, core, session, tokio, futures; see --help",
        ),
        ("mio_echo", &["--ping-seconds", "x"], "see --help"),
        ("echo_server", &["--listen", "nowhere"], "can't listen on nowhere"),
        ("echo_server", &["extra"], "--help"),
        ("mio_echo", &["--listen", "nowhere"], "can't listen on nowhere"),
        ("mio_echo", &["extra"], "see --help"),
        #[cfg(feature = "tokio")]
        ("chat", &["nowhere"], "chat: can't listen on nowhere"),
    ] {
        let output = example(name).args(arguments).stdin(Stdio::null()).output().unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name} {arguments:?}");
        assert!(complaints.contains(complaint), "{name} {arguments:?}: {complaints}");
        // Not `Debug`, which has no remedy.
        assert!(complaints.starts_with(&format!("{name}: ")), "{complaints}");
    }
}

#[test]
fn help_is_given() {
    let names = [
        "echo_server",
        "echo_client",
        "mio_echo",
        #[cfg(feature = "tokio")]
        "chat",
    ];
    for (name, option) in names.iter().flat_map(|name| [(name, "-h"), (name, "--help")]) {
        let output = example(name).arg(option).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains(&format!("Usage: {name} ")), "{text}");
    }
}

#[cfg(feature = "tokio")]
#[test]
fn chat_sends_every_message_to_everybody_and_stops() {
    use sansocket::blocking::connect;

    let mut command = example("chat");
    command.arg("127.0.0.1:0");
    let server = Server::run(command);
    let mut clients = Vec::new();
    for number in 0..3 {
        clients.push(connect(&server.url).unwrap());
        clients[number].send(format!("{number} is here")).unwrap();
        for client in &mut clients {
            assert_eq!(client.recv().unwrap(), Some(format!("{number} is here").into()));
        }
    }
    drop(clients.remove(0));
    clients[0].send("/stop").unwrap();
    for client in &mut clients {
        assert_eq!(client.recv().unwrap(), None);
        let closed = client.closed().unwrap();
        assert_eq!((closed.code(), closed.reason()), (1001, "the server stops"));
    }
}
