//! A browser's process, and the WebSocket that it prints at its start.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::Fault;

/// Before the URL in the line that Firefox and Chromium print.
const LISTENING: &str = "listening on ws://";
/// The time limits of the start and of the end.
const START: Duration = Duration::from_secs(60);
const END: Duration = Duration::from_secs(20);

/// A program that is killed when this is dropped.
pub(crate) struct Process(Child);

impl Process {
    /// Starts a browser; returns the URL that it listens on.
    pub(crate) fn start<'a>(
        program: &str,
        arguments: impl Iterator<Item = &'a String>,
    ) -> Result<(Self, String), Fault> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
        let mut process = Self(child);
        let stderr = process.0.stderr.take().ok_or("no standard error")?;
        let url = urls(stderr).recv_timeout(START);
        Ok((process, url.map_err(|_| format!("{program} names no WebSocket"))?))
    }

    /// Waits until the program has ended.
    pub(crate) fn wait(&mut self) -> Result<(), Fault> {
        let deadline = Instant::now() + END;
        while self.0.try_wait()?.is_none() {
            if Instant::now() >= deadline {
                return Err("the browser does not end".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Copies all that the browser prints, so that it never waits for a full pipe.
fn urls(stderr: ChildStderr) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some(at) = line.find(LISTENING) {
                let url = line[at..].split_whitespace().nth(2).unwrap_or_default();
                let _ = sender.send(url.to_owned());
            }
            let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
        }
    });
    receiver
}
