//! Time on the server's processor, messages a second, and how long a batch takes; in turn with the
//! floor, if there is one.
//!
//! A slice begins and ends with nothing in flight, so what the server used is for the messages
//! counted. Slices of a server and of its floor are so short, and follow each other so closely,
//! that the machine has the same pace for both.

use std::thread;
use std::time::Duration;

use crate::clients::Clients;
use crate::{Arguments, Failure, Target};

/// Long enough for what the other left in the caches not to count.
const SLICE: Duration = Duration::from_millis(25);

#[derive(Default)]
pub struct Round {
    /// How long each batch took from its first byte out to its last byte back.
    pub trips: Vec<Duration>,
    pub took: Duration,
}

type Run = fn(&mut Clients, Duration) -> Result<Round, Failure>;

/// Measures after warming up. In a batch are so many messages.
pub fn measure(arguments: &Arguments, messages: usize, run: Run) -> Result<String, Failure> {
    let mut side = Side::open(arguments, &arguments.target, run)?;
    let mut floor =
        arguments.floor.as_ref().map(|floor| Side::open(arguments, floor, run)).transpose()?;
    let mut left = arguments.duration;
    let mut times = Vec::new();
    loop {
        let slice = left.min(SLICE);
        let beside = floor.as_mut().map(|floor| floor.turn(slice)).transpose()?;
        let cost = side.turn(slice)?;
        times.extend(beside.map(|floor| cost / floor));
        left -= slice;
        if left.is_zero() {
            break;
        }
    }

    // The middle of them: when something else gets the processor in a slice, it is one of the
    // others.
    times.sort_unstable_by(f64::total_cmp);
    let times = times.get(times.len() / 2).map_or("null".into(), |times| format!("{times:.4}"));
    let (cost, busy) = (side.cost(messages), side.cpu.as_secs_f64() / side.all.took.as_secs_f64());
    let floor = floor.map_or("null".into(), |floor| format!("{:.4}", floor.cost(messages)));
    let Round { mut trips, took } = side.all;
    trips.sort_unstable();
    let trip = |share: f64| trips[(trips.len() as f64 * share) as usize].as_secs_f64() * 1e6;
    let messages = trips.len() * messages;
    Ok(format!(
        r#"{{"messages": {messages}, "cpu_us": {cost:.4}, "floor_us": {floor}, "times": {times}, "per_second": {:.1}, "p50_us": {:.2}, "p99_us": {:.2}, "busy": {busy:.3}}}"#,
        messages as f64 / took.as_secs_f64(),
        trip(0.5),
        trip(0.99),
    ))
}

/// A server that is measured, and the sum of its slices.
struct Side<'a> {
    target: &'a Target,
    clients: Clients,
    run: Run,
    all: Round,
    cpu: Duration,
}

impl<'a> Side<'a> {
    fn open(arguments: &Arguments, target: &'a Target, run: Run) -> Result<Self, Failure> {
        let mut clients = Clients::open(arguments, target)?;
        if target.raw {
            // Without a handshake nothing tells that the server has all of them.
            thread::sleep(
                Duration::from_millis(50)
                    + Duration::from_micros(200) * u32::try_from(arguments.connections)?,
            );
        }
        run(&mut clients, arguments.warmup)?;
        // Room for all trips, so that none waits for memory.
        let all = Round { trips: Vec::with_capacity(1 << 20), took: Duration::ZERO };
        Ok(Self { target, clients, run, all, cpu: Duration::ZERO })
    }

    /// What a batch cost in this slice, in seconds.
    fn turn(&mut self, slice: Duration) -> Result<f64, Failure> {
        let before = self.target.process.cpu()?;
        let round = (self.run)(&mut self.clients, slice)?;
        let cpu = self.target.process.cpu()? - before;
        let cost = cpu.as_secs_f64() / round.trips.len() as f64;
        self.cpu += cpu;
        self.all.trips.extend(round.trips);
        self.all.took += round.took;
        Ok(cost)
    }

    /// µs for a message.
    fn cost(&self, messages: usize) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / (self.all.trips.len() * messages) as f64
    }
}
