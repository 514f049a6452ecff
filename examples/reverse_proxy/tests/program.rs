//! The program, as a process of its own, and its command line.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use http::Version;
use sansocket::Config;
use sansocket_reverse_proxy::tls;

use crate::echo::{Tls, connect, serve};

/// The program, which `cargo test` builds together with the tests.
fn program() -> Command {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join("examples/reverse_proxy");
    assert!(path.exists(), "{} is not built: run all tests of the package", path.display());
    Command::new(path)
}

/// A program that serves; it is killed at the end of a test.
pub(crate) struct Running {
    process: Child,
    pub(crate) address: SocketAddr,
    pub(crate) url: String,
}

impl Running {
    /// Starts it on a free port, with these options.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::run(program(), options)
    }

    fn run(mut command: Command, options: &[&str]) -> Self {
        command.args(["--listen", "127.0.0.1:0"]).args(options);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        let (_, address) = url.split_once("://").unwrap();
        let address = address.trim_end_matches('/').parse().unwrap();
        Self { process, address, url }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn help_fits_on_one_screen() {
    let output = program().arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("Passes WebSocket connections on"));
    assert!(text.lines().count() <= 24 && text.lines().all(|line| line.len() <= 100), "{text}");
}

#[test]
fn command_line_that_contradicts_itself_is_an_error() {
    let backend = ["--backend", "ws://127.0.0.1:9"];
    let rows: [&[&str]; 9] = [
        &["--ca", "file"],
        &["--write-ca", "file"],
        &["--cert", "file"],
        &["--key", "file"],
        &["--tls", "--cert", "file", "--key", "file"],
        &["--cert", "no file", "--key", "no file"],
        &["--compress", "all"],
        &["--idle", "soon"],
        &["--unknown"],
    ];
    for row in rows {
        assert!(!program().args(backend).args(row).output().unwrap().status.success(), "{row:?}");
    }
    assert!(!program().output().unwrap().status.success(), "--backend is missing");
    let url = ["--backend", "ws://127.0.0.1:9/path"];
    assert!(!program().args(url).output().unwrap().status.success(), "the path is not used");
}

#[tokio::test]
async fn program_serves_tls_and_writes_the_authority_of_its_certificate() {
    let (backend, _seen) = serve(Config::new(), None).await;
    let name = format!("reverse_proxy-test-{}-program.pem", std::process::id());
    let file = std::env::temp_dir().join(name);
    let url = format!("ws://{backend}");
    let path = file.to_str().unwrap();
    let running = Running::start(&["--backend", &url, "--tls", "--write-ca", path]);
    assert!(running.url.starts_with("wss://"), "{}", running.url);
    let client = tls::for_backend(Some(&file)).unwrap();
    let tls = Tls::of(Tls::new("program").server.clone(), client, file);
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let mut socket = connect(running.address, version, Config::new(), Some(&tls)).await;
        socket.send("over TLS").await.unwrap();
        assert_eq!(socket.recv().await.unwrap(), Some("over TLS".into()));
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_also_without_a_reader_of_its_output() {
    let mut running = Running::start(&["--backend", "ws://127.0.0.1:9"]);
    let kill = format!("kill -INT {}", running.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    assert_eq!(running.process.wait().unwrap().code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn soft_limit_of_open_files_is_raised_to_the_hard_one() {
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -Sn 64; exec \"$0\" \"$@\""]).arg(program().get_program());
    let running = Running::run(limited, &["--backend", "ws://127.0.0.1:9"]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.id())).unwrap();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let [soft, hard, _] = files.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{limits}")
    };
    assert_eq!(soft, hard);
}
