//! The progress bar: connections while they are opened, then messages.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;
use tokio::time::interval;

use crate::counts::{Counts, get};
use crate::run::Run;

const PERIOD: Duration = Duration::from_millis(100);

pub(crate) struct Progress {
    run: Arc<Run>,
    drawing: JoinHandle<()>,
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn of(run: Arc<Run>) -> Self {
        let style = "{elapsed_precise} {wide_bar} {pos}/{len} open  {msg}";
        let style = ProgressStyle::with_template(style).expect("a template that is right");
        let bar = ProgressBar::new(run.arguments.connections as u64).with_style(style);
        let drawing = tokio::spawn(draw(bar.clone(), Arc::clone(&run)));
        Self { run, drawing, bar }
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, condition: impl Fn(&Counts) -> bool) {
        let mut ticks = interval(PERIOD / 10);
        while !condition(&self.run.counts) {
            ticks.tick().await;
        }
    }

    pub(crate) async fn end(self) {
        self.drawing.abort();
        // Its end is waited for: the task has a share of the run.
        let _ = self.drawing.await;
        self.bar.finish_and_clear();
    }
}

async fn draw(bar: ProgressBar, run: Arc<Run>) {
    let mut ticks = interval(PERIOD);
    loop {
        ticks.tick().await;
        let counts = &run.counts;
        let (sent, received) = (&counts.messages_sent, &counts.messages_received);
        let (sent, received) = (sent.load(Ordering::Relaxed), received.load(Ordering::Relaxed));
        bar.set_position((get(&counts.open) - get(&counts.lost)) as u64);
        bar.set_message(format!(
            "{} failed, {} lost, {sent} sent, {received} received",
            get(&counts.failed),
            get(&counts.lost),
        ));
    }
}
