//! Connections that are opened and closed, one after the other.

use std::time::{Duration, Instant};

use crate::clients::Clients;
use crate::connection::open_and_close;
use crate::round::{self, Round};
use crate::{Arguments, Failure, Target};

pub fn measure(arguments: &Arguments) -> Result<String, Failure> {
    round::measure(arguments, 1, run)
}

/// Opens no connection after `duration`.
fn run(target: &Target, _: &mut Clients, duration: Duration) -> Result<Round, Failure> {
    let mut round = Round::default();
    let begun = Instant::now();
    while round.took < duration || round.trips.is_empty() {
        open_and_close(target)?;
        let took = begun.elapsed();
        round.trips.push(took - round.took);
        round.took = took;
    }
    Ok(round)
}
