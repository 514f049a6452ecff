//! One of the connections: it is opened when its turn comes, sends when it is due, and records what
//! arrives.

use std::sync::Arc;
use std::time::Duration;

use sansocket::tokio::{MaybeTlsStream, Receiver, Sender};
use sansocket::{CloseCode, Error};
use tokio::time::{Instant, interval_at, sleep, sleep_until};

use crate::counts::Counts;
use crate::run::{Phase, Phases, Run};

/// How late the runtime's timer may be. A message that is later was held up, and its time counts
/// from when it was due.
const TIMER_TOLERANCE: Duration = Duration::from_millis(2);
/// How long answers are waited for after the last message.
pub(crate) const LAST_ANSWERS: Duration = Duration::from_secs(1);

pub(crate) struct Client {
    pub(crate) run: Arc<Run>,
    pub(crate) number: usize,
    pub(crate) phases: Phases,
}

impl Client {
    pub(crate) async fn run(mut self) {
        sleep_until(self.run.turn(self.number)).await;
        let (run, began) = (Arc::clone(&self.run), Instant::now());
        let opened = match run.arguments.request(self.number) {
            Ok(request) => run.connector.connect(&request).await,
            Err(error) => return run.counts.opening_failed(&error.to_string()),
        };
        let (sender, receiver) = match opened {
            Ok((socket, _)) => socket.split(),
            Err(error) => return run.counts.opening_failed(&error.to_string()),
        };
        run.counts.opened(self.number, began.elapsed());
        let ended = if self.number < run.arguments.slow {
            self.read_nothing(&sender).await
        } else {
            let receiving = receive(&run, self.number, self.phases.clone(), receiver);
            let (sent, received) = tokio::join!(self.send(&sender), receiving);
            sent.and(received)
        };
        let stats = sender.stats();
        Counts::add(&run.counts.bytes_sent, stats.sent.bytes);
        Counts::add(&run.counts.bytes_received, stats.received.bytes);
        if let Err(reason) = ended {
            run.counts.connection_lost(&reason);
        }
    }

    /// Sends messages until the end of the run, and closes the connection.
    async fn send(&mut self, sender: &Sender<MaybeTlsStream>) -> Result<(), String> {
        match self.send_all(sender).await {
            Ok(()) => {}
            // The half that receives knows the reason.
            Err(Error::Send(_) | Error::ConnectionLost) => return Ok(()),
            Err(error) => return Err(error.to_string()),
        }
        sleep(LAST_ANSWERS).await;
        // How it is closed is not measured.
        let _ = sender.close(CloseCode::NORMAL, "").await;
        Ok(())
    }

    async fn send_all(&mut self, sender: &Sender<MaybeTlsStream>) -> Result<(), Error> {
        let run = Arc::clone(&self.run);
        if let Some(first) = &run.arguments.first {
            sender.send(run.fill(first, self.number, 0, Instant::now())).await?;
        }
        let Phase::Sending(start) = self.phases.after(Phase::Opening).await else { return Ok(()) };
        let Some(interval) = run.arguments.interval else {
            self.phases.after(Phase::Sending(start)).await;
            return Ok(());
        };
        let turn = interval.mul_f64(self.number as f64 / run.arguments.connections as f64);
        let mut ticks = interval_at(start + turn, interval);
        for n in 1.. {
            let due = tokio::select! {
                due = ticks.tick() => due,
                _ = self.phases.after(Phase::Sending(start)) => break,
            };
            let is_late = due.elapsed() > TIMER_TOLERANCE;
            let message = run.message(self.number, n, if is_late { due } else { Instant::now() });
            sender.send(message).await?;
            Counts::add(&run.counts.messages_sent, 1);
        }
        Ok(())
    }

    /// Stays open, and lets the server's output pile up.
    async fn read_nothing(&mut self, sender: &Sender<MaybeTlsStream>) -> Result<(), String> {
        if let Some(first) = &self.run.arguments.first {
            let message = self.run.fill(first, self.number, 0, Instant::now());
            sender.send(message).await.map_err(|error| error.to_string())?;
        }
        self.phases.stopping().await;
        sender.abort();
        Ok(())
    }
}

/// Receives until the end, which is an error before the end of the run.
async fn receive(
    run: &Run,
    client: usize,
    mut phases: Phases,
    mut receiver: Receiver<MaybeTlsStream>,
) -> Result<(), String> {
    loop {
        match receiver.recv().await {
            Ok(Some(message)) => {
                Counts::add(&run.counts.messages_received, 1);
                if let Some(latency) = run.latency(message.as_bytes()) {
                    run.counts.latencies.add(client, latency);
                }
            }
            _ if phases.is_stopping() => return Ok(()),
            Ok(None) => {
                let closed = receiver.closed().map(|closed| closed.to_string());
                return Err(closed.unwrap_or_else(|| "closed".to_owned()));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}
