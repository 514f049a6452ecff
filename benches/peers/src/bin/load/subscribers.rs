//! Messages from one client to as many as the system allows: the server's memory for a subscriber,
//! and the time from the first sent byte to the last received byte.

use std::thread;
use std::time::Duration;

use crate::batch::Batch;
use crate::clients::Clients;
use crate::{Arguments, Failure, broadcast, connection, memory};

/// The time without traffic before memory is read, so that the server has freed what it can.
const REST: Duration = Duration::from_secs(1);

pub fn measure(arguments: &Arguments) -> Result<String, Failure> {
    let Arguments { target, connections, .. } = arguments;
    let resident = || -> Result<f64, Failure> {
        thread::sleep(REST);
        Ok(target.process.resident()? as f64)
    };

    // The server's memory that does not depend on connections.
    let batch = Batch::new(arguments.depth, arguments.size, target.raw);
    memory::echo(&mut connection::open(target, 0)?, &batch, &mut [0; 64 * 1024])?;
    let before = resident()?;
    let per_subscriber = |now: f64| (now - before) / *connections as f64;

    let mut clients = Clients::open(arguments, target)?;
    let idle = per_subscriber(resident()?);
    broadcast::run(target, &mut clients, arguments.warmup)?;
    let cpu = target.process.cpu()?;
    let round = broadcast::run(target, &mut clients, arguments.duration)?;
    let cpu = (target.process.cpu()? - cpu).as_secs_f64();
    let after = per_subscriber(resident()?);

    let mut trips: Vec<_> = round.trips.iter().map(Duration::as_secs_f64).collect();
    trips.sort_unstable_by(f64::total_cmp);
    let deliveries = trips.len() * arguments.depth * connections;
    Ok(format!(
        r#"{{"connections": {connections}, "idle": {idle:.0}, "after": {after:.0}, "publishes": {}, "cpu_us": {:.4}, "p50_ms": {:.3}, "max_ms": {:.3}, "busy": {:.3}}}"#,
        trips.len(),
        cpu * 1e6 / deliveries as f64,
        trips[trips.len() / 2] * 1e3,
        trips[trips.len() - 1] * 1e3,
        cpu / round.took.as_secs_f64(),
    ))
}
