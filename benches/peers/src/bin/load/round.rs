//! The server's CPU time, messages per second, and the latency of a batch; in turn with the
//! baseline, if there is one; over TLS, also the records that it sends.
//!
//! A slice begins and ends without messages in flight, so its CPU time is that of the counted
//! messages. Slices of a server and its baseline alternate, and are short: the machine's speed is
//! the same for both.

use std::time::Duration;

use crate::clients::Clients;
use crate::{Arguments, Failure, Target};

/// Long enough that cold caches after the other's slice have no effect.
const SLICE: Duration = Duration::from_millis(25);

#[derive(Default)]
pub struct Round {
    /// The time of each batch, from its first sent byte to its last received byte.
    pub trips: Vec<Duration>,
    pub took: Duration,
}

type Run = fn(&Target, &mut Clients, Duration) -> Result<Round, Failure>;

/// Measures after a warm-up. A batch has `depth` messages.
pub fn measure(arguments: &Arguments, messages: usize, run: Run) -> Result<String, Failure> {
    let mut side = Side::open(arguments, &arguments.target, run)?;
    let mut floor =
        arguments.floor.as_ref().map(|floor| Side::open(arguments, floor, run)).transpose()?;
    let mut left = arguments.duration;
    let mut times = Vec::new();
    loop {
        let slice = left.min(SLICE);
        let baseline = floor.as_mut().map(|floor| floor.turn(slice)).transpose()?;
        let cost = side.turn(slice)?;
        times.extend(baseline.map(|floor| cost / floor));
        left -= slice;
        if left.is_zero() {
            break;
        }
    }

    // The median: a slice in which another process used the processor is an outlier.
    times.sort_unstable_by(f64::total_cmp);
    let times = times.get(times.len() / 2).map_or("null".into(), |times| format!("{times:.4}"));
    let (cost, busy) = (side.cost(messages), side.cpu.as_secs_f64() / side.all.took.as_secs_f64());
    let records = side.records(messages).map_or("null".into(), |records| format!("{records:.4}"));
    let floor = floor.map_or("null".into(), |floor| format!("{:.4}", floor.cost(messages)));
    let Round { mut trips, took } = side.all;
    trips.sort_unstable();
    let trip = |share: f64| trips[(trips.len() as f64 * share) as usize].as_secs_f64() * 1e6;
    let messages = trips.len() * messages;
    Ok(format!(
        r#"{{"messages": {messages}, "cpu_us": {cost:.4}, "floor_us": {floor}, "times": {times}, "per_second": {:.1}, "p50_us": {:.2}, "p99_us": {:.2}, "busy": {busy:.3}, "records": {records}}}"#,
        messages as f64 / took.as_secs_f64(),
        trip(0.5),
        trip(0.99),
    ))
}

/// A measured server, and the sum of its slices.
struct Side<'a> {
    target: &'a Target,
    clients: Clients,
    run: Run,
    all: Round,
    cpu: Duration,
    /// Those of the handshakes and the warm-up.
    records_before: Option<u64>,
}

impl<'a> Side<'a> {
    fn open(arguments: &Arguments, target: &'a Target, run: Run) -> Result<Self, Failure> {
        let mut clients = Clients::open(arguments, target)?;
        run(target, &mut clients, arguments.warmup)?;
        // Room for all samples, so that no allocation is measured.
        let all = Round { trips: Vec::with_capacity(1 << 20), took: Duration::ZERO };
        let records_before = clients.records();
        Ok(Self { target, clients, run, all, cpu: Duration::ZERO, records_before })
    }

    /// The CPU time of a batch in this slice, in seconds.
    fn turn(&mut self, slice: Duration) -> Result<f64, Failure> {
        let before = self.target.process.cpu()?;
        let round = (self.run)(self.target, &mut self.clients, slice)?;
        let cpu = self.target.process.cpu()? - before;
        let cost = cpu.as_secs_f64() / round.trips.len() as f64;
        self.cpu += cpu;
        self.all.trips.extend(round.trips);
        self.all.took += round.took;
        Ok(cost)
    }

    /// TLS records for a message.
    fn records(&self, messages: usize) -> Option<f64> {
        let records = self.clients.records()? - self.records_before?;
        Some(records as f64 / (self.all.trips.len() * messages) as f64)
    }

    /// µs for a message.
    fn cost(&self, messages: usize) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / (self.all.trips.len() * messages) as f64
    }
}
