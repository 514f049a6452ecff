//! The query of a room: the identity of the client, and the last message that it has.

use std::sync::LazyLock;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use regex::Regex;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The number of bytes of an id that others see.
const SHOWN: usize = 12;

/// Characters that no name may have: control characters, and invisible ones that change how others
/// look, such as those that turn the direction of writing. Two of these are needed to spell some
/// names, and allowed.
static UNFIT: LazyLock<Regex> =
    LazyLock::new(|| regex(r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}--[\u200C\u200D]]"));

/// Characters that can be seen by themselves. U+2800 is a pattern of no dots.
static VISIBLE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"[^\p{Cc}\p{Cn}\p{M}\s\p{Default_Ignorable_Code_Point}\u2800]"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

/// A client, as its query has it.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// The secret id: a client that sends it is this client.
    pub(crate) client: String,
    pub(crate) name: String,
    /// The number of the last message that it has.
    pub(crate) since: u64,
    /// The id of the history that has this number; `None` if the client does not tell.
    pub(crate) store: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Fields {
    client: Option<String>,
    name: Option<String>,
    since: Option<String>,
    store: Option<String>,
}

type Refused = (StatusCode, &'static str);

const fn refused(text: &'static str) -> Refused {
    (StatusCode::BAD_REQUEST, text)
}

impl Visitor {
    /// Checks the query. `needs_name` is of rooms in which others see the name.
    pub(crate) fn new(
        query: Result<Query<Fields>, QueryRejection>,
        needs_name: bool,
    ) -> Result<Self, Refused> {
        let Query(fields) = query.map_err(|_| {
            refused("the query is client=...&name=...&since=...&store=..., each at most once\n")
        })?;
        let client = fields.client.filter(|client| is_client(client)).ok_or(refused(
            "client is missing or not 1 to 64 of A-Z a-z 0-9 _ -: use random ones, and keep them \
             secret\n",
        ))?;
        let name = match fields.name {
            None if !needs_name => String::new(),
            name => name.filter(|name| is_name(name)).ok_or(refused(
                "name is missing or not 1 to 32 characters, of which one is visible, and none a \
                 control or format character\n",
            ))?,
        };
        let since = match fields.since.as_deref() {
            None | Some("") => 0,
            Some(since) => since
                .parse()
                .map_err(|_| refused("since is the sequence number of the last message, or 0\n"))?,
        };
        let store = fields.store.filter(|store| !store.is_empty());
        Ok(Self { client, name, since, store })
    }

    /// The id that others see, which does not tell the secret one. It is the same on all hubs.
    pub(crate) fn shown(&self) -> String {
        let hash = Sha256::digest(&self.client);
        hash[..SHOWN].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn is_client(client: &str) -> bool {
    let is_allowed = |c: u8| c.is_ascii_alphanumeric() || b"_-".contains(&c);
    (1..=64).contains(&client.len()) && client.bytes().all(is_allowed)
}

fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.chars().count()) && !UNFIT.is_match(name) && is_visible(name)
}

/// Whether something of a text can be seen.
pub(crate) fn is_visible(text: &str) -> bool {
    VISIBLE.is_match(text)
}
