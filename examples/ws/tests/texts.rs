//! The texts that are sent and printed.

use std::io::Write;

use sansocket::deflate::Deflate;
use sansocket::{Config, Message, State, blocking};

use crate::run::{echo, end, file, printed, run, serve, serve_one, start};

#[test]
fn lines_of_input_are_sent_and_answers_are_printed() {
    let (url, serving) = serve_one(echo);
    let lines: String = (0..5000).map(|number| format!("line {number}\n")).collect();
    let output = run(&[&url], &lines);
    assert_eq!(printed(&output), (&*lines, "", 0));
    serving.join();
}

#[test]
fn messages_of_the_command_line_are_sent_before_lines_of_input() {
    let (url, serving) = serve_one(echo);
    let output = run(&[&url, "one", "", "grüezi"], "two\n/ping\n");
    assert_eq!(printed(&output), ("one\n\ngrüezi\ntwo\n/ping\n", "", 0));
    serving.join();
}

#[test]
fn once_prints_the_first_message_and_closes() {
    for (arguments, input) in [(&["--once", "hello", "more"][..], "no"), (&["--once"], "hello\n")] {
        let (url, serving) = serve_one(echo);
        let output = run(&[&[&*url], arguments].concat(), input);
        assert_eq!(printed(&output), ("hello\n", "", 0));
        serving.join();
    }
}

#[test]
fn once_waits_for_a_message_after_the_end_of_the_input() {
    let (url, serving) = serve_one(|mut socket| {
        // A Close frame would have come before the pong.
        socket.ping().unwrap();
        assert_eq!(socket.state(), State::Open);
        socket.send("late").unwrap();
        assert_eq!(socket.recv().unwrap(), None);
    });
    assert_eq!(printed(&run(&["--once", &url], "")), ("late\n", "", 0));
    serving.join();
}

#[test]
fn binary_file_is_sent_as_one_binary_message() {
    let path = file("binary");
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    std::fs::write(&path, &bytes).unwrap();
    let (url, serving) = serve_one(move |mut socket| {
        assert_eq!(socket.recv().unwrap(), Some(Message::from(bytes.clone())));
        socket.send(Message::from(vec![0, 255])).unwrap();
        socket.send(Message::from(vec![7; 40])).unwrap();
        assert_eq!(socket.recv().unwrap(), None);
    });
    let output = run(&["--binary", path.to_str().unwrap(), &url], "");
    let shown = format!("2 bytes: 00 ff\n40 bytes:{} ...\n", " 07".repeat(32));
    assert_eq!(printed(&output), (&*shown, "", 0));
    serving.join();
    std::fs::remove_file(path).unwrap();
}

#[test]
fn json_is_indented_and_nothing_else_changes() {
    let nested = ["[".repeat(200), "]".repeat(200)].concat();
    // Each number would be a line of 256 bytes.
    let deep = ["[".repeat(126), "1,".repeat(50_000), "1".into(), "]".repeat(126)].concat();
    for (text, shown) in [
        ("{}", "{}"),
        ("[ ]", "[]"),
        (
            r#"{"z":[1.00,-2e40,{"a": {}}],"a":"x, {y}: \"\\","z":null}"#,
            "{\n  \"z\": [\n    1.00,\n    -2e40,\n    {\n      \"a\": {}\n    }\n  ],\n  \
             \"a\": \"x, {y}: \\\"\\\\\",\n  \"z\": null\n}",
        ),
        ("\"a\\u0000[\"", "\"a\\u0000[\""),
        ("{no JSON}", "{no JSON}"),
        // So deep that the indentation would be most of it.
        (&*nested, &*nested),
        (&*deep, &*deep),
    ] {
        let (url, serving) = serve_one(echo);
        let output = run(&["--json", "--once", &url, text], "");
        assert_eq!(printed(&output), (&*format!("{shown}\n"), "", 0));
        serving.join();
    }
}

#[test]
fn compression_is_used_if_asked_for() {
    for (arguments, is_used) in
        [(&["--once", "--deflate", "hello"][..], true), (&["--once"], false)]
    {
        let (url, serving) = serve(1, move |_, stream| {
            let config = Config::new().deflate(Deflate::balance());
            let mut socket = blocking::Options::new().config(config).accept(stream).unwrap();
            assert_eq!(socket.deflate().is_some(), is_used);
            socket.send("x".repeat(1000)).unwrap();
            while socket.recv().unwrap().is_some() {}
        });
        let output = run(&[&[&*url], arguments].concat(), "");
        assert_eq!(printed(&output), (&*format!("{}\n", "x".repeat(1000)), "", 0));
        serving.join();
    }
}

#[test]
fn pings_are_sent_and_their_round_trips_printed() {
    let (url, serving) = serve_one(|mut socket| {
        let mut pings = 0;
        while pings < 3 {
            if let Ok(Some(sansocket::Event::Ping(_))) = socket.recv_event() {
                pings += 1;
            }
        }
        let _ = socket.close(sansocket::CloseCode::NORMAL, "");
    });
    let output = run(&["--listen", "--ping", "0.01", &url], "");
    let (messages, lines, status) = printed(&output);
    assert_eq!((messages, status), ("", 0), "{lines}");
    assert!(lines.lines().count() >= 2, "{lines}");
    assert!(lines.lines().all(|line| line.starts_with("ws: pong after ")), "{lines}");
    serving.join();
}

#[test]
fn line_without_end_is_refused() {
    let (url, serving) = serve_one(|mut socket| {
        // Nothing of it was sent.
        assert_eq!(socket.recv().unwrap(), None);
    });
    let mut child = start(&[&url]);
    let mut input = child.stdin.take().unwrap();
    let chunk = vec![b'x'; 1024 * 1024];
    for _ in 0..17 {
        // The program reads no further than its limit.
        let _ = input.write_all(&chunk);
    }
    let output = end(child);
    drop(input);
    let (messages, lines, status) = printed(&output);
    assert_eq!((messages, status), ("", 1), "{lines}");
    assert!(lines.contains("more than 16777216 bytes"), "{lines}");
    serving.join();
}

#[test]
fn longest_line_is_sent() {
    for end in ["\n", "\r\n", ""] {
        let (url, serving) = serve_one(|mut socket| {
            let message = socket.recv().unwrap().unwrap();
            assert_eq!(message.len(), 16 * 1024 * 1024);
            assert_eq!(socket.recv().unwrap(), None);
        });
        let output = run(&[&url], "x".repeat(16 * 1024 * 1024) + end);
        assert_eq!(printed(&output), ("", "", 0));
        serving.join();
    }
}
