//! The phases of a run: the connections are opened, send, and are closed.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sansocket::tokio::Connector;
use sansocket::{ClientRequest, Message};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::arguments::Arguments;
use crate::client::{Client, LAST_ANSWERS};
use crate::counts::{Counts, get};
use crate::mark::{Marks, TimeField};
use crate::progress::Progress;
use crate::unanswered::Unanswered;

/// Files that the program has open besides the connections.
const OTHER_FILES: u64 = 50;
/// How long the connections may take to close.
const CLOSING: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Opening,
    /// Messages are sent since this time.
    Sending(Instant),
    /// The run has ended at this time.
    Stopping(Instant),
}

/// The phases, as a connection sees them.
#[derive(Clone)]
pub(crate) struct Phases(watch::Receiver<Phase>);

impl Phases {
    /// Waits for the phase after this one.
    pub(crate) async fn after(&mut self, phase: Phase) -> Phase {
        // The sender is dropped: the run is finished.
        let now = self.0.wait_for(|now| *now != phase).await.map(|now| *now);
        now.unwrap_or_else(|_| Phase::Stopping(Instant::now()))
    }

    /// Waits for the end; returns its time.
    pub(crate) async fn stopping(&mut self) -> Instant {
        loop {
            let phase = *self.0.borrow_and_update();
            if let Phase::Stopping(at) = phase {
                return at;
            }
            self.after(phase).await;
        }
    }

    pub(crate) fn ended_before(&mut self, due: Instant) -> bool {
        matches!(*self.0.borrow_and_update(), Phase::Stopping(end) if end <= due)
    }

    pub(crate) fn is_opening(&mut self) -> bool {
        *self.0.borrow_and_update() == Phase::Opening
    }

    pub(crate) fn is_stopping(&mut self) -> bool {
        matches!(*self.0.borrow_and_update(), Phase::Stopping(_))
    }
}

/// The state that all connections share.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) arguments: Arguments,
    pub(crate) connector: Connector,
    pub(crate) counts: Counts,
    /// How long messages were sent.
    pub(crate) sending: Duration,
    /// Messages that were sent and received in that time.
    pub(crate) in_time: [u64; 2],
    /// How long it took to open the connections.
    pub(crate) opening: Duration,
    marks: Marks,
    time_field: Option<TimeField>,
    start: Instant,
}

impl Run {
    /// Returns the time at which a connection is to be opened.
    pub(crate) fn turn(&self, client: usize) -> Instant {
        let Arguments { ramp, connections, .. } = &self.arguments;
        self.start + ramp.mul_f64(client as f64 / *connections as f64)
    }

    /// The opening request of a connection.
    pub(crate) fn request(
        &self,
        client: usize,
    ) -> Result<ClientRequest, Box<dyn Error + Send + Sync>> {
        self.arguments.request(client, self.marks.run())
    }

    /// A text with its placeholders filled in.
    pub(crate) fn fill(&self, text: &str, client: usize, n: u64, sent: Instant) -> String {
        text.replace("{mark}", &self.marks.mark(sent.duration_since(self.start)))
            .replace("{client}", &client.to_string())
            .replace("{n}", &n.to_string())
            .replace("{run}", self.marks.run())
    }

    /// The next message of a connection.
    pub(crate) fn message(&self, client: usize, n: u64, sent: Instant) -> Message {
        if let Some(text) = &self.arguments.message {
            return self.fill(text, client, n, sent).into();
        }
        let mut text = self.marks.mark(sent.duration_since(self.start));
        text.extend(std::iter::repeat_n('x', self.arguments.size - text.len()));
        if self.arguments.binary { text.into_bytes().into() } else { text.into() }
    }

    /// Whether messages have a mark by which their answer is known.
    pub(crate) fn has_marks(&self) -> bool {
        let is_marked = |text: &String| text.contains("{mark}");
        self.time_field.is_none() && self.arguments.message.as_ref().is_none_or(is_marked)
    }

    pub(crate) fn since_start(&self, at: Instant) -> Duration {
        at.duration_since(self.start)
    }

    /// Returns when a message was sent, and its latency.
    pub(crate) fn latency(&self, message: &[u8]) -> Option<(Duration, Duration)> {
        let (now, sent) = match &self.time_field {
            Some(field) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
                (now, field.find(message)?)
            }
            None => (self.start.elapsed(), self.marks.find(message)?),
        };
        Some((sent, now.saturating_sub(sent)))
    }
}

/// Runs until the end, or Ctrl-C.
pub(crate) async fn run(arguments: Arguments) -> Result<Run, Box<dyn Error + Send + Sync>> {
    raise_open_files(arguments.connections)?;
    let (connections, duration) = (arguments.connections, arguments.duration);
    let unix = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let run = Arc::new(Run {
        connector: arguments.connector()?,
        counts: Counts::new(),
        sending: Duration::ZERO,
        in_time: [0; 2],
        opening: Duration::ZERO,
        marks: Marks::new(unix.subsec_nanos() ^ std::process::id()),
        time_field: arguments.time_field.as_deref().map(TimeField::new),
        start: Instant::now(),
        arguments,
    });
    let (phase, phases) = watch::channel(Phase::Opening);
    let mut clients = JoinSet::new();
    for number in 0..connections {
        let phases = Phases(phases.clone());
        let unanswered = Arc::new(Unanswered::new());
        let client = Client { run: Arc::clone(&run), number, phases, unanswered };
        clients.spawn(client.run());
    }
    let progress = Progress::of(Arc::clone(&run), phases);
    let phases = async {
        let is_settled = |counts: &Counts| get(&counts.open) + get(&counts.failed) == connections;
        let is_over = |counts: &Counts| get(&counts.failed) + get(&counts.lost) == connections;
        progress.until(is_settled).await;
        phase.send_replace(Phase::Sending(Instant::now()));
        tokio::select! {
            () = sleep(duration) => {}
            () = progress.until(is_over) => {}
        }
    };
    tokio::select! {
        () = phases => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    let (opening, sending) = match phase.send_replace(Phase::Stopping(Instant::now())) {
        Phase::Sending(start) => (run.since_start(start), start.elapsed()),
        _ => (run.start.elapsed(), Duration::ZERO),
    };
    let in_time = [&run.counts.messages_sent, &run.counts.messages_received]
        .map(|count| count.load(Ordering::Relaxed));
    let closed = async { while clients.join_next().await.is_some() {} };
    let _ = timeout(LAST_ANSWERS + CLOSING, closed).await;
    clients.shutdown().await;
    progress.end().await;
    let run = Arc::into_inner(run).ok_or("a connection is still counted")?;
    Ok(Run { opening, sending, in_time, ..run })
}

fn raise_open_files(connections: usize) -> Result<(), String> {
    let needed = connections as u64 + OTHER_FILES;
    match rlimit::increase_nofile_limit(needed) {
        Ok(limit) if limit >= needed => Ok(()),
        Ok(limit) => Err(format!(
            "{connections} connections need {needed} open files, and {limit} are allowed; see \
             `ulimit -Hn`"
        )),
        Err(error) => Err(format!("the number of open files can't be raised: {error}")),
    }
}
