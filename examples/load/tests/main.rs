//! The program does what its help says: it is run against servers on loopback.

mod measured;

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sansocket::CloseCode;
use sansocket::blocking::{self, WebSocket};

type Socket = WebSocket<TcpStream>;

/// The example program, which `cargo test` builds together with the tests.
fn load(arguments: &[&str]) -> Command {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join("examples/load");
    assert!(path.exists(), "{} is not built: run all of `cargo test`", path.display());
    let mut command = Command::new(path);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The standard output, the standard error, and the exit status.
fn printed(output: &Output) -> (&str, &str, i32) {
    let text = |bytes| str::from_utf8(bytes).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code().unwrap())
}

/// Serves each connection by this function, in a thread of its own. Returns the address.
fn serve(handler: impl Fn(Socket) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let handler = handler.clone();
            thread::spawn(move || handler(blocking::accept(stream.unwrap()).unwrap()));
        }
    });
    format!("ws://{address}/")
}

fn echo(mut socket: Socket) {
    while let Ok(Some(message)) = socket.recv() {
        if socket.send(message).is_err() {
            return;
        }
    }
}

/// The number before this word in a report.
fn number(report: &str, before: &str) -> u64 {
    let (head, _) = report.split_once(before).unwrap_or_else(|| panic!("{before:?} in {report}"));
    head.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn every_message_is_sent_and_its_echo_is_measured() {
    // Another run of the tests has its own.
    let name = format!("load-{}.svg", std::process::id());
    let chart = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let url = serve(echo);
    for kind in [&[][..], &["--binary"], &["--deflate"]] {
        let run = ["-n", "3", "-r", "20", "-d", "500ms", "-s", "5000", "--svg"];
        let output = load(&[&run[..], &[chart.to_str().unwrap(), &url], kind].concat()).output();
        let output = output.unwrap();
        let (report, errors, status) = printed(&output);
        assert_eq!((errors, status), ("", 0), "{report}");
        assert!(report.contains("connections  3 opened in "), "{report}");
        let sent = number(report, " sent, ");
        assert!((3..=100).contains(&sent), "{report}");
        assert_eq!(number(report, " received in"), sent, "{report}");
        assert!(report.contains("\nlatency      min "), "{report}");
        let chart = std::fs::read_to_string(&chart).unwrap();
        assert!(chart.contains(&format!("{sent} messages")) && chart.contains("p90"), "{chart}");
        assert!(!chart.contains("p50") && !chart.contains("p66"), "{chart}");
        let compression = "\ncompression  agreed on by 0 of 3 connections; ";
        assert_eq!(report.contains(compression), kind == ["--deflate"], "{report}");
    }
    std::fs::remove_file(&chart).unwrap();
}

#[test]
fn placeholders_are_filled_in() {
    let (texts, received) = mpsc::channel();
    let url = serve(move |mut socket| {
        while let Ok(Some(message)) = socket.recv() {
            texts.send(message.as_text().unwrap().to_owned()).unwrap();
            let _ = socket.send(message);
        }
    });
    let texts = ["--first", "first of {client}", "-m", "{n} {mark}", "-d", "200ms", "-r", "50"];
    let output = load(&[&texts[..], &["-n", "1", &url]].concat()).output().unwrap();
    assert_eq!(printed(&output).2, 0, "{output:?}");
    let texts: Vec<_> = received.try_iter().collect();
    assert_eq!(texts[0], "first of 0");
    assert!(texts.len() > 1);
    for (index, text) in texts.iter().enumerate().skip(1) {
        let (n, mark) = text.split_once(' ').unwrap();
        assert_eq!(n, index.to_string());
        assert!(mark.starts_with("load") && mark.len() == 24, "{mark}");
    }
}

#[test]
fn listener_takes_the_time_of_sending_from_a_field() {
    let url = serve(|mut socket| {
        while let Ok(Some(_)) = socket.recv() {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let at = (now - Duration::from_secs(20)).as_millis();
            socket.send(format!("{{\"price\":1,\"at\":{at}}}")).unwrap();
        }
    });
    let run = ["-r", "1", "-n", "2", "-d", "900ms", "--time-field", "at", "--max-p50", "19s", &url];
    let output = load(&run).output().unwrap();
    let (report, errors, status) = printed(&output);
    assert!(report.contains("2 sent, 2 received") && report.contains("latency      min 2"));
    assert!(errors.starts_with("load: p50 is 2") && errors.ends_with("above 19s\n"), "{errors}");
    assert_eq!(status, 2);
}

#[test]
fn connections_that_read_nothing_receive_nothing() {
    // A message of one connection goes to all three.
    let senders = Arc::new(Mutex::new(vec![]));
    let url = serve(move |socket| {
        let (sender, mut receiver) = socket.split().unwrap();
        senders.lock().unwrap().push(sender);
        while let Ok(Some(message)) = receiver.recv() {
            for sender in &*senders.lock().unwrap() {
                let _ = sender.send(message.clone());
            }
        }
    });
    let run = ["-n", "3", "--slow", "2", "-r", "20", "-d", "300ms", &url];
    let output = load(&run).output().unwrap();
    let (report, errors, status) = printed(&output);
    let sent = number(report, " sent, ");
    assert!(sent > 0 && report.contains(&format!(" {sent} received in")), "{report}");
    assert_eq!((errors, status), ("", 0));
}

#[test]
fn lost_and_refused_connections_exceed_the_threshold_and_are_explained() {
    let closes = serve(|mut socket| drop(socket.close(CloseCode::TRY_AGAIN_LATER, "full")));
    // No process listens there: servers without a port of their own get one above 1024.
    let refuses = "ws://127.0.0.1:1/".to_owned();
    for (url, counts, reason) in [(&closes, "2 opened", "1013"), (&refuses, "0 opened", "refused")]
    {
        for (max, expected) in [("1", 2), ("2", 0)] {
            let run = ["-n", "2", "-d", "300ms", "--ramp", "0s", "--max-failures", max, url];
            let output = load(&run).output().unwrap();
            let (report, errors, status) = printed(&output);
            assert!(report.contains(counts) && report.contains(reason), "{report}");
            assert_eq!(status, expected, "{report}");
            let text = "load: 2 connections failed or were lost\n";
            assert_eq!(errors, if expected == 2 { text } else { "" });
        }
    }
}

#[test]
fn threshold_without_a_latency_is_not_kept() {
    let url = serve(|mut socket| drop(socket.recv()));
    let run = ["-r", "0", "-n", "1", "-d", "100ms", "--max-p99", "1m", &url];
    let output = load(&run).output().unwrap();
    assert_eq!(printed(&output).1, "load: no latency was measured, for --max-p99\n");
    assert_eq!(printed(&output).2, 2);
}

#[test]
fn wrong_arguments_are_refused_with_the_remedy() {
    let rows: [(&[&str], &str); 12] = [
        (&["--svg", "/none/p.svg", "ws://localhost/"], "--svg /none/p.svg: "),
        (&[], "the URL is missing; see --help"),
        (&["-n", "0", "ws://localhost/"], "--connections is between 1 and 1000000"),
        (&["-s", "3", "ws://localhost/"], "--size is between 24 and 67108864 bytes"),
        (&["-d", "soon", "ws://localhost/"], "\"soon\" is no time such as 250ms, 30s or 2m"),
        (&["-r", "-1", "ws://localhost/"], "--rate is 0, or between"),
        (&["-r", "x", "ws://localhost/"], "--rate \"x\" is no number"),
        (&["--slow", "101", "ws://localhost/"], "--slow is at most --connections"),
        (&["--binary", "-m", "x", "ws://localhost/"], "--message is a text"),
        (&["-H", "no colon", "ws://localhost/"], "has no colon"),
        (&["--ca", "/none", "wss://localhost/"], "--ca /none: "),
        (&["http://localhost/"], "ws"),
    ];
    for (arguments, expected) in rows {
        let output = load(arguments).output().unwrap();
        let (report, errors, status) = printed(&output);
        assert_eq!((report, status), ("", 1), "{arguments:?}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    }
    let help = load(&["--help"]).output().unwrap();
    assert!(printed(&help).0.starts_with("Tries a WebSocket server") && printed(&help).2 == 0);
    assert!(printed(&help).0.lines().all(|line| line.len() <= 100));
}

/// Ctrl-C ends the run early, with a report.
#[cfg(unix)]
#[test]
fn interrupt_ends_the_run_with_a_report() {
    let (messages, sent) = mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut socket = blocking::accept(listener.accept().unwrap().0).unwrap();
        while let Ok(Some(message)) = socket.recv() {
            let _ = socket.send(message);
            let _ = messages.send(());
        }
    });
    let child = load(&["-n", "1", "-d", "10m", "-r", "100", &url]).spawn().unwrap();
    sent.recv().unwrap();
    let kill = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let (report, errors, status) = printed(&output);
    assert!(report.contains("1 opened") && number(report, " sent, ") >= 1, "{report}");
    // The rates are of the time until then.
    assert!(!report.contains("received in 0.0ns"), "{report}");
    assert_eq!((errors, status), ("", 0));
}
