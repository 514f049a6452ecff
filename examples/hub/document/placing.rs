//! Counts the work of an update, and refuses too much of it before yrs applies the update.
//!
//! A struct says between which two characters it was typed. The structs that others have typed
//! there at the same time are compared with it, one after the other (the algorithm YATA): by the
//! hub, by every page, and whenever the document is loaded. Structs that all claim to be typed at
//! the same time therefore cost time that is quadratic in their number. So the comparisons of an
//! update are counted here, and an update that needs too many is refused.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use yrs::{ClientID, ID};

use super::content::{Content, Struct};
use super::order::{Node, Order, at};

/// The maximum work and growth of an update.
pub(super) struct Limits {
    pub(super) comparisons: usize,
    /// The number of structs of the document after the update.
    pub(super) structs: usize,
    /// The number of structs that the update adds to the document.
    pub(super) added: usize,
}

impl Limits {
    /// The limits of an update of a connection that may still add so many structs.
    pub(super) const fn of_connection(added: usize) -> Self {
        Self { comparisons: 2000, structs: 100_000, added }
    }

    pub(super) const NONE: Self =
        Self { comparisons: usize::MAX, structs: usize::MAX, added: usize::MAX };
}

/// A change of the order, to be undone if the update is refused.
enum Change {
    Added {
        id: ID,
        len: u32,
        /// The character to the left; `None` at the beginning.
        left: Option<ID>,
    },
    Deleted {
        id: ID,
        len: u32,
    },
}

/// Why an update can't be applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Misfit {
    /// An earlier struct of the same client is missing.
    Gap,
    /// The update refers to a character that does not exist.
    Unresolved,
    /// The update needs more comparisons than allowed.
    TooManyAtOnce,
    /// The document would have more structs than allowed.
    TooMany,
    /// The update adds more structs than its connection may.
    TooManyOfOne,
}

impl Order {
    /// Adds the new structs of an update. An update that can't be applied changes nothing.
    pub(super) fn add(&mut self, update: &Content, limits: &Limits) -> Result<(), Misfit> {
        let (before, mut changes) = (self.len(), vec![]);
        let mut result = self.add_all(update, limits.comparisons, &mut changes);
        self.merge_splits();
        let (after, added) = (self.len(), self.len().saturating_sub(before));
        if result.is_ok() && added > 0 && after > limits.structs {
            result = Err(Misfit::TooMany);
        } else if result.is_ok() && added > limits.added {
            result = Err(Misfit::TooManyOfOne);
        }
        if result.is_err() {
            changes.iter().rev().for_each(|change| self.undo(change));
            self.merge_splits();
        }
        self.settle();
        result
    }

    /// The clients of whom an update has new structs.
    pub(super) fn writing(&self, update: &Content) -> Vec<ClientID> {
        let is_new = |it: &&Struct| it.id.clock + it.len > self.clock(it.id.client);
        let mut clients: Vec<_> =
            update.structs.iter().filter(is_new).map(|it| it.id.client).collect();
        clients.dedup();
        clients
    }

    fn add_all(
        &mut self,
        update: &Content,
        mut comparisons: usize,
        changes: &mut Vec<Change>,
    ) -> Result<(), Misfit> {
        let mut waiting = self.new_in(update)?;
        let mut ready: Vec<_> = waiting.keys().copied().collect();
        // A struct comes after those that it refers to: what is missing, and whose struct waits.
        let mut blocked = BTreeSet::new();
        while let Some(client) = ready.pop() {
            let queue = waiting.get_mut(&client).expect("the client is one of those that wait");
            while let Some(it) = queue.pop_front() {
                if let Some(missing) = self.missing(&it) {
                    blocked.insert((missing, client));
                    queue.push_front(it);
                    break;
                }
                changes.push(self.place(it, &mut comparisons)?);
            }
            let known = ID::new(client, self.clock(client));
            let first = ClientID::new(0);
            let found = blocked.range((ID::new(client, 0), first)..(known, first));
            let found: Vec<_> = found.copied().collect();
            for it in found {
                blocked.remove(&it);
                ready.push(it.1);
            }
        }
        if !blocked.is_empty() {
            return Err(Misfit::Unresolved);
        }
        let is_there = |(id, len): &(ID, u32)| id.clock + len <= self.clock(id.client);
        if !update.deletions.iter().all(is_there) {
            return Err(Misfit::Unresolved);
        }
        update.deletions.iter().for_each(|(id, len)| self.delete(*id, *len, changes));
        Ok(())
    }

