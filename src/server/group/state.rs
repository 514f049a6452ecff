//! The members of a group: their number, and the limits.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::vec::Vec;
use std::{fmt, mem};

use super::full::GroupFull;
use super::slot::Slot;

/// The maximum number of connections: in all, and of one address.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) connections: usize,
    pub(super) per_address: usize,
}

/// Returns the address that a limit counts: an IPv4 address, also of a mapped IPv6 one, or the 64
/// bits of an IPv6 address that a network gives to one host (RFC 4291 §2.5.4).
fn key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

/// The members of a group.
pub(super) struct State {
    pub(super) limits: Limits,
    members: Mutex<Members>,
}

#[derive(Default)]
struct Members {
    slots: HashMap<u64, Arc<Slot>>,
    per_address: HashMap<IpAddr, usize>,
    next_id: u64,
    is_shutting_down: bool,
    /// The tasks that wait until the group is empty, each with the number of its future.
    waiting: HashMap<u64, Waker>,
    next_place: u64,
}

impl State {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, members: Mutex::default() }
    }

    pub(super) fn enter(&self, address: Option<IpAddr>) -> Result<Arc<Slot>, GroupFull> {
        let Limits { connections, per_address } = self.limits;
        let mut members = self.lock();
        if members.is_shutting_down {
            return Err(GroupFull::ShuttingDown);
        }
        if members.slots.len() >= connections {
            return Err(GroupFull::Connections { limit: connections });
        }
        if let Some(address) = address.map(key) {
            let count = members.per_address.get(&address).copied().unwrap_or_default();
            if count >= per_address {
                return Err(GroupFull::Address { limit: per_address });
            }
            members.per_address.insert(address, count + 1);
        }
        let slot = Arc::new(Slot::new(members.next_id, address));
        members.next_id += 1;
        members.slots.insert(slot.id, Arc::clone(&slot));
        Ok(slot)
    }

    pub(super) fn leave(&self, slot: &Slot) {
        let mut members = self.lock();
        members.slots.remove(&slot.id);
        if let Some(address) = slot.address.map(key) {
            let count = members.per_address.remove(&address).unwrap_or_default();
            if count > 1 {
                members.per_address.insert(address, count - 1);
            }
        }
        if members.slots.is_empty() {
            let waiting = mem::take(&mut members.waiting);
            drop(members);
            waiting.into_values().for_each(Waker::wake);
        }
    }

    /// Refuses new members from now on.
    pub(super) fn refuse_members(&self) {
        self.lock().is_shutting_down = true;
    }

    pub(super) fn len(&self) -> usize {
        self.lock().slots.len()
    }

    /// Returns the members, in the order in which they entered.
    pub(super) fn slots(&self) -> Vec<Arc<Slot>> {
        let mut slots: Vec<_> = self.lock().slots.values().cloned().collect();
        slots.sort_by_key(|slot| slot.id);
        slots
    }

    /// Waits until there are no members. The first call of a future sets its place.
    pub(super) fn poll_empty(&self, place: &mut Option<u64>, cx: &mut Context<'_>) -> Poll<()> {
        let mut members = self.lock();
        if members.slots.is_empty() {
            return Poll::Ready(());
        }
        let place = *place.get_or_insert_with(|| {
            members.next_place += 1;
            members.next_place
        });
        let replaced = members.waiting.insert(place, cx.waker().clone());
        // A waker may run code of its executor.
        drop(members);
        drop(replaced);
        Poll::Pending
    }

    /// Forgets a future that waits no more.
    pub(super) fn forget(&self, place: u64) {
        let _forgotten = self.lock().waiting.remove(&place);
    }

    /// Ignores poisoning: no task panics in the middle of a change.
    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("len", &self.len()).finish_non_exhaustive()
    }
}
