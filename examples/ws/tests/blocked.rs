//! A standard output that nobody reads stops the messages, and nothing else.

use std::io::Read;
use std::sync::mpsc;
use std::time::Instant;

use sansocket::Event;

use crate::run::{LONG, end, interrupt, serve_one, start};

/// More than a pipe takes.
const LARGE: usize = 1024 * 1024;

#[test]
fn ping_is_answered_while_the_standard_output_blocks() {
    let (send, answered) = mpsc::channel();
    let (url, serving) = serve_one(move |mut socket| {
        socket.send("x".repeat(LARGE)).unwrap();
        socket.ping().unwrap();
        assert!(matches!(socket.recv_event().unwrap(), Some(Event::Pong(_))));
        send.send(()).unwrap();
        assert_eq!(socket.recv().unwrap(), None);
        assert_eq!(socket.closed().unwrap().code(), 1001);
    });
    let child = start(&["--listen", &url]);
    let is_answered = answered.recv_timeout(LONG);
    interrupt(child.id());
    // This reads it.
    let output = end(child);
    assert_eq!(is_answered, Ok(()));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout.len(), LARGE + "\n".len());
    serving.join();
}

#[test]
fn second_interrupt_ends_while_the_standard_output_blocks() {
    let (url, serving) = serve_one(|mut socket| {
        // Until the program is gone: it does not read more than it may keep.
        while socket.send("x".repeat(LARGE)).is_ok() {}
    });
    let mut child = start(&["--listen", &url]);
    let mut output = child.stdout.take().unwrap();
    // The pipe is full soon, or already.
    output.read_exact(&mut [0]).unwrap();
    let begun = Instant::now();
    // Two that come together are one to a program.
    while child.try_wait().unwrap().is_none() && begun.elapsed() < LONG {
        interrupt(child.id());
    }
    let _ = child.kill();
    assert_eq!(end(child).status.code(), Some(130));
    serving.join();
}

#[test]
fn interrupt_ends_while_the_last_messages_are_written() {
    let (url, serving) = serve_one(|mut socket| {
        socket.send("x".repeat(LARGE)).unwrap();
        let _ = socket.close(sansocket::CloseCode::NORMAL, "");
    });
    let mut child = start(&["--listen", &url]);
    let mut output = child.stdout.take().unwrap();
    output.read_exact(&mut [0]).unwrap();
    serving.join();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() && begun.elapsed() < LONG {
        interrupt(child.id());
    }
    let _ = child.kill();
    assert_eq!(end(child).status.code(), Some(130));
}
