//! Each end has its exit status, and one line that says what to do.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::mpsc;

use sansocket::{CloseCode, blocking};

#[cfg(unix)]
use crate::run::interrupt;
use crate::run::{
    LONG, answer, echo, end, example, file, printed, request, run, serve, serve_one, start,
};

const REFUSAL: &str = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\
                       Content-Length: 0\r\n\r\n";

#[test]
fn each_end_has_its_exit_status_and_a_line() {
    type Server = fn(TcpStream);
    let cases: [(&str, Server, i32, &str); 8] = [
        ("closed", |stream| close(stream, 1000), 0, ""),
        ("going away", |stream| close(stream, 1001), 0, ""),
        ("policy", |stream| close(stream, 1008), 4, "ws: closed with 1008 \"why\"\n"),
        ("application's code", |stream| close(stream, 4000), 4, "ws: closed with 4000 \"why\"\n"),
        (
            "refusal",
            |stream| answer(stream, REFUSAL),
            3,
            "ws: the server answered 401 Unauthorized instead of 101; WWW-Authenticate: Basic \
             realm=\"x\"; --basic or --bearer sends credentials\n",
        ),
        (
            "lost",
            |stream| drop(blocking::accept(stream).unwrap()),
            5,
            "ws: the connection was lost without a closing handshake\n",
        ),
        (
            "protocol",
            // A reserved opcode, RFC 6455 §5.2.
            |stream| {
                let mut other = stream.try_clone().unwrap();
                let _open = blocking::accept(stream).unwrap();
                other.write_all(&[0x83, 0]).unwrap();
                let _ = other.read_to_end(&mut Vec::new());
            },
            4,
            "opcode",
        ),
        ("no HTTP", |stream| answer(stream, "SSH-2.0-x\r\n"), 2, "another protocol"),
    ];
    for (case, server, status, line) in cases {
        let (url, serving) = serve(1, move |_, stream| server(stream));
        let output = run(&["--listen", &url], "");
        let (messages, lines, exit_status) = printed(&output);
        assert_eq!((messages, exit_status), ("", status), "{case}: {lines}");
        assert!(lines.contains(line), "{case}: {lines}");
        assert_eq!(lines.lines().count(), usize::from(status != 0), "{case}: {lines}");
        serving.join();
    }
}

fn close(stream: TcpStream, code: u16) {
    let mut socket = blocking::accept(stream).unwrap();
    let _ = socket.close(CloseCode::new(code).unwrap(), "why");
}

#[test]
fn server_that_is_not_there_is_not_connected() {
    // No process listens there. A port that was free a moment ago may be that of another test now.
    let output = run(&["ws://127.0.0.1:1/"], "");
    let (messages, lines, status) = printed(&output);
    assert_eq!((messages, status), ("", 2));
    assert!(lines.contains("127.0.0.1:") && lines.lines().count() == 1, "{lines}");
}

#[test]
fn wrong_usage_is_explained() {
    for (arguments, complaint) in [
        (&[][..], "the URL is missing"),
        (&["--verbose"], "--help"),
        (&["http://127.0.0.1/"], "ws:// or wss://"),
        (&["-H", "Name", "ws://a/"], "has no colon"),
        (&["-H", "Upgrade: h2c", "ws://a/"], "leave it out"),
        (&["--basic", "user", "ws://a/"], "USER:PASSWORD"),
        (&["--ping", "0", "ws://a/"], "above 0"),
        // Later than any time of a clock.
        (&["--ping", "1.8e19", "ws://a/"], "up to 31536000"),
        (&["--binary", "/nowhere/x", "ws://a/"], "/nowhere/x"),
        (&["--ca", "/nowhere/x", "wss://a/"], "/nowhere/x"),
        (&["--record", "/nowhere/x", "ws://a/"], "/nowhere/x"),
        (&["--record-secrets", "ws://a/"], "--record FILE"),
        (&["--proxy", "ftp://a/", "ws://a/"], "proxy"),
    ] {
        let output = run(arguments, "");
        let (messages, lines, status) = printed(&output);
        assert_eq!((messages, status), ("", 1), "{arguments:?}: {lines}");
        assert!(lines.starts_with("ws: ") && lines.contains(complaint), "{arguments:?}: {lines}");
        assert_eq!(lines.lines().count(), 1, "{arguments:?}: {lines}");
    }
}

#[test]
fn help_fits_one_screen() {
    let output = run(&["--help"], "");
    let (help, _, status) = printed(&output);
    assert_eq!(status, 0);
    assert!(help.lines().count() <= 24, "{}", help.lines().count());
    for line in help.lines() {
        assert!(line.len() <= 80, "{line}");
    }
}

