//! The structs of the text, in their order, by which new ones are placed.
//!
//! yrs does not show its order, hence this one: without the text.

use std::collections::BTreeMap;

use yrs::{ClientID, ID};

use super::content::Struct;

/// The structs of the text in their order.
#[derive(Default)]
pub(super) struct Order {
    /// The structs by their first characters, split and merged as by Yjs.
    structs: BTreeMap<ID, Node>,
    first: Option<ID>,
    /// Places where structs were split, to be merged again if nothing was placed between.
    splits: Vec<ID>,
}

/// A struct in the order.
pub(super) struct Node {
    pub(super) it: Struct,
    pub(super) is_deleted: bool,
    /// The first character of the struct to the right.
    pub(super) next: Option<ID>,
}

/// Returns the character at this distance behind another one.
pub(super) fn at(id: ID, offset: u32) -> ID {
    ID::new(id.client, id.clock + offset)
}

/// Every id in `first` and `next` is that of a node.
const THERE: &str = "the struct is in the order";

impl Order {
    /// The struct behind this one; the first one with `None`.
    pub(super) fn after(&self, left: Option<ID>) -> Option<ID> {
        left.map_or(self.first, |left| self.node(left).next)
    }

    /// The number of structs.
    pub(super) fn len(&self) -> usize {
        self.structs.len()
    }

    /// The characters that are not deleted, in their order.
    #[cfg(test)]
    pub(super) fn live(&self) -> Vec<ID> {
        let structs = std::iter::successors(self.after(None), |id| self.after(Some(*id)));
        let live = structs.filter(|id| !self.node(*id).is_deleted);
        live.flat_map(|id| (0..self.node(id).it.len).map(move |offset| at(id, offset))).collect()
    }

    /// The struct that begins with this character.
    pub(super) fn node(&self, id: ID) -> &Node {
        self.structs.get(&id).expect(THERE)
    }

    fn node_mut(&mut self, id: ID) -> &mut Node {
        self.structs.get_mut(&id).expect(THERE)
    }

    /// Adds a struct behind this one, or at the beginning with `None`.
    pub(super) fn insert(&mut self, it: Struct, left: Option<ID>) {
        let id = it.id;
        let next = if it.is_gc { None } else { self.link(left).replace(id) };
        let is_deleted = it.is_deleted;
        self.structs.insert(id, Node { it, is_deleted, next });
        if let Some(left) = left {
            self.merge(left, id);
        }
    }

    /// Removes the characters that were added last, behind that one.
    pub(super) fn remove(&mut self, id: ID, len: u32, left: Option<ID>) {
        let ids: Vec<_> = self.within(id, len).map(|(id, _)| *id).collect();
        if let Some(last) = self.containing(at(id, len - 1)) {
            let next = self.node(last).next;
            let left = left.and_then(|left| self.containing(left));
            *self.link(left) = next;
        }
        for id in ids {
            self.structs.remove(&id);
        }
    }

    /// The number of characters of a client.
    pub(super) fn clock(&self, client: ClientID) -> u32 {
        let last = self.structs.range(..=ID::new(client, u32::MAX)).next_back();
        last.filter(|(id, _)| id.client == client).map_or(0, |(id, node)| id.clock + node.it.len)
    }

    /// Where the struct behind this one is noted, or the first one.
    fn link(&mut self, left: Option<ID>) -> &mut Option<ID> {
        match left {
            Some(left) => &mut self.node_mut(left).next,
            None => &mut self.first,
        }
    }

    /// Merges two structs, if they are neighbours that were typed one after the other.
    fn merge(&mut self, left: ID, right: ID) {
        let (one, two) = (self.node(left), self.node(right));
        let last = at(left, one.it.len - 1);
        let is_continued = right == at(last, 1) && two.it.origin == Some(last);
        if is_continued
            && one.next == Some(right)
            && one.it.right_origin == two.it.right_origin
            && one.is_deleted == two.is_deleted
        {
            let right = self.structs.remove(&right).expect(THERE);
            let node = self.node_mut(left);
            node.it.len += right.it.len;
            node.next = right.next;
        }
    }

    /// Forgets where structs were split.
    pub(super) fn settle(&mut self) {
        self.splits.clear();
    }

    /// Merges what was split since then, where nothing came between.
    pub(super) fn merge_splits(&mut self) {
        for index in 0..self.splits.len() {
            let right = self.splits[index];
            let left = self.structs.range(..right).next_back().map(|(id, _)| *id);
            if let Some(left) = left.filter(|_| self.structs.contains_key(&right)) {
                self.merge(left, right);
            }
        }
    }

    /// The struct that has this character, unless nothing is left of it.
    pub(super) fn containing(&self, id: ID) -> Option<ID> {
        let (start, node) = self.structs.range(..=id).next_back()?;
        let is_there = start.client == id.client && id.clock - start.clock < node.it.len;
        (is_there && !node.it.is_gc).then_some(*start)
    }

    /// Whether one struct has all these characters, and is deleted.
    pub(super) fn is_deleted(&self, id: ID, len: u32) -> bool {
        self.containing(id).is_some_and(|start| {
            let node = self.node(start);
            node.is_deleted && id.clock - start.clock + len <= node.it.len
        })
    }

    /// The struct that begins with this character; the one that has it is split.
    pub(super) fn beginning_at(&mut self, id: ID) -> Option<ID> {
        let start = self.containing(id)?;
        if start != id {
            let node = self.node_mut(start);
            let right = node.it.from(id.clock - start.clock);
            node.it.len -= right.len;
            let (is_deleted, next) = (node.is_deleted, node.next.replace(id));
            self.structs.insert(id, Node { it: right, is_deleted, next });
            self.splits.push(id);
        }
        Some(id)
    }

    /// The struct that ends with this character; the one that has it is split.
    pub(super) fn ending_at(&mut self, id: ID) -> Option<ID> {
        let start = self.containing(id)?;
        if id.clock - start.clock + 1 < self.node(start).it.len {
            self.beginning_at(at(id, 1));
        }
        Some(start)
    }

    /// The structs that have these characters, and no others.
    pub(super) fn within(&mut self, id: ID, len: u32) -> impl Iterator<Item = (&ID, &mut Node)> {
        let end = at(id, len);
        self.beginning_at(id);
        self.ending_at(at(id, len - 1));
        let ids: Vec<_> = self.structs.range(id..end).map(|(id, _)| *id).collect();
        // Both structs may be merged with their neighbours again.
        self.splits.extend(ids);
        self.splits.push(end);
        self.structs.range_mut(id..end)
    }
}

impl Struct {
    /// Returns the characters from `offset` on, as a struct of their own.
    pub(super) fn from(&self, offset: u32) -> Self {
        let id = at(self.id, offset);
        let origin = if self.is_gc { None } else { Some(at(self.id, offset - 1)) };
        Self { id, len: self.len - offset, origin, ..self.clone() }
    }
}
