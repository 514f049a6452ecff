//! At most one connection to a remote host in the state CONNECTING (RFC 6455 §4.1, no. 2).
//!
//! ```text
//!   tickets   1 {A, B}      2 {A}        3 {C}        4 {B, C}
//!             connecting    waits for 1  connecting   waits for 1 and 3
//! ```
//!
//! "the client MUST wait until that connection has been established or for that connection to have
//! failed": a connection may be CONNECTING if it shares no remote host with an earlier one. So the
//! order is that of the tickets, and a connection with several addresses waits for all at once.

use std::collections::{BTreeMap, HashSet};
use std::mem;
use std::net::SocketAddr;
use std::string::String;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::vec::Vec;

/// "a reasonably low number" of connections to hosts whose addresses are unknown.
const MAX_NAMES: usize = 16;

/// A remote host and its port: its address, "even if the remote host is known by another name".
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Remote {
    Address(SocketAddr),
    /// "If the client cannot determine the IP address": a proxy resolves the name, or the host is
    /// reached by a Unix socket.
    Name(String, u16),
}

/// The connections that are in the state CONNECTING, or wait for it.
#[derive(Debug, Default)]
pub(super) struct Connecting {
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    /// By ticket.
    entries: BTreeMap<u64, Entry>,
    tickets: u64,
}

#[derive(Debug)]
struct Entry {
    remotes: Vec<Remote>,
    /// Of a connection that waits.
    waker: Option<Waker>,
}

/// The place of one connection in the queue, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    connecting: Arc<Connecting>,
    ticket: u64,
}

impl Connecting {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// The tickets of the connections that may be CONNECTING.
    fn allowed(&self) -> Vec<u64> {
        let (mut taken, mut names) = (HashSet::new(), 0);
        let allowed = self.entries.iter().filter(|(_, entry)| {
            let has_name = entry.remotes.iter().any(|remote| matches!(remote, Remote::Name(..)));
            let is_connecting = entry.remotes.iter().any(|remote| taken.contains(remote));
            let is_allowed = !is_connecting && (!has_name || names < MAX_NAMES);
            taken.extend(&entry.remotes);
            names += usize::from(has_name && is_allowed);
            is_allowed
        });
        allowed.map(|(ticket, _)| *ticket).collect()
    }
}

impl Turn {
    /// Takes the last place in the queue.
    pub(super) fn new(connecting: &Arc<Connecting>, remotes: Vec<Remote>) -> Self {
        let mut queue = connecting.lock();
        queue.tickets += 1;
        let ticket = queue.tickets;
        queue.entries.insert(ticket, Entry { remotes, waker: None });
        drop(queue);
        Self { connecting: Arc::clone(connecting), ticket }
    }

    /// Waits until no earlier connection to the same remote host is CONNECTING, or waits.
    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        let mut queue = self.connecting.lock();
        let is_allowed = queue.allowed().contains(&self.ticket);
        let waker = (!is_allowed).then(|| cx.waker().clone());
        let replaced =
            queue.entries.get_mut(&self.ticket).map(|entry| mem::replace(&mut entry.waker, waker));
        drop(queue);
        // The last waker of a task may drop the task, and with it a turn.
        drop(replaced);
        if is_allowed { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// The connection is open, has failed, or has stopped waiting.
impl Drop for Turn {
    fn drop(&mut self) {
        let mut queue = self.connecting.lock();
        let removed = queue.entries.remove(&self.ticket);
        let allowed = queue.allowed();
        let wakers =
            allowed.iter().filter_map(|ticket| queue.entries.get_mut(ticket)?.waker.take());
        let wakers: Vec<_> = wakers.collect();
        drop(queue);
        drop(removed);
        wakers.into_iter().for_each(Waker::wake);
    }
}
