//! Redirects: RFC 9110 §15.4 and §10.2.2, as clients of WebSocket follow them.
//!
//! | response                                       | result                              |
//! |------------------------------------------------|-------------------------------------|
//! | another status than 301, 302, 303, 307, 308    | none                                |
//! | no `Location`, several, or one that is invalid | an error                            |
//! | from `wss:` to `ws:`                           | [`RedirectError::Downgrade`]        |
//! | an address for the second time                 | [`RedirectError::Loop`]             |
//! | more than the limit                            | [`RedirectError::TooMany`]          |
//! | the same scheme, host and port                 | the same request, with this address |
//! | another origin                                 | the request without credentials     |
//!
//! Every opening handshake is a GET, so the five statuses are the same.

use alloc::vec::Vec;
use core::{error, fmt, str};

use super::client_request::ClientRequest;
use super::invalid_uri::InvalidUri;
use super::response::Response;
use super::uri::Uri;

/// The redirects of one connection, up to a limit.
///
/// `Connector::redirects` follows redirects by itself. This type is for a client with an event loop
/// of its own:
///
/// ```
/// use sansocket::{ClientRequest, RedirectError, Redirects, ResponseError};
///
/// /// The request to send on a new stream, or `None` if the server did not redirect.
/// fn next(
///     redirects: &mut Redirects,
///     request: &ClientRequest,
///     error: &ResponseError,
/// ) -> Result<Option<ClientRequest>, RedirectError> {
///     match error {
///         ResponseError::UnexpectedStatus(response) => redirects.follow(request, response),
///         _ => Ok(None),
///     }
/// }
/// ```
///
/// # What another server receives
///
/// `Host` and `Sec-WebSocket-Key` are made anew for every request. If the scheme, host or port
/// changes, the next request has no `Authorization`, `Cookie` and `Proxy-Authorization`, whether
/// they come from the address, [`ClientRequest::basic_auth`] or [`ClientRequest::header`]; nor has
/// any later one. So it is from `ws:` to `wss:` on the same host, as in curl and in browsers: to
/// send credentials there, connect to `wss:` at once. `Origin` becomes `null`, unless it is the
/// origin of the server that redirects.
///
/// All other fields, and the subprotocols, are sent to every server. A secret in one of them, such
/// as `X-Api-Key`, needs a server whose redirects are trusted.
#[derive(Clone, Debug)]
pub struct Redirects {
    limit: usize,
    /// All addresses so far: that of the first request, and those that it was redirected to.
    chain: Vec<Uri>,
}

impl Redirects {
    /// Follows at most so many redirects. With 0 they are responses like others: there is no
    /// error of their own.
    #[must_use]
    pub const fn limited(limit: usize) -> Self {
        Self { limit, chain: Vec::new() }
    }

    /// Returns the request that a response redirects to, or `None` if it does not redirect. Send
    /// it on a new stream to its [`uri`](ClientRequest::uri).
    ///
    /// # Errors
    ///
    /// [`RedirectError`] if the response redirects to where the client must not follow.
    pub fn follow(
        &mut self,
        request: &ClientRequest,
        response: &Response,
    ) -> Result<Option<ClientRequest>, RedirectError> {
        if self.limit == 0 || !response.is_redirect() {
            return Ok(None);
        }
        if self.chain.is_empty() {
            self.chain.push(request.uri().clone());
        }
        let mut locations = response.headers().get_all("Location");
        let location = match (locations.next(), locations.next()) {
            (Some(location), None) => str::from_utf8(location).map_err(|_| InvalidUri::Path)?,
            (None, _) => return Err(RedirectError::NoLocation),
            (Some(_), Some(_)) => return Err(RedirectError::SeveralLocations),
        };
        let uri = request.uri().join(location)?;
        let is_downgrade = request.uri().is_secure() && !uri.is_secure();
        let is_loop = self.chain.contains(&uri);
        self.chain.push(uri.clone());
        if is_downgrade {
            return Err(RedirectError::Downgrade { chain: self.chain.clone() });
        }
        if is_loop {
            return Err(RedirectError::Loop { chain: self.chain.clone() });
        }
        if self.followed().len() > self.limit {
            return Err(RedirectError::TooMany { chain: self.chain.clone() });
        }
        Ok(Some(request.redirected(uri)))
    }

    /// Returns the addresses that were redirected to, in order. The last one is that of the latest
    /// request.
    #[must_use]
    pub fn followed(&self) -> &[Uri] {
        self.chain.get(1..).unwrap_or_default()
    }
}

/// A server redirects to where the client does not follow. Nothing was sent there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectError {
    /// The response has no `Location`.
    NoLocation,
    /// The response has more than one `Location`.
    SeveralLocations,
    /// The `Location` is not the address of a WebSocket server, or has a user name.
    Location(InvalidUri),
    /// From `wss:` to `ws:`, where messages are not encrypted.
    Downgrade {
        /// All addresses: the first request's, and the one that was not followed at the end.
        chain: Vec<Uri>,
    },
    /// An address for the second time.
    Loop {
        /// All addresses: the first request's, and the repeated one at the end.
        chain: Vec<Uri>,
    },
    /// More redirects than the limit.
    TooMany {
        /// All addresses: the first request's, and the one that was not followed at the end.
        chain: Vec<Uri>,
    },
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, chain) = match self {
            Self::NoLocation => return f.write_str("the server redirects without a Location"),
            Self::SeveralLocations => {
                return f.write_str("the server redirects to several Locations");
            }
            Self::Location(error) => {
                return write!(f, "the server redirects to an invalid Location: {error}");
            }
            Self::Downgrade { chain } => {
                ("the server redirects from wss: to ws:, which is not encrypted", chain)
            }
            Self::Loop { chain } => ("the redirects are a loop", chain),
            Self::TooMany { chain } => {
                ("the server redirects more often than the limit; raise the limit", chain)
            }
        };
        f.write_str(text)?;
        chain.iter().enumerate().try_for_each(|(at, uri)| {
            // Without the query, which may be a secret.
            write!(f, "{}{}", if at == 0 { ": " } else { " -> " }, uri.without_query())
        })
    }
}

impl error::Error for RedirectError {}

impl From<InvalidUri> for RedirectError {
    fn from(error: InvalidUri) -> Self {
        Self::Location(error)
    }
}
