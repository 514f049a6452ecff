//! Batches from one client to all, itself included; the next when all have received it.

use std::time::{Duration, Instant};

use crate::clients::Clients;
use crate::round::{self, Round};
use crate::{Arguments, Failure, Target};

/// Each delivery of a message counts.
pub fn measure(arguments: &Arguments) -> Result<String, Failure> {
    round::measure(arguments, arguments.depth * arguments.connections, run)
}

/// Publishes once or more, for `duration`.
pub fn run(_: &Target, clients: &mut Clients, duration: Duration) -> Result<Round, Failure> {
    let mut round = Round::default();
    let mut back = Vec::new();
    let begun = Instant::now();
    while round.trips.is_empty() || begun.elapsed() < duration {
        let sent = Instant::now();
        for index in 1..clients.len() {
            clients.expect(index);
        }
        clients.send(0)?;
        let mut missing = clients.len();
        while missing > 0 {
            clients.wait(&mut back)?;
            missing -= back.len();
        }
        round.trips.push(sent.elapsed());
    }
    round.took = begun.elapsed();
    Ok(round)
}
