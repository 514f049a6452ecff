//! The results as text, and whether they are within the thresholds.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::arguments::Arguments;
use crate::counts::get;
use crate::run::Run;

pub(crate) struct Report {
    connections: usize,
    open: usize,
    failed: usize,
    lost: usize,
    reasons: Vec<(String, usize)>,
    messages: [u64; 2],
    /// Those of the time of sending: answers may come later.
    in_time: [u64; 2],
    /// `None` if answers are not expected.
    unanswered: Option<u64>,
    no_answer: Option<String>,
    bytes: [u64; 2],
    payload: [u64; 2],
    /// `None` without `--deflate`.
    compressed: Option<usize>,
    opening: Duration,
    sending: Duration,
    openings: Histogram<u64>,
    pub(crate) latencies: Histogram<u64>,
}

const PERCENTILES: [f64; 6] = [0.0, 50.0, 90.0, 99.0, 99.9, 100.0];
/// The first row of the histogram ends at this latency, in microseconds; each row doubles it.
const FIRST_ROW: u64 = 125;
const BAR: u64 = 50;

impl Report {
    pub(crate) fn of(run: &Run) -> Self {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &run.counts;
        let is_answered = run.arguments.interval.is_some() && run.has_marks();
        Self {
            connections: run.arguments.connections,
            open: get(&counts.open),
            failed: get(&counts.failed),
            lost: get(&counts.lost),
            reasons: counts.reasons(),
            messages: [load(&counts.messages_sent), load(&counts.messages_received)],
            in_time: run.in_time,
            unanswered: is_answered.then(|| load(&counts.unanswered)),
            no_answer: counts.no_answer.get().cloned(),
            bytes: [load(&counts.bytes_sent), load(&counts.bytes_received)],
            payload: [load(&counts.payload_sent), load(&counts.payload_received)],
            compressed: run.arguments.deflate.then(|| get(&counts.compressed)),
            opening: run.opening,
            sending: run.sending,
            openings: counts.openings.all(),
            latencies: counts.latencies.all(),
        }
    }

    /// The thresholds that were not kept, in words.
    pub(crate) fn exceeded(&self, arguments: &Arguments) -> Vec<String> {
        let mut exceeded = Vec::new();
        let failures = self.connections - self.open + self.lost;
        if failures > arguments.max_failures {
            exceeded.push(format!("{failures} connections failed or were lost"));
        }
        exceeded.extend(self.without_answers());
        let limits = [("p50", 50.0, arguments.max_p50), ("p99", 99.0, arguments.max_p99)];
        for (name, percentile, limit) in limits {
            let Some(limit) = limit else { continue };
            let value = Duration::from_micros(self.latencies.value_at_percentile(percentile));
            if self.latencies.is_empty() {
                exceeded.push(format!("no latency was measured, for --max-{name}"));
            } else if value > limit {
                exceeded.push(format!("{name} is {value:?}, above {limit:?}"));
            }
        }
        exceeded
    }

    /// The remedy, if there was a server, and it answered nothing.
    fn without_answers(&self) -> Option<String> {
        let unanswered = self.unanswered.filter(|count| *count > 0)?;
        if self.open == self.lost || unanswered < self.latencies.len() {
            return None;
        }
        Some(match &self.no_answer {
            Some(message) => format!(
                "no message was answered: what arrived has the mark of none (see {{mark}} in \
                 --help). The first is: {message}"
            ),
            None => "no message was answered, and nothing arrived: does the server echo? See \
                     --message, and --rate 0, in --help"
                .to_owned(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { open, failed, lost, opening, sending, .. } = self;
        let [sent, received] = self.messages;
        let per_second = |count: u64| count as f64 / sending.as_secs_f64().max(1e-3);
        writeln!(f, "connections  {open} opened in {opening:.1?}, {failed} failed, {lost} lost")?;
        for (reason, count) in &self.reasons {
            writeln!(f, "             {count} × {reason}")?;
        }
        writeln!(f, "messages     {sent} sent, {received} received in {sending:.1?}")?;
        if let Some(unanswered) = self.unanswered {
            writeln!(f, "unanswered   {unanswered}, in the latencies with their age at the end")?;
        }
        let [sent, received] = self.in_time.map(per_second);
        writeln!(f, "a second     {sent:.0} sent, {received:.0} received")?;
        let [sent, received] = self.bytes;
        writeln!(f, "wire bytes   {sent} sent, {received} received, without TLS and TCP")?;
        if let Some(compressed) = self.compressed {
            let [sent, received] = self.payload;
            write!(
                f,
                "compression  agreed on by {compressed} of {open} connections; uncompressed "
            )?;
            writeln!(f, "{sent} bytes sent, {received} received")?;
        }
        percentiles(f, "opening", &self.openings)?;
        percentiles(f, "latency", &self.latencies)?;
        histogram(f, &self.latencies)
    }
}

fn percentiles(f: &mut fmt::Formatter<'_>, name: &str, times: &Histogram<u64>) -> fmt::Result {
    write!(f, "{name:<12}")?;
    if times.is_empty() {
        return writeln!(f, " not measured");
    }
    for percentile in PERCENTILES {
        let name = match percentile {
            0.0 => "min".to_owned(),
            100.0 => "max".to_owned(),
            percentile => format!("p{percentile}"),
        };
        write!(f, " {name} {}", millis(times.value_at_percentile(percentile)))?;
    }
    writeln!(f)
}

/// A row for each doubling of the latency.
fn histogram(f: &mut fmt::Formatter<'_>, times: &Histogram<u64>) -> fmt::Result {
    let (mut rows, mut end) = (Vec::new(), FIRST_ROW);
    let mut begin = 0;
    while !times.is_empty() && begin <= times.max() {
        rows.push((end, times.count_between(begin, end - 1)));
        (begin, end) = (end, end * 2);
    }
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let is_used = |(_, count): &&(u64, u64)| *count == 0;
    for (end, count) in rows.iter().skip(rows.iter().take_while(is_used).count()) {
        let bar = "█".repeat((count * BAR).div_ceil(most.max(1)) as usize);
        writeln!(f, "    < {:>9} {count:>10} {bar}", millis(*end))?;
    }
    Ok(())
}

fn millis(micros: u64) -> String {
    let millis = micros as f64 / 1e3;
    match millis {
        ..10.0 => format!("{millis:.2}ms"),
        ..1000.0 => format!("{millis:.0}ms"),
        _ => format!("{:.1}s", millis / 1e3),
    }
}
