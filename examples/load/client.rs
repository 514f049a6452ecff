//! One of the connections: it is opened when its turn comes, sends when it is due, and records what
//! arrives.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sansocket::tokio::{MaybeTlsStream, Receiver, Sender};
use sansocket::{CloseCode, Error, TlsError};
use tokio::time::{Instant, sleep_until};

use crate::counts::Counts;
use crate::run::{Phase, Phases, Run};
use crate::unanswered::Unanswered;

/// How late the runtime's timer may be. A message that is later was held up, and its time counts
/// from when it was due.
const TIMER_TOLERANCE: Duration = Duration::from_millis(2);
/// How long answers are waited for after the last message.
pub(crate) const LAST_ANSWERS: Duration = Duration::from_secs(1);

pub(crate) struct Client {
    pub(crate) run: Arc<Run>,
    pub(crate) number: usize,
    pub(crate) phases: Phases,
    pub(crate) unanswered: Arc<Unanswered>,
}

impl Client {
    pub(crate) async fn run(mut self) {
        sleep_until(self.run.turn(self.number)).await;
        let (run, began) = (Arc::clone(&self.run), Instant::now());
        let opened = match run.request(self.number) {
            Ok(request) => run.connector.connect(&request).await,
            Err(error) => return run.counts.opening_failed(&error.to_string()),
        };
        let (sender, receiver) = match opened {
            Ok((socket, _)) => {
                let is_compressed = usize::from(socket.deflate().is_some());
                run.counts.compressed.fetch_add(is_compressed, Ordering::Relaxed);
                socket.split()
            }
            Err(error) => return run.counts.opening_failed(&explain(&error)),
        };
        run.counts.opened(self.number, began.elapsed());
        let ended = if self.number < run.arguments.slow {
            self.read_nothing(&sender).await
        } else {
            let unanswered = Arc::clone(&self.unanswered);
            let phases = self.phases.clone();
            let receiving = receive(&run, self.number, phases, receiver, &unanswered);
            let (sent, received) = tokio::join!(self.send(&sender), receiving);
            sent.and(received)
        };
        let stats = sender.stats();
        Counts::add(&run.counts.bytes_sent, stats.sent.bytes);
        Counts::add(&run.counts.bytes_received, stats.received.bytes);
        Counts::add(&run.counts.payload_sent, stats.sent.payload);
        Counts::add(&run.counts.payload_received, stats.received.payload);
        if let Err(reason) = ended {
            run.counts.connection_lost(&reason);
        }
        self.phases.stopping().await;
        self.count_unanswered();
    }

    /// Counts messages without an answer, with their age as the latency.
    fn count_unanswered(&self) {
        let now = self.run.since_start(Instant::now());
        for sent in self.unanswered.end() {
            self.add_unanswered(now.saturating_sub(sent));
        }
    }

    fn add_unanswered(&self, age: Duration) {
        Counts::add(&self.run.counts.unanswered, 1);
        self.run.counts.latencies.add(self.number, age);
    }

    /// Sends messages until the end of the run, and closes the connection.
    async fn send(&mut self, sender: &Sender<MaybeTlsStream>) -> Result<(), String> {
        let is_stalled = match self.send_all(sender).await {
            Ok(is_stalled) => is_stalled,
            // The receiving half reports the reason.
            Err(Error::Send(_) | Error::ConnectionLost) => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        if self.run.arguments.interval.is_some() {
            give_up(&mut self.phases).await;
        }
        self.count_unanswered();
        if is_stalled {
            // The server does not read: it would not read a Close frame either.
            sender.abort();
        } else {
            // The closing handshake is not measured.
            let _ = sender.close(CloseCode::NORMAL, "").await;
        }
        Ok(())
    }

    /// Returns whether a message could not be sent.
    async fn send_all(&mut self, sender: &Sender<MaybeTlsStream>) -> Result<bool, Error> {
        let run = Arc::clone(&self.run);
        if let Some(first) = &run.arguments.first {
            sender.send(run.fill(first, self.number, 0, Instant::now())).await?;
        }
        let Phase::Sending(start) = self.phases.after(Phase::Opening).await else {
            return Ok(false);
        };
        let Some(interval) = run.arguments.interval else {
            self.phases.after(Phase::Sending(start)).await;
            return Ok(false);
        };
        let turn = interval.mul_f64(self.number as f64 / run.arguments.connections as f64);
        let (mut due, mut n) = (start + turn, 1);
        loop {
            // Messages that were due before the end are sent, in the time for the last answers.
            tokio::select! {
                biased;
                () = sleep_until(due) => {}
                _ = self.phases.after(Phase::Sending(start)) => return Ok(false),
            }
            if self.phases.ended_before(due) {
                return Ok(false);
            }
            let is_late = due.elapsed() > TIMER_TOLERANCE;
            let sent = if is_late { due } else { Instant::now() };
            let message = run.message(self.number, n, sent);
            if run.has_marks() {
                self.unanswered.sent(run.since_start(sent));
            }
            (due, n) = (due + interval, n + 1);
            tokio::select! {
                sent = sender.send(message) => sent?,
                end = give_up(&mut self.phases) => {
                    // Messages that were due meanwhile.
                    while run.has_marks() && due < end {
                        self.add_unanswered(end + LAST_ANSWERS - due);
                        due += interval;
                    }
                    return Ok(true);
                }
            }
            Counts::add(&run.counts.messages_sent, 1);
        }
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

/// The text of an error, with the option of this program that helps.
fn explain(error: &Error) -> String {
    match error {
        Error::Tls(TlsError::UnknownIssuer | TlsError::BadSignature) => {
            "the server's certificate is self-signed, or of a private authority; name a file with \
             it in --ca"
                .to_owned()
        }
        error => error.to_string(),
    }
}

/// Waits for the end of the run, and for the last answers. Returns the time of the end.
async fn give_up(phases: &mut Phases) -> Instant {
    let end = phases.stopping().await;
    sleep_until(end + LAST_ANSWERS).await;
    end
}

/// Receives until the end of the connection, which is an error before the end of the run.
async fn receive(
    run: &Run,
    client: usize,
    mut phases: Phases,
    mut receiver: Receiver<MaybeTlsStream>,
    unanswered: &Unanswered,
) -> Result<(), String> {
    let only_listens = run.arguments.interval.is_none();
    loop {
        match receiver.recv().await {
            // Rates count the time of sending alone; a connection that sends may still get answers.
            Ok(Some(_)) if phases.is_opening() || (only_listens && phases.is_stopping()) => {}
            Ok(Some(message)) => {
                Counts::add(&run.counts.messages_received, 1);
                let measured = run.latency(message.as_bytes());
                match measured {
                    Some((sent, latency)) if unanswered.answered(sent) => {
                        run.counts.latencies.add(client, latency);
                    }
                    None if unanswered.is_waiting() => run.counts.not_answered_by(&message),
                    _ => {}
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
