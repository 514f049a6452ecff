//! The header fields of the request, and the server that gets it.

use std::sync::mpsc;

use crate::run::{answer, printed, request, run, serve};

/// The request of a program with these arguments.
fn head(arguments: &[&str]) -> Vec<String> {
    let (send, head) = mpsc::channel();
    let (url, serving) = serve(1, move |_, stream| send.send(request(&stream)).unwrap());
    assert_eq!(printed(&run(&[&[&*url], arguments].concat(), "")).2, 2);
    let head = head.recv().unwrap();
    serving.join();
    head
}

#[test]
fn options_set_fields_of_the_request() {
    for (arguments, line) in [
        (&["-H", "X-Name: a: b"][..], "X-Name: a: b"),
        (&["--header", "Cookie:id=1"], "Cookie: id=1"),
        (&["-s", "chat", "-s", "superchat"], "Sec-WebSocket-Protocol: chat, superchat"),
        (&["--origin", "https://example.com"], "Origin: https://example.com"),
        // The examples of RFC 7617 §2 and RFC 6750 §2.1.
        (&["-u", "Aladdin:open sesame"], "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        (&["--bearer", "mF_9.B5f-4.1JqM"], "Authorization: Bearer mF_9.B5f-4.1JqM"),
        (&["--deflate"], "Sec-WebSocket-Extensions: permessage-deflate"),
    ] {
        let head = head(arguments);
        assert!(head.iter().any(|sent| sent.starts_with(line)), "{arguments:?}: {head:?}");
    }
}

#[test]
fn redirects_are_followed_only_if_asked_for() {
    const MOVED: &str = "HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n";
    let server = |number, stream| match number {
        0 => answer(stream, MOVED),
        _ => {
            let mut socket = sansocket::blocking::accept(stream).unwrap();
            socket.send("here").unwrap();
            assert_eq!(socket.recv().unwrap(), None);
        }
    };
    let (url, serving) = serve(1, server);
    let output = run(&[&url], "");
    let (messages, lines, status) = printed(&output);
    assert_eq!((messages, status), ("", 3));
    assert!(lines.contains("302 Found") && lines.contains("--redirects"), "{lines}");
    serving.join();
    let (url, serving) = serve(2, server);
    assert_eq!(printed(&run(&["--once", "--redirects", "1", &url], "")), ("here\n", "", 0));
    serving.join();
}
