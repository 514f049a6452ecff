//! Batches on many connections, each sent after the echo of the previous one.

use std::time::{Duration, Instant};

use crate::clients::Clients;
use crate::round::{self, Round};
use crate::{Arguments, Failure, Target};

pub fn measure(arguments: &Arguments) -> Result<String, Failure> {
    round::measure(arguments, arguments.depth, run)
}

/// Sends no batch after `duration`, and waits for the pending echoes.
fn run(_: &Target, clients: &mut Clients, duration: Duration) -> Result<Round, Failure> {
    let mut round = Round::default();
    let begun = Instant::now();
    let mut sent = vec![begun; clients.len()];
    for index in 0..clients.len() {
        clients.send(index)?;
    }
    let (mut under_way, mut back) = (clients.len(), Vec::new());
    while under_way > 0 {
        clients.wait(&mut back)?;
        for &index in &back {
            let now = Instant::now();
            round.trips.push(now - sent[index]);
            if now - begun < duration {
                sent[index] = now;
                clients.send(index)?;
            } else {
                under_way -= 1;
            }
        }
    }
    round.took = begun.elapsed();
    Ok(round)
}