    /// Returns the structs of each client that are not in the order, without the characters that
    /// are.
    fn new_in(&self, update: &Content) -> Result<HashMap<ClientID, VecDeque<Struct>>, Misfit> {
        let mut new: HashMap<_, VecDeque<Struct>> = HashMap::new();
        for it in &update.structs {
            let known = self.clock(it.id.client);
            if new.contains_key(&it.id.client) || it.id.clock == known {
                new.entry(it.id.client).or_default().push_back(it.clone());
            } else if it.id.clock > known {
                return Err(Misfit::Gap);
            } else if it.id.clock + it.len > known {
                let known = known - it.id.clock;
                new.entry(it.id.client).or_default().push_back(it.from(known));
            }
        }
        Ok(new)
    }

    /// A character that it refers to, and that is not here.
    fn missing(&self, it: &Struct) -> Option<ID> {
        let ids = [it.origin, it.right_origin];
        ids.into_iter().flatten().find(|id| id.clock >= self.clock(id.client))
    }

    /// Adds a struct, whose neighbours are here.
    fn place(&mut self, mut it: Struct, comparisons: &mut usize) -> Result<Change, Misfit> {
        let left = it.origin.and_then(|id| self.ending_at(id));
        let right = it.right_origin.and_then(|id| self.beginning_at(id));
        // Text that was typed at a character that garbage collection has removed is removed, too.
        let is_nowhere = left.is_none() && right.is_none();
        it.is_gc |= is_nowhere && (it.origin.is_some() || it.right_origin.is_some());
        let (id, len) = (it.id, it.len);
        let left = if it.is_gc { None } else { self.resolve(&it, left, right, comparisons)? };
        let last = left.map(|left| at(left, self.node(left).it.len - 1));
        self.insert(it, left);
        Ok(Change::Added { id, len, left: last })
    }

    /// The struct behind which a new one comes: YATA.
    fn resolve(
        &self,
        new: &Struct,
        mut left: Option<ID>,
        right: Option<ID>,
        comparisons: &mut usize,
    ) -> Result<Option<ID>, Misfit> {
        let (mut conflicting, mut seen) = (HashSet::new(), HashSet::new());
        let mut next = self.after(left);
        while let Some(id) = next.filter(|next| Some(*next) != right) {
            *comparisons = comparisons.checked_sub(1).ok_or(Misfit::TooManyAtOnce)?;
            let Node { it, next: after, .. } = self.node(id);
            seen.insert(id);
            conflicting.insert(id);
            if it.origin == new.origin {
                if id.client < new.id.client {
                    left = Some(id);
                    conflicting.clear();
                } else if it.right_origin == new.right_origin {
                    break;
                }
            } else {
                let origin = it.origin.and_then(|origin| self.containing(origin));
                match origin.filter(|origin| seen.contains(origin)) {
                    None => break,
                    Some(origin) if !conflicting.contains(&origin) => {
                        left = Some(id);
                        conflicting.clear();
                    }
                    Some(_) => {}
                }
            }
            next = *after;
        }
        Ok(left)
    }

    /// Deletes so many characters, of which all are here.
    fn delete(&mut self, id: ID, len: u32, changes: &mut Vec<Change>) {
        if self.is_deleted(id, len) {
            return;
        }
        for (id, node) in self.within(id, len).filter(|(_, node)| !node.is_deleted) {
            node.is_deleted = true;
            changes.push(Change::Deleted { id: *id, len: node.it.len });
        }
    }

    /// Undoes the last change.
    fn undo(&mut self, change: &Change) {
        match *change {
            Change::Deleted { id, len } => {
                self.within(id, len).for_each(|(_, node)| node.is_deleted = false);
            }
            Change::Added { id, len, left } => self.remove(id, len, left),
        }
    }
}
