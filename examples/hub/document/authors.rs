//! Who writes with which of Yjs' client ids: the page whose update was the first.
//!
//! The ids of others are in the document, for everybody to see. With one of them, a page could
//! write what another page would have written: the hub would acknowledge that page's next update
//! as known, and lose it.

use std::collections::HashMap;

use yrs::ClientID;

/// Who sends an update.
pub(super) struct Author {
    /// The id of the page, which others don't know.
    pub(super) client: String,
    /// An answer to step 1 may bring what others have written.
    pub(super) is_step2: bool,
}

/// The authors of all updates since the start of this hub. They are no more than the document has
/// pieces.
#[derive(Default)]
pub(super) struct Authors(HashMap<ClientID, String>);

impl Authors {
    /// Whether this author may write with these ids.
    pub(super) fn allow(&self, author: &Author, ids: &[ClientID]) -> bool {
        ids.iter().filter_map(|id| self.0.get(id)).all(|client| *client == author.client)
    }

    /// Notes what this author has written.
    pub(super) fn note(&mut self, author: &Author, ids: &[ClientID]) {
        if !author.is_step2 {
            self.0.extend(ids.iter().map(|id| (*id, author.client.clone())));
        }
    }
}
