//! The group as the server has it.

use std::net::IpAddr;
use std::sync::Arc;
use std::vec::Vec;

use super::empty::Empty;
use super::full::GroupFull;
use super::member::Member;
use super::slot::Handle;
use super::state::{Limits, State};

/// The open connections of a server. A clone is the same group.
#[derive(Clone, Debug)]
pub struct Group {
    state: Arc<State>,
}

impl Group {
    /// Creates an empty group without limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Limits { connections: usize::MAX, per_address: usize::MAX })
    }

    fn with(limits: Limits) -> Self {
        Self { state: Arc::new(State::new(limits)) }
    }

    /// Returns an empty group with at most so many connections. Default: no limit.
    #[must_use]
    pub fn max_connections(self, connections: usize) -> Self {
        Self::with(Limits { connections, ..self.state.limits })
    }

    /// Returns an empty group with at most so many connections of one IP address; of IPv6, of one
    /// network of 64 bits. Default: no limit. Behind a proxy all connections come from its address:
    /// take the client's from the header field that the proxy sets.
    #[must_use]
    pub fn max_per_address(self, per_address: usize) -> Self {
        Self::with(Limits { per_address, ..self.state.limits })
    }

    /// Adds a connection, from before its upgrade until the [`Member`] is dropped.
    ///
    /// # Errors
    ///
    /// [`GroupFull`] above a limit, and from [`shutdown`](Self::shutdown) on: refuse the upgrade
    /// with its [`response`](GroupFull::response).
    pub fn enter(&self, address: impl Into<Option<IpAddr>>) -> Result<Member, GroupFull> {
        let slot = self.state.enter(address.into())?;
        Ok(Member::new(Arc::clone(&self.state), slot))
    }

    /// Runs a connection's task on tokio, which [`Handle::abort`] and
    /// [`shutdown`](Self::shutdown) can end. The member leaves when the task ends, also by a panic.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn spawn<F>(&self, member: Member, task: impl FnOnce(Member) -> F)
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let slot = member.slot();
        slot.set_task(tokio::spawn(task(member)).abort_handle());
    }

    /// Returns the number of connections.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.len()
    }

    /// Returns whether there are no connections.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the connections, in the order in which they entered.
    #[must_use]
    pub fn handles(&self) -> Vec<Handle> {
        self.state.slots().into_iter().map(Handle::new).collect()
    }

    /// Waits until there are no connections.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn empty(&self) {
        Empty::new(&self.state).await;
    }

    /// Refuses new members from now on.
    pub(super) fn refuse_members(&self) {
        self.state.refuse_members();
    }
}

impl Default for Group {
    fn default() -> Self {
        Self::new()
    }
}
