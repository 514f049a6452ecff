//! `--reconnect`: after which ends, and what is sent then.

use std::net::TcpStream;

use sansocket::{CloseCode, blocking};

use crate::run::{answer, printed, run, serve};

const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\n\r\n";
const REFUSED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

/// Sends a message, and closes the connection with a code.
fn close(stream: TcpStream, code: u16) {
    let mut socket = blocking::accept(stream).unwrap();
    assert_eq!(socket.recv().unwrap(), Some("subscribe".into()));
    socket.send(format!("{code}")).unwrap();
    let _ = socket.close(CloseCode::new(code).unwrap(), "");
}

#[test]
fn failures_that_may_pass_are_tried_again_with_the_same_messages() {
    let (url, serving) = serve(4, |number, stream| match number {
        0 => answer(stream, BUSY),
        1 => close(stream, 1012),
        2 => drop(blocking::accept(stream).unwrap()),
        _ => close(stream, 1000),
    });
    let output = run(&["--reconnect", "--listen", &url, "subscribe"], "");
    let (messages, lines, status) = printed(&output);
    assert_eq!((messages, status), ("1012\n1000\n", 0), "{lines}");
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for (line, begin) in lines.iter().zip([
        "ws: the server answered 503",
        "ws: the connection was closed: 1012",
        "ws: ",
    ]) {
        assert!(line.starts_with(begin) && line.contains("connecting again in "), "{line}");
    }
    serving.join();
}

#[test]
fn ends_that_would_come_again_are_final() {
    let refuse: fn(TcpStream) = |stream| answer(stream, REFUSED);
    let cases = [(refuse, 3), (|stream| close(stream, 1008), 4), (|stream| close(stream, 1000), 0)];
    for (server, status) in cases {
        let (url, serving) = serve(1, move |_, stream| server(stream));
        let output = run(&["--reconnect", "--listen", &url, "subscribe"], "");
        assert_eq!(printed(&output).2, status);
        serving.join();
    }
}