#[cfg(unix)]
#[test]
fn interrupt_closes_with_1001_and_waits_for_the_answer() {
    let (url, serving) = serve_one(|mut socket| {
        socket.send("open").unwrap();
        assert_eq!(socket.recv().unwrap(), None);
        assert_eq!(socket.closed().unwrap().code(), 1001);
    });
    let mut child = start(&[&url]);
    let _input = child.stdin.take();
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
    interrupt(child.id());
    assert_eq!(end(child).status.code(), Some(0));
    serving.join();
}

#[cfg(unix)]
#[test]
fn second_interrupt_ends_at_once() {
    let (done, wait) = mpsc::channel::<()>();
    let (url, serving) = serve(1, move |_, stream| {
        let other = stream.try_clone().unwrap();
        let mut socket = blocking::accept(stream).unwrap();
        socket.send("open").unwrap();
        // The Close frame is read by nobody who answers it.
        (&other).read_exact(&mut [0]).unwrap();
        socket.send("closing").unwrap();
        let _ = wait.recv();
    });
    let mut child = start(&[&url]);
    let _input = child.stdin.take();
    let mut output = child.stdout.take().unwrap();
    output.read_exact(&mut [0; 5]).unwrap();
    interrupt(child.id());
    output.read_exact(&mut [0; 8]).unwrap();
    interrupt(child.id());
    assert_eq!(end(child).status.code(), Some(130));
    drop(done);
    serving.join();
}

#[cfg(unix)]
#[test]
fn interrupt_before_there_is_a_connection_ends_at_once() {
    let (send, head) = mpsc::channel();
    let (url, serving) = serve(1, move |_, mut stream| {
        send.send(request(&stream)).unwrap();
        // There is no answer.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let child = start(&[&url]);
    head.recv_timeout(LONG).unwrap();
    interrupt(child.id());
    assert_eq!(end(child).status.code(), Some(130));
    serving.join();
}

#[test]
fn reader_that_has_seen_enough_ends_the_connection() {
    let (url, serving) = serve_one(|mut socket| {
        // Until the client closes, because nobody reads its output.
        while socket.send("more").is_ok() && socket.ping().is_ok() {}
        let _ = socket.recv();
    });
    let mut child = start(&["--listen", &url]);
    drop(child.stdout.take());
    assert_eq!(end(child).status.code(), Some(0));
    serving.join();
}

#[test]
fn certificate_of_a_private_authority_needs_ca() {
    let path = file("ca.pem");
    let ca = path.to_str().unwrap();
    let mut command = example("wss_echo");
    command.args(["--listen", "127.0.0.1:0", "--write-ca", ca]).stdout(Stdio::piped());
    let mut server = command.spawn().unwrap();
    let mut line = String::new();
    // It writes more later.
    let mut output = BufReader::new(server.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap();
    let (trusted, other) =
        (run(&["--once", "--ca", ca, url, "hello"], ""), run(&["--once", url, "hello"], ""));
    let proxy = url.trim_end_matches('/').replace("wss", "https");
    let proxied = run(&["--once", "--proxy", &proxy, "ws://server.test/", "hello"], "");
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(printed(&trusted), ("hello\n", "", 0));
    let (messages, lines, status) = printed(&other);
    assert_eq!((messages, status), ("", 2), "{lines}");
    assert!(lines.contains("--ca") || lines.contains("root certificates"), "{lines}");
    let (messages, lines, status) = printed(&proxied);
    assert_eq!((messages, status), ("", 2), "{lines}");
    assert!(lines.contains("--ca") || lines.contains("root certificates"), "{lines}");
    assert!(lines.contains(&format!("the proxy {proxy}")), "{lines}");
    fs::remove_file(path).unwrap();
}

#[test]
fn close_before_the_message_of_once_is_a_failure() {
    let (url, serving) = serve_one(|mut socket| {
        let _ = socket.close(CloseCode::NORMAL, "");
    });
    let output = run(&["--once", &url], "");
    let lines = "ws: the connection was closed before a message arrived\n";
    assert_eq!(printed(&output), ("", lines, 4));
    serving.join();
}

#[test]
fn line_that_is_not_utf_8_is_an_error() {
    let (url, serving) = serve_one(echo);
    let output = run(&[&url], b"one\n\xff\n");
    let (messages, lines, status) = printed(&output);
    assert_eq!((messages, status), ("one\n", 1));
    assert!(lines.contains("--binary"), "{lines}");
    serving.join();
}
