//! Python's wsproto, in a child process that runs as long as ours: see `wsproto_peer.py`.

use std::io::{self, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use sansocket::Role;

use crate::model::Seen;

/// Created by `fuzz/run`.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/fuzz-python/bin/python");
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/wsproto_peer.py");

struct Peer {
    process: Child,
    cases: ChildStdin,
    answers: BufReader<ChildStdout>,
}

static PEER: LazyLock<Mutex<Peer>> = LazyLock::new(|| {
    let mut command = Command::new(PYTHON);
    command.args(["-B", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command
        .spawn()
        .unwrap_or_else(|error| panic!("no wsproto, which fuzz/run installs: {PYTHON}: {error}"));
    let (cases, answers) =
        (process.stdin.take().expect("piped"), process.stdout.take().expect("piped"));
    Mutex::new(Peer { process, cases, answers: BufReader::new(answers) })
});

impl Peer {
    /// Writes all cases before it reads the first answer: all of them fit into the pipe's buffers.
    fn ask<const N: usize>(&mut self, cases: [Vec<u8>; N]) -> io::Result<[Vec<u8>; N]> {
        self.cases.write_all(&cases.concat())?;
        let mut answers = [const { Vec::new() }; N];
        for answer in &mut answers {
            let mut len = [0; 4];
            self.answers.read_exact(&mut len)?;
            answer.resize(u32::from_be_bytes(len) as usize, 0);
            self.answers.read_exact(answer)?;
        }
        Ok(answers)
    }
}

/// A connection of wsproto, and its input.
pub struct Case(Vec<u8>);

impl Case {
    /// With an empty `extension`, none was negotiated.
    pub fn new(role: Role, extension: &str) -> Self {
        let mut case = Self(vec![0; 4]);
        case.item(if role == Role::Server { b'S' } else { b'C' }, extension.as_bytes());
        case
    }

    /// The items are documented in `wsproto_peer.py`.
    pub fn item(&mut self, tag: u8, content: &[u8]) {
        self.0.push(tag);
        self.0.extend((content.len() as u32).to_be_bytes());
        self.0.extend(content);
    }
}

/// The events of each connection, and its output.
pub fn run<const N: usize>(cases: [Case; N]) -> [(Vec<Seen>, Vec<u8>); N] {
    let cases = cases.map(|Case(mut case)| {
        let len = case.len() as u32 - 4;
        case[..4].copy_from_slice(&len.to_be_bytes());
        case
    });
    let peer = &mut *PEER.lock().expect("it is locked here alone");
    let answers = peer.ask(cases).unwrap_or_else(|error| {
        let _ = peer.process.kill();
        panic!("the process with wsproto died: {error}, {:?}", peer.process.wait());
    });
    answers.map(|answer| read(&answer))
}

fn read(mut answer: &[u8]) -> (Vec<Seen>, Vec<u8>) {
    let (mut seen, mut written) = (Vec::new(), Vec::new());
    while let [tag, a, b, c, d, after @ ..] = answer {
        let (content, after) = after.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
        let code = || u16::from_be_bytes(*content.first_chunk().expect("a code"));
        match tag {
            b't' => seen.push(Seen::Text(content.into())),
            b'b' => seen.push(Seen::Binary(content.into())),
            b'i' => seen.push(Seen::Ping(content.into())),
            b'o' => seen.push(Seen::Pong(content.into())),
            b'x' => seen.push(Seen::Close(code(), content[2..].into())),
            b'v' => seen.push(Seen::Violation(code())),
            b'w' => written = content.into(),
            _ => panic!("wsproto itself failed: {}", String::from_utf8_lossy(content)),
        }
        answer = after;
    }
    (seen, written)
}
