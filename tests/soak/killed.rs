//! A peer whose process is killed or stopped, or whose socket is reset, in every state of the
//! connection: which error is returned, and when.

use std::time::{Duration, Instant};

use sansocket::deflate::Deflate;
use sansocket::tokio::Options;
use sansocket::{
    ClientRequest, CloseCode, Compress, Config, Error, HandshakeError, HeadError, Message,
    RequestError, ResponseError, TimedOut, Timeouts,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, spawn_blocking};

use crate::peer::{Fate, Peer, STATES, State};
use crate::world::{LONG, SLACK, soak};

const HANDSHAKE: Duration = Duration::from_secs(3);
const CLOSE: Duration = Duration::from_millis(1500);
const WRITE: Duration = Duration::from_secs(2);
/// Keep-alive: half of it until the ping, half for the pong.
const SILENCE: Duration = Duration::from_secs(2);

#[test]
#[ignore = "takes some seconds: see the first lines of main.rs"]
fn killed_stopped_and_reset_peers_are_reported_in_time_in_every_state() {
    soak("peers that die", all(Fate::Killed), async {
        for fate in [Fate::Killed, Fate::Stopped, Fate::Reset] {
            all(fate).await;
        }
    });
}

/// How the connection ends, and after how long at the earliest.
fn expected(state: State, fate: Fate) -> (End, Duration) {
    let opening = matches!(state, State::Connected | State::HalfRequest | State::HalfAnswer);
    match (state, fate) {
        (_, Fate::Stopped) if opening => (End::TooLate(TimedOut::Handshake), HANDSHAKE),
        (State::WrittenTo, Fate::Stopped) => (End::TooLate(TimedOut::Write), WRITE),
        (State::ClosedByServer, Fate::Stopped) => (End::TooLate(TimedOut::Close), CLOSE),
        // Both sent a Close: the server waits for EOF until the deadline, without an error.
        (State::ClosedByBoth, Fate::Stopped) => (End::Clean, CLOSE),
        (_, Fate::Stopped) => (End::TooLate(TimedOut::KeepAlive), SILENCE),
        (State::ClosedByBoth, _) => (End::Clean, Duration::ZERO),
        _ if opening => (End::NoHandshake, Duration::ZERO),
        _ => (End::Lost, Duration::ZERO),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Clean,
    Lost,
    NoHandshake,
    TooLate(TimedOut),
}

/// Runs all states concurrently.
async fn all(fate: Fate) {
    let mut cases = JoinSet::new();
    for state in STATES {
        cases.spawn(async move { (case(state, fate).await, state) });
    }
    let mut longest = (Duration::ZERO, State::Connected);
    while let Some(one) = cases.join_next().await {
        let (after, state) = one.unwrap();
        if after >= longest.0 {
            longest = (after, state);
        }
    }
    println!(
        "  {} states, {fate:?}: all ended as they should, {:?} last, after {:.1?}",
        STATES.len(),
        longest.1,
        longest.0
    );
}

async fn case(state: State, fate: Fate) -> Duration {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = spawn_blocking(move || Peer::start(state, address));
    let stream = listener.accept().await.unwrap().0;
    let accepted = Instant::now();
    let run_our_side =
        tokio::spawn(async move { (run_our_side(state, stream).await, Instant::now()) });
    let mut peer = peer.await.unwrap();
    let (peer, started) = spawn_blocking(move || {
        peer.wait_until_there();
        peer.suffer(fate);
        (peer, Instant::now())
    })
    .await
    .unwrap();
    let (end, at) = tokio::time::timeout(LONG / 2, run_our_side)
        .await
        .unwrap_or_else(|_| panic!("{state:?}, {fate:?}: no end"))
        .unwrap();
    let (due, earliest) = expected(state, fate);
    let (after, whole) = (at.saturating_duration_since(started), at.duration_since(accepted));
    let what =
        format!("{state:?}, {fate:?}: {end:?} after {after:?}, not {due:?} after {earliest:?}");
    let end = match end {
        Ok(()) => End::Clean,
        Err(Error::ConnectionLost) => End::Lost,
        Err(Error::Handshake(
            HandshakeError::Request(RequestError::Head(HeadError::Incomplete))
            | HandshakeError::Response(ResponseError::Head(HeadError::Incomplete)),
        )) => End::NoHandshake,
        // The last message may be queued or not.
        Err(Error::TimedOut(TimedOut::Room)) => End::TooLate(TimedOut::Write),
        Err(Error::TimedOut(late)) => End::TooLate(late),
        Err(_) => panic!("{what}"),
    };
    assert_eq!(end, due, "{what}");
    assert!(whole >= earliest && after < earliest + SLACK, "{what}");
    spawn_blocking(|| drop(peer)).await.unwrap();
    after
}

/// Our side, until the connection ends.
async fn run_our_side(state: State, stream: TcpStream) -> Result<(), Error> {
    let half = Some(SILENCE / 2);
    let timeouts = Timeouts {
        handshake: Some(HANDSHAKE),
        close: Some(CLOSE),
        write: Some(WRITE),
        ping: half,
        pong: half,
        idle: None,
        message: None,
    };
    let options =
        Options::new().timeouts(timeouts).config(Config::new().deflate(Deflate::balance()));
    if state == State::HalfAnswer {
        let request = ClientRequest::new("ws://localhost/").unwrap();
        return options.connect_with_stream(stream, &request).await.map(drop);
    }
    let mut socket = options.accept(stream).await?;
    match state {
        State::WrittenTo => loop {
            // Compressed messages would take seconds to fill the kernel's buffers.
            socket.send(Message::from(vec![7; 64 * 1024]).compress(Compress::Never)).await?;
        },
        State::ClosedByServer => {
            let closed = socket.close(CloseCode::NORMAL, "").await?;
            if closed.was_clean() { Ok(()) } else { Err(Error::ConnectionLost) }
        }
        _ => {
            assert_eq!(socket.recv().await?, None);
            socket.until_closed().await.map(drop)
        }
    }
}
