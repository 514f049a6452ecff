//! Which of Yjs' client ids a page may write with: the one that follows from its own secret id.
//!
//! The client ids of others are in the document, for everybody to see. With one of them, a page
//! could write what another page would have written: the hub would acknowledge that page's next
//! update as known, and lose it. So a client id is a hash of the page's id, which is `client` in
//! the query. Every hub can check it, also after a restart, without a list of authors.
//!
//! ```text
//!   client id   the first 53 bits of SHA-256(client), big-endian
//! ```
//!
//! To write with the client id of one page, another has to find an id with the same hash: 2⁵³
//! attempts on average, while the page is open. What it could then spoil is text that everybody
//! may delete.
//!
//! An answer to step 1 also brings what others have written, and the hub lacks. A hub alone takes
//! it if it has nothing of that client id, because it has lost its store, or keeps none. No other
//! client knows the client id of a page of which this hub has never stored anything. Behind a
//! broker, the text comes from there: the page is closed with 1013, and connects again.

use sha2::{Digest, Sha256};
use yrs::ClientID;

/// The page that sends an update.
pub(super) struct Author {
    id: ClientID,
    pub(super) is_step2: bool,
}

impl Author {
    /// The page with this secret id.
    pub(super) fn new(client: &str, is_step2: bool) -> Self {
        let hash = Sha256::digest(client);
        let (first, _) = hash.split_first_chunk().expect("SHA-256 has 32 bytes");
        Self { id: ClientID::new(u64::from_be_bytes(*first) >> 11), is_step2 }
    }

    /// Whether the update may write with this client id, of which the document has something
    /// (`is_known`). `is_alone`: the hub has no broker.
    pub(super) fn may_write(&self, id: ClientID, is_known: bool, is_alone: bool) -> bool {
        id == self.id || (self.is_step2 && is_alone && !is_known)
    }
}
