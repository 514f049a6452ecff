//! The peer process: this test binary, started again, which enters a state and waits to be killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Instant;
use std::{env, fs, io, thread};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::frames::{self, CLOSE, NORMAL, PING, PONG, read_frame, read_head};
use crate::world::{LONG, SLACK};
use support::masked;

const STATE: &str = "SOAK_PEER_STATE";
const ADDRESS: &str = "SOAK_PEER_ADDRESS";
const THERE: &str = "there";

/// The state of the connection in which the peer is killed, stopped or reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Connected; no byte was sent.
    Connected,
    HalfRequest,
    /// The peer is the server, and we are the client.
    HalfAnswer,
    Idle,
    HalfHeader,
    HalfMask,
    HalfPayload,
    BetweenFragments,
    /// Within a compressed message, with a decompressor in use.
    InsideCompressed,
    /// The peer read one message, and reads no other.
    WrittenTo,
    HalfClose,
    /// The peer read the server's Close and does not reply.
    ClosedByServer,
    /// Both sent a Close, and the server waits for the peer's EOF.
    ClosedByBoth,
}

pub const STATES: [State; 13] = [
    State::Connected,
    State::HalfRequest,
    State::HalfAnswer,
    State::Idle,
    State::HalfHeader,
    State::HalfMask,
    State::HalfPayload,
    State::BetweenFragments,
    State::InsideCompressed,
    State::WrittenTo,
    State::HalfClose,
    State::ClosedByServer,
    State::ClosedByBoth,
];

/// What happens to the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// SIGKILL: the kernel closes its sockets.
    Killed,
    /// SIGSTOP: the kernel accepts bytes for the process, which does not read them.
    Stopped,
    /// `SO_LINGER` 0: its socket is reset.
    Reset,
}

/// A peer's process, which is killed on drop.
pub struct Peer {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Peer {
    pub fn start(state: State, address: SocketAddr) -> Self {
        let mut command = Command::new("/proc/self/exe");
        command.args([
            "--ignored",
            "--exact",
            "peer::run_peer_from_environment",
            "--nocapture",
            "--test-threads",
            "1",
        ]);
        command.env(STATE, format!("{state:?}")).env(ADDRESS, address.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr }
    }

    /// Waits until the peer has entered its state.
    pub fn wait_until_there(&mut self) {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        if line.trim_end() != THERE {
            self.stderr.read_to_string(&mut line).unwrap();
            panic!("the peer said {line}");
        }
    }

    pub fn suffer(&mut self, fate: Fate) {
        match fate {
            Fate::Killed => self.child.kill().unwrap(),
            Fate::Stopped => {
                let id = self.child.id().to_string();
                // `kill` may exist only as a shell builtin.
                assert!(
                    Command::new("sh")
                        .args(["-c", "kill -STOP \"$0\"", &id])
                        .status()
                        .unwrap()
                        .success()
                );
                let deadline = Instant::now() + SLACK;
                while !fs::read_to_string(format!("/proc/{id}/stat")).unwrap().contains(") T ") {
                    assert!(Instant::now() < deadline, "the process does not stop");
                    thread::yield_now();
                }
            }
            // The peer resets its socket when it reads this line.
            Fate::Reset => self.child.stdin.take().unwrap().write_all(b"reset\n").unwrap(),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "not a test but the peer process of one; does nothing without its environment variables"]
fn run_peer_from_environment() {
    let (Ok(state), Ok(address)) = (env::var(STATE), env::var(ADDRESS)) else { return };
    let state = STATES.into_iter().find(|one| format!("{one:?}") == state).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        tokio::time::timeout(LONG / 2, enter_state(state, &mut stream))
            .await
            .expect("the peer enters its state")
            .unwrap();
        eprintln!("{THERE}");
        // EOF of stdin: the parent process ended.
        io::stdin().read_line(&mut String::new()).unwrap();
        stream.set_zero_linger().unwrap();
    });
}

async fn enter_state(state: State, stream: &mut TcpStream) -> io::Result<()> {
    match state {
        State::Connected => return Ok(()),
        State::HalfRequest => {
            return stream.write_all(&frames::request("/").as_bytes()[..40]).await;
        }
        State::HalfAnswer => {
            read_head(stream).await?;
            return stream.write_all(b"HTTP/1.1 101 Switching Pro").await;
        }
        _ => frames::open(stream, "/").await?,
    }
    let begun: &[u8] = match state {
        State::HalfHeader => &[0x82, 0xfe, 1],
        State::HalfMask => &[0x82, 0x85, 1, 2],
        State::HalfPayload => &[0x82, 0x85, 1, 2, 3, 4, 5, 6],
        State::BetweenFragments => &masked(0x01, b"hel"),
        // The beginning of "Hello" (RFC 7692 §7.2.3.1).
        State::InsideCompressed => &masked(0x41, &[0xf2, 0x48, 0xcd]),
        State::HalfClose => &[0x88, 0x82, 1, 2, 3],
        State::ClosedByBoth => &masked(CLOSE, &NORMAL),
        _ => &[],
    };
    let last = match state {
        State::WrittenTo => 0x82,
        State::ClosedByServer | State::ClosedByBoth => CLOSE,
        // The pong proves that the server read the bytes sent with the ping.
        _ => {
            stream.write_all(&[&masked(PING, b"?"), begun].concat()).await?;
            assert_eq!(read_frame(stream).await?, Some((PONG, b"?".to_vec())));
            return Ok(());
        }
    };
    stream.write_all(begun).await?;
    assert_eq!(read_frame(stream).await?.map(|(first, _)| first), Some(last));
    if state == State::ClosedByBoth {
        assert_eq!(
            read_frame(stream).await?,
            None,
            "the server closes the stream first (RFC 6455 §7.1.1)"
        );
    }
    Ok(())
}
