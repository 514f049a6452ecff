//! What is measured: every message that was due, and no other.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use sansocket::blocking;

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
