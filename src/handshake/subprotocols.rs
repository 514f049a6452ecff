//! Negotiation of a subprotocol in `Sec-WebSocket-Protocol`: RFC 6455 §4.1 no. 10, §4.2.2 no. 5.5.
//!
//! ```text
//!   client  offer() ──►  chat.v2, chat.v1  ──►  parse_all(), answer()  server
//!          accept() ◄──       chat.v1      ◄─────────────────┘
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use core::str;

use super::fields::{is_token, list};
use super::reply::InvalidField;
use super::response_error::ResponseError;

/// The subprotocols of one side, in its order of preference, for a handshake that another HTTP
/// stack makes. [`ClientRequest`](crate::ClientRequest) and
/// [`AcceptOptions`](crate::AcceptOptions) negotiate by themselves.
///
/// Names are compared in their case (§1.9).
///
/// ```
/// use sansocket::Subprotocols;
///
/// let client = Subprotocols::new().with("chat.v2")?.with("chat.v1")?;
/// let offer = client.offer().expect("it offers two");
/// assert_eq!(offer, "chat.v2, chat.v1"); // for the request
///
/// let server = Subprotocols::new().with("chat.v1")?;
/// let offered = Subprotocols::parse_all([offer.as_bytes()]).expect("a list of names");
/// let answer = server.answer(offered).expect("one is known"); // for the response
///
/// assert_eq!(client.accept([answer.as_bytes()]), Ok(Some("chat.v1")));
/// # Ok::<(), sansocket::InvalidField>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subprotocols {
    names: Vec<String>,
}

impl Subprotocols {
    /// Creates an empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self { names: Vec::new() }
    }

    /// Adds a subprotocol behind the others.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] if it is not a token, or was added before.
    pub fn with(mut self, name: &str) -> Result<Self, InvalidField> {
        if !is_token(name) {
            return Err(InvalidField::Subprotocol);
        }
        // RFC 6455 §4.1 no. 10: "MUST all be unique strings"
        if self.names.iter().any(|other| other == name) {
            return Err(InvalidField::DuplicateSubprotocol);
        }
        self.names.push(String::from(name));
        Ok(self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Parses a client's offer: `Sec-WebSocket-Protocol`, of which each line is a value. The names
    /// are in the client's order of preference; empty if there is no such field. `None` if a name
    /// is not a token, or the field has none: respond with 400.
    pub fn parse_all<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<&'a str>> {
        let mut values = values.into_iter().peekable();
        let is_absent = values.peek().is_none();
        let names: Vec<_> = names(values).collect::<Option<_>>()?;
        // RFC 6455 §4.3: "Sec-WebSocket-Protocol-Client = 1#token"
        (is_absent || !names.is_empty()).then_some(names)
    }

    /// Returns the client's offer, for `Sec-WebSocket-Protocol`; `None` if the list is empty: the
    /// request has no such field.
    #[must_use]
    pub fn offer(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.names.join(", "))
    }

    /// Returns the server's answer to an offer, for `Sec-WebSocket-Protocol`: the first of its own
    /// that the client offers. `None` if there is none: the response has no such field.
    #[must_use]
    pub fn answer<'a>(&self, offered: impl IntoIterator<Item = &'a str>) -> Option<&str> {
        // Most servers have none, and need not look for the field.
        if self.is_empty() {
            return None;
        }
        // RFC 6455 §4.2.2 no. 4: the value "MUST be derived from the client's handshake"
        let place = |theirs| self.names.iter().position(|ours| ours == theirs);
        offered.into_iter().filter_map(place).min().map(|place| self.names[place].as_str())
    }

    /// Checks the server's answer to [`offer`](Self::offer) for the client: the lines of
    /// `Sec-WebSocket-Protocol`. Returns the subprotocol that the server chose; `None` if it chose
    /// none.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Subprotocol`] if it was not offered, or there are several: fail the
    /// connection.
    pub fn accept<'a>(
        &self,
        values: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Option<&str>, ResponseError> {
        let mut values = values.into_iter();
        let Some(chosen) = values.next() else { return Ok(None) };
        // RFC 6455 §4.1 no. 6: a subprotocol "that was not present in the client's handshake". An
        // empty field selects none, but fails also if none was offered. RFC 6455 §4.2.2: it "is not
        // a legal value for this field", and a response that does not conform fails.
        let chosen = chosen.trim_ascii();
        let offered = self.names.iter().find(|offered| offered.as_bytes() == chosen);
        match (offered, values.next()) {
            (Some(subprotocol), None) => Ok(Some(subprotocol)),
            _ => Err(ResponseError::Subprotocol),
        }
    }
}

/// The names in the lines of `Sec-WebSocket-Protocol`; `None` for one that is not a token.
pub(crate) fn names<'a>(
    lines: impl IntoIterator<Item = &'a [u8]>,
) -> impl Iterator<Item = Option<&'a str>> {
    list(lines).map(|name| str::from_utf8(name).ok().filter(|name| is_token(name)))
}
