//! The table in the docs of `reconnect`: what a client does when, with the default policy, against
//! servers that fail in every way. It is made here, on a manually advanced clock, and can't be stale.

use std::fmt::Write;
use std::time::{Duration, SystemTime};
use std::{env, fs};

use sansocket::CloseCode;
use sansocket::reconnect::{Cause, Event, Policy, Schedule};
use sansocket::testing::ManualClock;
use support::adapters::{run_on, s, until};

use super::scripted::{Attempt, Client};

/// What a server does with an attempt.
#[derive(Clone, Copy)]
enum Server {
    IsDown,
    Answers(&'static str),
    /// Accepts, and is killed after so many seconds.
    IsKilled(u64),
    /// Accepts, and closes after so many seconds.
    Closes(u64, CloseCode),
}

use Server::{Answers, Closes, IsDown, IsKilled};

/// One client each. The last attempt ends the client.
const SERVERS: [&[Server]; 4] = [
    &[
        IsKilled(100),
        IsDown,
        Answers("503 Service Unavailable\r\nRetry-After: 30"),
        Closes(100, CloseCode::SERVICE_RESTART),
        IsDown,
        Closes(5, CloseCode::POLICY_VIOLATION),
    ],
    &[Answers("401 Unauthorized")],
    &[
        Closes(0, CloseCode::TRY_AGAIN_LATER),
        Closes(0, CloseCode::TRY_AGAIN_LATER),
        Closes(0, CloseCode::TRY_AGAIN_LATER),
        Closes(0, CloseCode::TRY_AGAIN_LATER),
        Closes(0, CloseCode::TRY_AGAIN_LATER),
        Closes(0, CloseCode::TRY_AGAIN_LATER),
        Closes(100, CloseCode::TRY_AGAIN_LATER),
        Closes(100, CloseCode::NORMAL),
    ],
    &[Answers("503 Service Unavailable\r\nRetry-After: 86400"), Answers("404 Not Found")],
];

impl Server {
    fn attempt(self) -> Attempt {
        match self {
            IsDown => Attempt::Down,
            Answers(lines) => Attempt::Answers(lines),
            IsKilled(_) | Closes(..) => Attempt::Accepts,
        }
    }

    fn describe(self) -> String {
        let after = |seconds: u64| match seconds {
            0 => "at once".to_owned(),
            seconds => format!("after {seconds} s"),
        };
        match self {
            IsDown => "is down".into(),
            Answers(lines) => format!("answers {}", lines.replace("\r\n", ", ")),
            IsKilled(seconds) => format!("accepts, and is killed {}", after(seconds)),
            Closes(seconds, code) => {
                format!("accepts, and closes with {} {}", u16::from(code), after(seconds))
            }
        }
    }
}

/// What a schedule is told of a client.
enum Told {
    Attempt(Duration),
    Connected(Duration),
    Failed(Cause, Duration),
}

/// The last delay of a client that was told this, with one of many seeds: the least and the greatest.
fn bounds(told: &[Told]) -> (Duration, Duration) {
    let delays = (0..2000_u32).map(|seed| {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&seed.to_le_bytes());
        let mut schedule = Schedule::from_seed(Policy::new(), bytes);
        let mut last = None;
        for step in told {
            match step {
                Told::Attempt(now) => drop(schedule.attempt(*now)),
                Told::Connected(now) => schedule.connected(*now),
                Told::Failed(cause, now) => {
                    last = schedule.failed(cause, *now, SystemTime::UNIX_EPOCH).ok();
                }
            }
        }
        last.expect("it is tried again")
    });
    delays
        .fold((Duration::MAX, Duration::ZERO), |(min, max), delay| (min.min(delay), max.max(delay)))
}

/// The rows of one client.
async fn rows(clock: &ManualClock, servers: &[Server], table: &mut String) {
    let script: Vec<_> = servers.iter().map(|server| server.attempt()).collect();
    let mut client = Client::new(clock, Policy::new(), &script);
    let (mut clock, started) = (clock.clone(), clock.now());
    let mut told = vec![];
    for server in servers {
        let Ok(Some(Event::Connecting { attempt })) = client.next().await else { panic!() };
        let begun = clock.now();
        told.push(Told::Attempt(begun));
        let (mut next, mut ended) = (client.next().await, String::new());
        if let Ok(Some(Event::Connected { socket, .. })) = &mut next {
            told.push(Told::Connected(clock.now()));
            let mut end = Some(client.accepted());
            match *server {
                IsKilled(seconds) => {
                    until(&mut clock, begun + s(seconds)).await;
                    end = None;
                }
                Closes(seconds, code) => {
                    until(&mut clock, begun + s(seconds)).await;
                    end.as_mut().unwrap().start_close_with(code).await.unwrap();
                }
                IsDown | Answers(_) => panic!("it does not accept"),
            }
            client.serve(socket).await;
            drop(end);
            ended = Cause::of(Ok(()), socket.closed()).to_string();
            next = client.next().await;
        }
        let failed = clock.now();
        let (cause, then) = match next {
            Ok(Some(Event::Waiting { delay, cause })) => {
                let text = cause.to_string();
                told.push(Told::Failed(cause, failed));
                let (min, max) = bounds(&told);
                let (min, max) = (min.as_secs(), max.as_secs() + 1);
                assert!((s(min)..=s(max)).contains(&delay), "{delay:?}");
                (text, format!("again after {min} s to {max} s"))
            }
            Ok(None) => (ended, "`None`".into()),
            Err(given_up) => (given_up.to_string(), format!("`GivenUp`, {:?}", given_up.limit())),
            Ok(Some(event)) => panic!("{event:?}"),
        };
        let at = (begun - started).as_secs();
        let cause = cause.split([';', ',']).next().unwrap();
        let server = server.describe();
        writeln!(table, "| {at} s | {attempt} | {server} | {cause} | {then} |").unwrap();
    }
    assert!(client.next().await.is_ok_and(|next| next.is_none()));
}

#[test]
fn table_in_the_docs_is_what_a_client_does() {
    let mut table =
        "| at | attempt | the server | cause | then |\n|---|---|---|---|---|\n".to_owned();
    for servers in SERVERS {
        if !table.ends_with("---|\n") {
            table += "| | | | | |\n";
        }
        let clock = ManualClock::new();
        run_on(&clock, rows(&clock, servers, &mut table));
    }
    let path = support::repository().join("src/client/reconnect/table.md");
    if env::var_os("UPDATE").is_some() {
        fs::write(path, table).unwrap();
        return;
    }
    let written = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert_eq!(
        table, written,
        "stale; write it with: UPDATE=1 cargo test --all-features --test reconnect table"
    );
}
