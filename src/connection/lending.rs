//! What adapters borrow of a connection, and give back: output that is written while the connection is in use, and events that came
//! while something else was waited for.

use super::{Connection, Event, Output};

impl Connection {
    /// Keeps an event for the application that came while something else was waited for. Not the last one.
    pub(crate) fn put_back(&mut self, event: Event) {
        self.early.get_or_insert_default().push_back(event);
    }

    /// Takes the output out, to be written while the connection is in use: what then could not be written is to be
    /// [`restore`](Self::restore)d.
    pub(crate) fn take_output(&mut self) -> Output {
        self.output();
        self.lent = self.output.len();
        core::mem::take(&mut self.output)
    }

    /// Puts what was not written before everything that was queued meanwhile.
    pub(crate) fn restore(&mut self, unwritten: Output) {
        self.lent = 0;
        self.output.prepend(unwritten);
    }
}
