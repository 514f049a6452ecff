//! The attempts to connect, by the library's `Reconnect`: several with `--reconnect`, or one.

use std::sync::Arc;
use std::time::Duration;

use sansocket::reconnect::{Cause, Event, Policy, Schedule};
use sansocket::tokio::{Connector, Reconnect, TokioClock};
use sansocket::{ClientRequest, NoEntropy};

use crate::Run;
use crate::status::End;
use crate::terminal::Input;

/// The longest first delay. The library's 5 s are long for a user at a terminal.
const FIRST: Duration = Duration::from_millis(500);
const MAX: Duration = Duration::from_secs(60);

/// Opens the connections of a run.
pub(crate) fn reconnect(
    run: &Arc<Run>,
    connector: Connector,
    request: ClientRequest,
) -> Result<Reconnect, NoEntropy> {
    let run = Arc::clone(run);
    let is_wanted = run.arguments.reconnect;
    let policy =
        Policy::new().delays(FIRST, MAX).retry_if(move |_, retryable| is_wanted && retryable);
    Ok(Reconnect::new(Schedule::new(policy)?, TokioClock::new(), move || {
        let (run, connector, request) = (Arc::clone(&run), connector.clone(), request.clone());
        async move { run.open(&connector, &request).await }
    }))
}

impl Run {
    /// Uses each connection until it ends. Returns the end that is final.
    pub(crate) async fn connections(&self, reconnect: &mut Reconnect, input: &mut Input) -> End {
        let is_wanted = self.arguments.reconnect;
        loop {
            let event = tokio::select! {
                event = reconnect.next_event() => event,
                Some(()) = input.interrupts.recv() => return End::Interrupted,
            };
            match event {
                Ok(Some(Event::Connected { socket, .. })) => {
                    match self.exchange(socket, input).await {
                        End::Closed(closed) if is_wanted && closed.is_retryable() => {
                            reconnect.ended(closed);
                        }
                        End::Lost(error) if is_wanted && error.is_retryable() => {
                            reconnect.ended(error);
                        }
                        end => return end,
                    }
                }
                Ok(Some(Event::Waiting { delay, cause })) => {
                    self.output.status(&format!("{cause}; connecting again in {delay:.1?}"));
                }
                Ok(Some(_)) => {}
                Ok(None) => unreachable!("an end that is final is not reported"),
                Err(given_up) => match given_up.into_cause() {
                    Cause::Error(error) => return End::NotConnected(error),
                    cause => return End::Failed(cause.to_string()),
                },
            }
        }
    }
}
