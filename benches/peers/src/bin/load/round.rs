//! Time on the server's processor, messages a second, and how long a batch takes.
//!
//! A round begins and ends with nothing in flight, so what the server used is for the messages counted.

use std::time::Duration;

use crate::{Arguments, Failure};

pub struct Round {
    /// How long each batch took from its first byte out to its last byte back.
    pub trips: Vec<Duration>,
    pub took: Duration,
}

/// Room for all trips of a round, so that none waits for memory.
pub fn trips() -> Vec<Duration> {
    Vec::with_capacity(1 << 20)
}

/// Measures one round after a round that warms up. In a batch are so many messages.
pub fn measure(
    arguments: &Arguments,
    messages: usize,
    mut run: impl FnMut(Duration) -> Result<Round, Failure>,
) -> Result<String, Failure> {
    run(arguments.warmup)?;
    let before = arguments.server.cpu()?;
    let mut round = run(arguments.duration)?;
    let cpu = arguments.server.cpu()? - before;

    round.trips.sort_unstable();
    let messages = round.trips.len() * messages;
    let trip = |share: f64| round.trips[(round.trips.len() as f64 * share) as usize].as_secs_f64() * 1e6;
    Ok(format!(
        r#"{{"messages": {messages}, "cpu_us": {:.4}, "per_second": {:.1}, "p50_us": {:.2}, "p99_us": {:.2}, "busy": {:.3}}}"#,
        cpu.as_secs_f64() * 1e6 / messages as f64,
        messages as f64 / round.took.as_secs_f64(),
        trip(0.5),
        trip(0.99),
        cpu.as_secs_f64() / round.took.as_secs_f64(),
    ))
}
