//! Answers that wait for the store: a connection takes a place for the answer, and one for the job,
//! before it submits a message, so that neither the store nor the broker waits for a connection.

use std::time::Duration;

use sansocket::hyper::Sender;
use sansocket::{CloseCode, CloseFrame, Error, Message};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::journal::{Journal, Slot};
use crate::room::Room;

/// The maximum number of answers that wait. A connection that has reached it is not read.
const OUTBOX: usize = 256;

/// How long a message waits for its places, and an update of the document for its turn.
pub(crate) const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);

/// The message that a connection sends after a commit, or `None` if that failed.
pub(crate) type Answer = Option<Message>;

/// Places for answers.
pub(crate) type Outbox = mpsc::Sender<Answer>;

/// A place for one answer.
pub(crate) type Place = mpsc::OwnedPermit<Answer>;

pub(crate) fn outbox() -> (Outbox, mpsc::Receiver<Answer>) {
    mpsc::channel(OUTBOX)
}

/// Waits for the places of one message. `None` if there are none: the connection is closed.
pub(crate) async fn places<'a>(
    room: &mut Room,
    outbox: &Outbox,
    journal: &'a Journal,
) -> Option<(Place, Slot<'a>)> {
    let places = async { (outbox.clone().reserve_owned().await, journal.slot().await) };
    match timeout(QUEUE_TIMEOUT, places).await {
        Ok((Ok(answer), Some(slot))) => return Some((answer, slot)),
        Ok(_) => room.close(CloseCode::GOING_AWAY, "the hub ends"),
        Err(_) => room.close(CloseCode::TRY_AGAIN_LATER, "too much waits to be stored"),
    }
    None
}

/// Sends the answers. Closes the connection if the store failed.
pub(crate) async fn deliver(
    mut answers: mpsc::Receiver<Answer>,
    sender: &Sender,
) -> Result<(), Error> {
    while let Some(answer) = answers.recv().await {
        match answer {
            Some(message) => sender.send(message).await?,
            None => {
                let reason = "the hub can't store anything now; connect again later";
                sender.try_close_with(CloseFrame::truncated(CloseCode::INTERNAL_ERROR, reason));
            }
        }
    }
    Ok(())
}
