//! Runs the program, and serves it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sansocket::blocking::{self, WebSocket};

/// An example program, which `cargo test` builds together with the tests.
pub(crate) fn example(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(
        path.exists(),
        "{} is not built: run all of `cargo test --all-features`, or `cargo build --examples \
         --all-features` first",
        path.display()
    );
    Command::new(path)
}

/// Starts the program, with pipes.
pub(crate) fn start(arguments: &[&str]) -> Child {
    let mut command = example("ws");
    command.args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs the program with this standard input.
pub(crate) fn run(arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
    let mut child = start(arguments);
    // A program that fails at once reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    end(child)
}

/// Waits for the end of the program.
pub(crate) fn end(child: Child) -> Output {
    within(LONG, move || child.wait_with_output().unwrap())
}

/// Sends the signal that a shell sends at Ctrl-C.
#[cfg(unix)]
pub(crate) fn interrupt(process: u32) {
    let kill = format!("kill -INT {process}");
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// Longer than any test here takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Waits for the result of a thread.
fn within<T: Send + 'static>(time: Duration, wait: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, result) = mpsc::channel();
    thread::spawn(move || send.send(wait()));
    result.recv_timeout(time).expect("neither done nor failed")
}

/// A server on a thread.
pub(crate) struct Serving(JoinHandle<()>);

impl Serving {
    pub(crate) fn join(self) {
        within(LONG, move || self.0.join()).unwrap();
    }
}

/// The output of a program, and its exit status.
pub(crate) fn printed(output: &Output) -> (&str, &str, i32) {
    let text = |bytes| str::from_utf8(bytes).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code().unwrap())
}

/// Serves so many TCP connections, each by this function with its number. Returns the URL.
pub(crate) fn serve(
    connections: usize,
    mut server: impl FnMut(usize, TcpStream) + Send + 'static,
) -> (String, Serving) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        for number in 0..connections {
            server(number, listener.accept().unwrap().0);
        }
    });
    (url, Serving(serving))
}

/// Serves one connection.
pub(crate) fn serve_one(
    server: impl Fn(WebSocket<TcpStream>) + Send + 'static,
) -> (String, Serving) {
    serve(1, move |_, stream| server(blocking::accept(stream).unwrap()))
}

/// Sends every message back.
pub(crate) fn echo(mut socket: WebSocket<TcpStream>) {
    while let Ok(Some(message)) = socket.recv() {
        socket.send(message).unwrap();
    }
}

/// Reads a request. Returns its lines.
pub(crate) fn request(mut stream: &TcpStream) -> Vec<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    str::from_utf8(&head).unwrap().lines().map(str::to_owned).collect()
}

/// Reads a request, answers with this text, and closes the stream.
pub(crate) fn answer(mut stream: TcpStream, text: &str) {
    request(&stream);
    stream.write_all(text.as_bytes()).unwrap();
}

/// A file of a test.
pub(crate) fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("sansocket-ws-{}-{name}", std::process::id()))
}
