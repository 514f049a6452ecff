//! The program itself: its options, its end, and its death.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::editor::Editor;
use crate::run::{Client, open, within};

/// The example, which `cargo test` builds together with the tests.
fn example() -> Command {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join("examples").join("hub");
    assert!(path.exists(), "{} is not built: run all of `cargo test`", path.display());
    Command::new(path)
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    example().args(arguments).output().unwrap()
}

/// A program that serves, and is killed when this is dropped.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) output: Option<BufReader<std::process::ChildStdout>>,
}

impl Program {
    pub(crate) fn start(directory: &Path) -> Self {
        Self::start_with(&["--data", directory.to_str().unwrap()])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        Self::run(example(), arguments)
    }

    /// Its files can't become longer than this number of KiB. Its standard error is kept for
    /// [`log`](Self::log).
    #[cfg(unix)]
    pub(crate) fn start_limited(directory: &Path, kib: u32) -> Self {
        let mut command = Command::new("sh");
        // In blocks of 512 bytes. Without the signal, which ends a process, the write fails.
        let limit = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$0\" \"$@\"", 2 * kib);
        command.args(["-c", &limit]).arg(example().get_program()).stderr(Stdio::piped());
        Self::run(command, &["--data", directory.to_str().unwrap()])
    }

    /// Its standard error is kept for [`log`](Self::log).
    #[cfg(unix)]
    pub(crate) fn start_logged(arguments: &[&str]) -> Self {
        let mut command = example();
        command.stderr(Stdio::piped());
        Self::run(command, arguments)
    }

    /// Its soft limit of descriptors is this one.
    #[cfg(unix)]
    pub(crate) fn start_with_descriptors(descriptors: u32) -> Self {
        let mut command = Command::new("sh");
        let limit = format!("ulimit -Sn {descriptors}; exec \"$0\" \"$@\"");
        command.args(["-c", &limit]).arg(example().get_program());
        Self::run(command, &["--memory"])
    }

    fn run(mut command: Command, arguments: &[&str]) -> Self {
        command.args(["--listen", "127.0.0.1:0", "--rate", "1000"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim().trim_start_matches("listening on http://").trim_end_matches('/');
        Self { child, address: address.parse().unwrap(), output: Some(output) }
    }

    /// Its files may become as long as they like.
    #[cfg(target_os = "linux")]
    pub(crate) fn unlimit(&self) {
        let pid = self.child.id().to_string();
        let unlimited = ["--fsize=unlimited:", "--pid", &pid];
        assert!(Command::new("prlimit").args(unlimited).status().unwrap().success());
    }

    pub(crate) async fn open(&self, target: &str) -> Client {
        open(self.address, target).await
    }

    /// Waits for the end of the program. Returns its exit status.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let status = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        within(status).await.code()
    }

    /// Ends the program; returns its standard error.
    #[cfg(unix)]
    pub(crate) async fn log(mut self) -> String {
        self.signal("TERM");
        assert_eq!(self.ended().await, Some(0));
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn help_is_one_screen() {
    for option in ["-h", "--help"] {
        let output = run(&[option]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("--listen"), "{text}");
        assert!(text.lines().count() <= 30, "{text}");
    }
}

#[test]
fn bad_arguments_name_the_option() {
    // Each is run with --memory.
    let cases: [(&[&str], _); 14] = [
        (&["--rate", "x"], "--rate is a number, not \"x\""),
        (&["--per-address", "-1"], "--per-address is a number"),
        (&["--listen", "9001"], "--listen is HOST:PORT, not \"9001\""),
        (&["--listen"], "--listen"),
        (&["--redis", "http://x"], "--redis is a URL such as redis://"),
        (&["--redis", "127.0.0.1:6379"], "--redis is a URL such as redis://"),
        (&["--rate", "0"], "--rate"),
        (&["--token", "short"], "--token"),
        (&["--token-file", "/nowhere/token"], "--token-file"),
        (&["--nonsense", "x"], "--nonsense"),
        (&["--listen", "nowhere"], "--listen"),
        (&["--redis", "redis://127.0.0.1", "--nats", "nats://127.0.0.1"], "one broker"),
        (&["--redis", "redis://127.0.0.1", "--data", "x"], "--data is for"),
        (&["--data", "x"], "--memory"),
    ];
    for (arguments, option) in cases {
        let output = run(&[arguments, &["--memory"]].concat());
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(option) && text.contains("see --help"), "{arguments:?}: {text}");
    }
}

#[test]
fn taken_port_is_reported_with_the_option() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let output = run(&["--listen", &address, "--memory"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("--listen") && text.contains(&address), "{text}");
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_and_sigterm_close_with_1001_and_exit_0() {
    for name in ["INT", "TERM"] {
        let directory = TempDir::new().unwrap();
        let mut program = Program::start(directory.path());
        let mut client = program.open("/rooms/chat?client=c&name=n").await;
        client.next("welcome").await;
        program.signal(name);
        assert_eq!(client.closed().await.0, 1001);
        assert_eq!(program.ended().await, Some(0));
        let mut line = String::new();
        program.output.as_mut().unwrap().read_line(&mut line).unwrap();
        assert_eq!(line, "1 connections closed, 0 aborted\n");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn second_ctrl_c_exits_at_once() {
    let directory = TempDir::new().unwrap();
    let mut program = Program::start(directory.path());
    // This client does not answer: the hub waits for it, when it has closed the other one.
    let _silent = program.open("/rooms/chat?client=c&name=n").await;
    let mut client = program.open("/rooms/chat?client=c&name=n").await;
    client.next("welcome").await;
    program.signal("INT");
    assert_eq!(client.closed().await.0, 1001);
    program.signal("INT");
    assert_eq!(program.ended().await, Some(130));
}

/// Killed between acknowledgements: nothing that was acknowledged is lost.
#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill() {
    let directory = TempDir::new().unwrap();
    let mut program = Program::start(directory.path());
    let mut client = program.open("/rooms/chat?client=c&name=n").await;
    let mut editor = Editor::on(program.address, "c").await;
    for id in 1..=50 {
        client.say(id, &id.to_string()).await;
        editor.insert(0, "x").await;
        client.next("ack").await;
        editor.acknowledged(id).await;
    }
    // These may be stored or not, but for the first one: the hub is killed when that is
    // acknowledged.
    for id in 51..=60 {
        client.say(id, &id.to_string()).await;
    }
    assert_eq!(client.next("ack").await["id"], 51);
    program.child.kill().unwrap();
    program.child.wait().unwrap();

    let program = Program::start(directory.path());
    let mut client = program.open("/rooms/chat?client=c&name=n").await;
    let last = client.next("welcome").await["lastId"].as_u64().unwrap();
    assert!((51..=60).contains(&last), "{last}");
    for seq in 1..=51 {
        let said = client.next("said").await;
        assert_eq!(
            (said["seq"].as_u64(), said["text"].as_str()),
            (Some(seq), Some(&*seq.to_string()))
        );
    }
    // The client repeats what was not acknowledged: each is there once.
    for id in 52..=60 {
        client.say(id, &id.to_string()).await;
        assert_eq!(client.next("ack").await["seq"].as_u64(), Some(id));
    }
    let mut editor = Editor::on(program.address, "d").await;
    editor.until(&"x".repeat(50)).await;
}
