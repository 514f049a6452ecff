//! The progress bar: the connections that are opened, then the time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::interval;

use crate::counts::{Counts, get};
use crate::run::{Phase, Run};

const PERIOD: Duration = Duration::from_millis(100);
/// Steps of the bar.
const STEPS: u64 = 1000;

pub(crate) struct Progress {
    run: Arc<Run>,
    drawing: JoinHandle<()>,
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn of(run: Arc<Run>, phase: watch::Receiver<Phase>) -> Self {
        let style = "{elapsed_precise} {wide_bar} {msg}";
        let style = ProgressStyle::with_template(style).expect("a template that is right");
        let bar = ProgressBar::new(STEPS).with_style(style);
        let drawing = tokio::spawn(draw(bar.clone(), Arc::clone(&run), phase));
        Self { run, drawing, bar }
    }

    /// Waits until the counts satisfy a condition.
    pub(crate) async fn until(&self, condition: impl Fn(&Counts) -> bool) {
        let mut ticks = interval(PERIOD / 10);
        while !condition(&self.run.counts) {
            ticks.tick().await;
        }
    }

    pub(crate) async fn end(self) {
        self.drawing.abort();
        // The task holds a reference to the run, which the caller needs alone.
        let _ = self.drawing.await;
        self.bar.finish_and_clear();
    }
}

async fn draw(bar: ProgressBar, run: Arc<Run>, phase: watch::Receiver<Phase>) {
    let mut ticks = interval(PERIOD);
    loop {
        ticks.tick().await;
        let counts = &run.counts;
        let (sent, received) = (&counts.messages_sent, &counts.messages_received);
        let (sent, received) = (sent.load(Ordering::Relaxed), received.load(Ordering::Relaxed));
        let (open, failed, lost) = (get(&counts.open), get(&counts.failed), get(&counts.lost));
        let connections = run.arguments.connections;
        let part = match *phase.borrow() {
            Phase::Opening => (open + failed) as f64 / connections as f64,
            Phase::Sending(start) => passed(start.elapsed(), run.arguments.duration),
            Phase::Stopping(_) => 1.0,
        };
        bar.set_position((part * STEPS as f64) as u64);
        bar.set_message(format!(
            "{}/{connections} open, {failed} failed, {lost} lost, {sent} sent, {received} received",
            open - lost,
        ));
    }
}

/// The part of the time that has passed.
fn passed(elapsed: Duration, duration: Duration) -> f64 {
    if elapsed >= duration { 1.0 } else { elapsed.as_secs_f64() / duration.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_moves_with_the_time_of_sending() {
        let seconds = Duration::from_secs;
        let rows = [(0, 10, 0.0), (4, 10, 0.4), (11, 10, 1.0), (0, 0, 1.0)];
        for (elapsed, duration, part) in rows {
            assert_eq!(passed(seconds(elapsed), seconds(duration)), part);
        }
    }
}
