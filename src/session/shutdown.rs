//! The shutdown sequence of the stream, after the closing handshake: RFC 6455 §7.1.1.
//!
//! | step              | action                         | ends when                               | to                |
//! |-------------------|--------------------------------|-----------------------------------------|-------------------|
//! | **Flush**         | write and flush the output     | all is flushed                          | ShutdownWrite (server), Drain (client) |
//! |                   |                                | writing has failed                      | Drain             |
//! | **ShutdownWrite** | shut down the write half       | it is shut down, or that has failed     | Drain             |
//! | **Drain**         | read and discard               | end of stream, or reading has failed    | Done              |
//! | **Done**          | close the stream               | –                                       | –                 |
//!
//! The stream is also read during the first two steps: the peer may accept our Close only after we
//! have taken its data. Every step ends at the close deadline. Draining matters because a socket
//! that is closed with unread bytes is reset, and the reset destroys the Close frame on its way.

use crate::connection::Role;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Step {
    #[default]
    Flush,
    ShutdownWrite,
    Drain,
    Done,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shutdown {
    step: Step,
    input_ended: bool,
}

impl Shutdown {
    #[inline]
    pub(super) const fn step(self) -> Step {
        self.step
    }

    #[inline]
    pub(super) fn is_done(self) -> bool {
        self.step == Step::Done
    }

    #[inline]
    pub(super) const fn input_ended(self) -> bool {
        self.input_ended
    }

    /// All output is flushed, or can't be.
    pub(super) fn flushed(&mut self, role: Role) {
        if self.step == Step::Flush {
            // RFC 6455 §7.1.1: "The underlying TCP connection, in most normal cases, SHOULD be
            // closed first by the server"
            match role {
                Role::Server => self.step = Step::ShutdownWrite,
                Role::Client => self.drain(),
            }
        }
    }

    /// The write half is shut down, or can't be.
    pub(super) fn write_half_shut_down(&mut self) {
        if self.step == Step::ShutdownWrite {
            self.drain();
        }
    }

    /// The stream has ended, or can't be read.
    pub(super) fn end_input(&mut self) {
        self.input_ended = true;
        if self.step == Step::Drain {
            self.step = Step::Done;
        }
    }

    /// The deadline has passed, or the stream is lost.
    pub(super) const fn finish(&mut self) {
        self.step = Step::Done;
    }

    const fn drain(&mut self) {
        self.step = if self.input_ended { Step::Done } else { Step::Drain };
    }
}
