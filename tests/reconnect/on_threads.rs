//! A client that connects again, on threads: the iterator, and the handle that stops it.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sansocket::blocking::{self, Reconnect, WebSocket};
use sansocket::reconnect::{Cause, Event, Limit, Policy, Schedule};
use sansocket::testing::TestStream;
use sansocket::{ClientRequest, CloseCode, Error, Response};
use support::{Chunking, stream_pair};

type Socket = WebSocket<TestStream>;

/// Both ends of a connection.
fn connect() -> Result<((Socket, Response), Socket), Error> {
    let (client, server) = stream_pair(Chunking::Whole);
    let server = thread::spawn(|| blocking::accept(server));
    let request = ClientRequest::new("ws://test/")?;
    let client = blocking::connect_with_stream(client, &request)?;
    Ok((client, server.join().unwrap()?))
}

fn refused() -> Error {
    io::Error::from(ErrorKind::ConnectionRefused).into()
}

/// Fails, or connects, and passes the server's end on.
fn client(policy: Policy, script: &[bool]) -> (Reconnect<TestStream>, mpsc::Receiver<Socket>) {
    let (sender, servers) = mpsc::channel();
    let mut script: VecDeque<bool> = script.to_vec().into();
    let schedule = Schedule::from_seed(policy, [7; 32]);
    let reconnect = Reconnect::new(schedule, move || {
        if !script.pop_front().expect("one attempt more") {
            return Err(refused());
        }
        let (client, server) = connect()?;
        sender.send(server).unwrap();
        Ok(client)
    });
    (reconnect, servers)
}

fn at_once() -> Policy {
    Policy::new().delays(Duration::ZERO, Duration::ZERO)
}

#[test]
fn iterator_goes_on_until_the_normal_close() {
    let (reconnect, servers) = client(at_once(), &[false, true, false, true]);
    let handle = reconnect.handle();
    let mut codes = [CloseCode::SERVICE_RESTART, CloseCode::NORMAL].into_iter();
    let mut ends = vec![];
    for connection in reconnect {
        let (mut socket, response) = connection.unwrap();
        assert_eq!(response.status(), 101);
        servers.recv().unwrap().start_close_with(codes.next().unwrap()).unwrap();
        let result = socket.messages().try_for_each(|message| message.map(drop));
        ends.push(socket.closed().unwrap().code());
        handle.ended(Cause::of(result, socket.closed()));
    }
    assert_eq!(ends, [1012, 1000]);
}

#[test]
fn error_ends_the_iterator() {
    let (mut reconnect, _servers) = client(at_once().max_attempts(2), &[false, false]);
    let given_up = reconnect.next().unwrap().unwrap_err();
    assert_eq!((given_up.limit(), given_up.attempts()), (Limit::Attempts, 2));
    assert_eq!(
        given_up.to_string(),
        "gave up after 2 attempts; see Policy::max_attempts; the last one: connection refused"
    );
    assert!(reconnect.next().is_none());
    assert!(reconnect.next().is_none());
}

#[test]
fn violation_by_the_server_is_given_up_and_no_regular_end() {
    let (mut reconnect, servers) = client(at_once(), &[true]);
    let mut socket = reconnect.next().unwrap().unwrap().0;
    let (mut stream, _) = servers.recv().unwrap().into_parts();
    stream.write_all(b"\x83\0").unwrap();
    assert!(socket.recv().is_err());
    reconnect.ended(Cause::of(Ok(()), socket.closed()));
    assert_eq!(reconnect.next().unwrap().unwrap_err().limit(), Limit::Permanent);
}

#[test]
fn events_are_reported_in_order() {
    let (mut reconnect, _servers) = client(at_once(), &[false, true]);
    let mut next = || reconnect.next_event().unwrap().unwrap();
    assert!(matches!(next(), Event::Connecting { attempt: 1 }));
    assert!(matches!(next(), Event::Waiting { delay: Duration::ZERO, cause: Cause::Error(_) }));
    assert!(matches!(next(), Event::Connecting { attempt: 2 }));
    assert!(matches!(next(), Event::Connected { .. }));
    reconnect.ended(Error::TlsNeeded);
    assert_eq!(reconnect.next_event().unwrap_err().limit(), Limit::Permanent);
    assert!(reconnect.next_event().unwrap().is_none());
}

#[test]
fn handle_stops_a_client_that_waits() {
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    let policy = Policy::new().delays(year, year);
    let (mut reconnect, _servers) = client(policy, &[false]);
    let handle = reconnect.handle();
    // The seed's delay is weeks.
    let waiting = loop {
        if let Event::Waiting { delay, .. } = reconnect.next_event().unwrap().unwrap() {
            break delay;
        }
    };
    assert!(waiting > Duration::from_secs(3600), "{waiting:?}");
    let thread = thread::spawn(move || reconnect.connect().map(|none| none.is_none()));
    handle.stop();
    assert!(thread.join().unwrap().unwrap());
}

#[test]
fn client_that_is_stopped_while_it_connects_drops_the_connection() {
    let (started, has_started) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    let schedule = Schedule::from_seed(Policy::new(), [7; 32]);
    let mut reconnect = Reconnect::new(schedule, move || {
        started.send(()).unwrap();
        may_go_on.recv().unwrap();
        let (client, server) = connect()?;
        started.send(()).unwrap();
        drop(server);
        Ok(client)
    });
    let handle = reconnect.handle();
    let thread = thread::spawn(move || reconnect.connect().map(|none| none.is_none()));
    has_started.recv().unwrap();
    handle.stop();
    go_on.send(()).unwrap();
    has_started.recv().unwrap();
    assert!(thread.join().unwrap().unwrap());
}

#[test]
fn delays_are_waited_for() {
    let policy = Policy::new().delays(Duration::from_millis(50), Duration::from_millis(50));
    let (mut reconnect, _servers) = client(policy, &[false, true]);
    let mut waited = None;
    loop {
        match reconnect.next_event().unwrap().unwrap() {
            Event::Waiting { delay, .. } => waited = Some((std::time::Instant::now(), delay)),
            Event::Connecting { .. } => {
                if let Some((since, delay)) = waited {
                    // From the failure on, which was before the event was returned.
                    assert!(since.elapsed() + Duration::from_millis(5) >= delay, "{delay:?}");
                }
            }
            _ => break,
        }
    }
}
