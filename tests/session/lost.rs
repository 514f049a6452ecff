//! A session whose stream is lost: it ends when reading does, not at a deadline.

use std::time::Duration;

use sansocket::session::{Next, Session};
use sansocket::{Config, Event, Role, Timeouts, TrySendError};
use support::connection;

const NOW: Duration = Duration::ZERO;

fn session(role: Role) -> Session {
    Session::new(connection(role, Config::new()), Timeouts::default(), NOW)
}

/// What a client sends.
fn frame(message: &str) -> Vec<u8> {
    let mut client = session(Role::Client);
    client.send(message).unwrap();
    let mut bytes = vec![];
    while client.wants_write() && client.next(NOW) == Ok(Next::Write) {
        let chunk = bytes::Buf::chunk(&*client.output()).to_vec();
        client.wrote(chunk.len());
        bytes.extend(chunk);
    }
    bytes
}

#[test]
fn after_a_failed_write_messages_are_received_and_the_end_of_stream_is_the_end() {
    for role in [Role::Server, Role::Client] {
        let mut session = session(role);
        session.send("never written").unwrap();
        assert_eq!(session.next(NOW), Ok(Next::Write), "{role:?}");
        session.write_failed();
        if role == Role::Server {
            session.received(&frame("the last message"));
            let Some(Event::Message(message)) = session.receive(NOW) else { panic!("no message") };
            assert_eq!(message.as_text(), Some("the last message"));
        }
        while session.receive(NOW).is_some() {}
        session.stream_ready();
        assert_eq!(session.next(NOW), Ok(Next::Read), "{role:?}");
        session.end_input();
        assert!(matches!(session.receive(NOW), Some(Event::Closed(_))), "{role:?}");
        while session.receive(NOW).is_some() {}
        assert_eq!(session.next(NOW), Ok(Next::Done), "{role:?}");
    }
}

#[test]
fn a_write_that_fails_while_the_output_is_full_does_not_stop_reading() {
    let mut session = session(Role::Server);
    session.send(vec![0; 512 * 1024]).unwrap();
    assert!(session.is_above_high_water_mark());
    assert_eq!(session.next(NOW), Ok(Next::Write));
    session.write_would_block(NOW);
    session.stream_ready();
    assert_eq!(session.next(NOW), Ok(Next::Write));
    session.write_failed();
    assert!(!session.is_above_high_water_mark(), "a loop would take no more events");
    assert!(session.receive(NOW).is_none());
    assert_eq!(session.next(NOW), Ok(Next::Read));
    assert!(matches!(session.send("x"), Err(TrySendError::Send(..))));
    session.read_would_block();
    // The write deadline is no more: keep-alive finds a peer that is silent.
    let ping = session.timeouts().ping;
    assert_eq!(session.next(NOW), Ok(Next::Wait(ping)));
}
