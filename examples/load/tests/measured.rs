//! The measurement covers every message that was due, and no other.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use rustls::{ServerConfig, ServerConnection};
use sansocket::deflate::Deflate;
use sansocket::{AcceptOptions, Config, RequestHead, blocking};

use crate::{load, number, printed, serve};

#[test]
fn messages_without_an_answer_count_with_their_age() {
    let url = serve(|mut socket| {
        for _ in 0..5 {
            let message = socket.recv().unwrap().unwrap();
            socket.send(message).unwrap();
        }
        while let Ok(Some(_)) = socket.recv() {}
    });
    // The last answers are waited for for a second.
    let run = ["-n", "1", "-r", "50", "-d", "500ms", "--max-p50", "900ms", &url];
    let output = load(&run).output().unwrap();
    let (report, errors, status) = printed(&output);
    let (sent, unanswered) = (number(report, " sent, "), number(report, ", in the latencies"));
    assert_eq!(number(report, " received in"), 5, "{report}");
    assert!(unanswered >= sent - 5 && unanswered >= 20, "{report}");
    assert!(errors.ends_with("above 900ms\n"), "{errors}");
    assert_eq!(status, 2);
}

#[test]
fn messages_that_were_due_while_the_server_did_not_read_count_too() {
    let (_release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let url = serve(move |socket| {
        let _ = released.lock().unwrap().recv();
        drop(socket);
    });
    let run = ["-n", "1", "-r", "100", "-s", "20000000", "-d", "500ms", "--max-p50", "900ms", &url];
    let output = load(&run).output().unwrap();
    let (report, errors, status) = printed(&output);
    assert!(number(report, ", in the latencies") >= 50, "{report}");
    assert!(report.contains("1 opened") && report.contains(" 0 lost"), "{report}");
    assert!(errors.ends_with("above 900ms\n"), "{errors}");
    assert_eq!(status, 2);
}

#[test]
fn messages_that_arrive_before_all_connections_are_open_do_not_count() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let accept = || blocking::accept(listener.accept().unwrap().0).unwrap();
        let mut first = accept();
        for _ in 0..10 {
            first.send("of the ramp").unwrap();
        }
        // The pong comes after these were received.
        first.ping().unwrap();
        let mut second = accept();
        while let Ok(Some(_)) = second.recv() {}
        while let Ok(Some(_)) = first.recv() {}
    });
    let run = ["-n", "2", "-r", "0", "-d", "200ms", &url];
    let output = load(&run).output().unwrap();
    let (report, errors, status) = printed(&output);
    assert!(report.contains("2 opened") && report.contains(" 0 sent, 0 received in"), "{report}");
    assert_eq!((errors, status), ("", 0));
    server.join().unwrap();
}

#[test]
fn messages_that_arrive_while_a_listener_closes_do_not_count() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _socket = blocking::accept(stream.try_clone().unwrap()).unwrap();
        // The listener sends nothing but its Close frame.
        stream.read_exact(&mut [0; 2]).unwrap();
        let frames = [&b"\x81\x04late"[..], b"\x81\x04late", b"\x88\x02\x03\xe8"].concat();
        stream.write_all(&frames).unwrap();
        let _ = stream.read_to_end(&mut vec![]);
    });
    let output = load(&["-n", "1", "-r", "0", "-d", "200ms", &url]).output().unwrap();
    let (report, errors, status) = printed(&output);
    assert!(report.contains(" 0 sent, 0 received in"), "{report}");
    assert_eq!((errors, status), ("", 0));
    server.join().unwrap();
}

#[test]
fn chart_without_a_latency_does_not_hide_the_thresholds() {
    let url = serve(|mut socket| drop(socket.recv()));
    let chart = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("none.svg");
    let run = ["-r", "0", "-n", "1", "-d", "100ms", "--svg", chart.to_str().unwrap(), &url];
    let output = load(&run).output().unwrap();
    assert!(printed(&output).1.ends_with("no latency was measured, so no chart\n"));
    assert_eq!(printed(&output).2, 1);
    let output = load(&[&run[..], &["--max-p99", "1s"]].concat()).output().unwrap();
    let errors = printed(&output).1;
    assert!(errors.starts_with("load: no latency was measured, for --max-p99\n"), "{errors}");
    assert!(errors.ends_with("so no chart\n"), "{errors}");
    assert_eq!(printed(&output).2, 2);
}

#[test]
fn run_without_any_answer_fails_and_shows_what_arrived_instead() {
    let silent = serve(|mut socket| while let Ok(Some(_)) = socket.recv() {});
    let refuses = serve(|mut socket| {
        while let Ok(Some(_)) = socket.recv() {
            let _ = socket.send("refused:\tan old id");
        }
    });
    for (url, expected) in [(&silent, "nothing arrived"), (&refuses, "is: refused:\\tan old id\n")]
    {
        let output = load(&["-n", "2", "-r", "20", "-d", "200ms", url]).output().unwrap();
        let (report, errors, status) = printed(&output);
        assert!(errors.starts_with("load: no message was answered"), "{report}{errors}");
        assert!(errors.contains(expected), "{errors}");
        assert_eq!(status, 2);
    }
}

#[test]
fn url_has_a_word_of_the_run() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/{{run}}-{{client}}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        [(), ()].map(|()| {
            let (mut path, stream) = (String::new(), listener.accept().unwrap().0);
            let check = |request: &RequestHead| {
                path = request.path().to_owned();
                Ok(AcceptOptions::new())
            };
            let _ = blocking::Options::new().accept_if(stream, check);
            path
        })
    });
    for _ in 0..2 {
        let run = ["-n", "1", "-r", "0", "-d", "1ms", "--max-failures", "1", &url];
        assert_eq!(printed(&load(&run).output().unwrap()).2, 0);
    }
    let [first, second] = server.join().unwrap();
    assert!(first.starts_with("/load") && first.ends_with("-0") && first != second, "{first}");
}

#[test]
fn bytes_of_the_messages_are_reported_beside_those_of_the_wire() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let options = blocking::Options::new().config(Config::new().deflate(Deflate::memory()));
        let mut socket = options.accept(listener.accept().unwrap().0).unwrap();
        while let Ok(Some(message)) = socket.recv() {
            socket.send(message).unwrap();
        }
    });
    let run = ["-n", "1", "-r", "20", "-d", "300ms", "-s", "5000", "--deflate", &url];
    let output = load(&run).output().unwrap();
    let (report, errors, status) = printed(&output);
    assert_eq!((errors, status), ("", 0), "{report}");
    let (head, tail) = report.split_once("agreed on by 1 of 1 connections; ").unwrap();
    let wire = number(head.split_once("wire bytes ").unwrap().1, " sent, ");
    assert_eq!(number(tail, " bytes sent"), 5000 * number(report, " sent, "), "{report}");
    assert!(wire < number(tail, " bytes sent") / 10, "{report}");
    server.join().unwrap();
}

#[test]
fn untrusted_certificate_names_the_option() {
    let issued = sansocket_wss::issue(&["localhost"]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(issued.chain, issued.key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    let server = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut tls = ServerConnection::new(Arc::new(config)).unwrap();
        while tls.is_handshaking() && tls.complete_io(&mut stream).is_ok() {}
    });
    let output = load(&["-n", "1", "-d", "1ms", &url]).output().unwrap();
    assert!(printed(&output).0.contains("name a file with it in --ca\n"), "{output:?}");
    server.join().unwrap();
}
