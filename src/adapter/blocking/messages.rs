//! The messages of a blocking connection, as an iterator.

use std::iter;

use super::receive::Receive;
use crate::adapter::Error;
use crate::message::Message;

/// Ends after a clean end, or after the first error, except a timeout that loses nothing: as the
/// `Stream` of an async connection does.
pub(super) fn messages<R: Receive>(
    receiver: &mut R,
) -> impl Iterator<Item = Result<Message, Error>> + use<'_, R> {
    let mut has_ended = false;
    iter::from_fn(move || {
        if has_ended {
            return None;
        }
        let received = receiver.recv(None);
        has_ended = Error::ends_messages(&received);
        received.transpose()
    })
}
