//! Batches from one client to all, itself among them; the next when the last one has all of it.

use std::thread;
use std::time::{Duration, Instant};

use crate::clients::Clients;
use crate::round::{self, Round};
use crate::{Arguments, Failure};

/// A message counts as often as it is delivered.
pub fn measure(arguments: &Arguments) -> Result<String, Failure> {
    let mut clients = Clients::open(arguments)?;
    if arguments.raw {
        // Without a handshake nothing tells that the server has all of them.
        thread::sleep(Duration::from_millis(500));
    }
    round::measure(arguments, arguments.depth * arguments.connections, |duration| run(&mut clients, duration))
}

fn run(clients: &mut Clients, duration: Duration) -> Result<Round, Failure> {
    let mut trips = round::trips();
    let mut back = Vec::new();
    let begun = Instant::now();
    while trips.is_empty() || begun.elapsed() < duration {
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
        trips.push(sent.elapsed());
    }
    Ok(Round { trips, took: begun.elapsed() })
}
