//! The hosts and origins that a server accepts: RFC 6455 §10.2, RFC 9110 §7.4.
//!
//! | request                                         | result                    |
//! |-------------------------------------------------|---------------------------|
//! | no host, several, or one that is not listed     | [`GuardError::Host`], 421 |
//! | no origin: not a browser                        | accepted                  |
//! | a page of the host itself, of its scheme        | accepted                  |
//! | the origin is listed                            | accepted                  |
//! | any other origin, `null`, or several            | [`GuardError::Origin`], 403 |

use alloc::vec::Vec;
use core::str;

use super::authority::parse_authority;
use super::guard_entry::{Allowed, Name};
use super::guard_error::{GuardError, InvalidGuard};
use super::origin::Origin;
use super::request::RequestHead;
#[cfg(feature = "std")]
use super::server::{Rejection, Request};

/// The names of a server, and the origins of the pages that may connect to it.
///
/// A browser lets any page connect to any server, and sends the user's cookies. The checks
/// reject:
///
/// - **Pages of other servers**, by their origin.
/// - **DNS rebinding**, by the host. A page of `http://evil.example` points that name at
///   127.0.0.1 or at a host of a private network. Its origin then is on the host that it requests,
///   so only the list of names stops it.
/// - **Pages over `http:` of a server that uses TLS**, by the scheme of the origin. Whoever
///   controls the network can make such pages for every name.
///
/// Give it to the `Options` of an adapter, which check each opening handshake with it. With another
/// HTTP stack, or without I/O, call [`check`](Self::check).
///
/// ```
/// use sansocket::Guard;
/// # use sansocket::InvalidGuard;
///
/// // Behind a name, with pages of the server itself and of one other.
/// let guard = Guard::hosts(["chat.example.com"])?.origin("https://www.example.com")?;
/// // A development server, or the local server of an application.
/// let local = Guard::loopback().origin("tauri://localhost")?;
/// # #[cfg(feature = "std")]
/// let options = sansocket::blocking::Options::new().guard(guard);
/// # Ok::<(), InvalidGuard>(())
/// ```
#[derive(Clone, Debug)]
pub struct Guard {
    names: Vec<Name>,
    origins: Vec<Allowed>,
    only_listed: bool,
    needs_origin: bool,
}

impl Guard {
    /// Creates a guard for a server with these names, as the browser has them: those of the proxy,
    /// if one terminates TLS. The server's own pages may connect.
    ///
    /// | name                       | ports                         | its own pages       |
    /// |----------------------------|-------------------------------|---------------------|
    /// | `example.com`              | the default ports, 80 and 443 | over `https:`       |
    /// | `example.com:8443`         | this port                     | over `https:`       |
    /// | `example.com:*`            | every port                    | over `https:`       |
    /// | `localhost:3000`           | this port                     | over either         |
    /// | `https://example.com`      | 443                           | over `https:`       |
    /// | `http://example.com:8080`  | this port                     | over `http:`        |
    ///
    /// A page has to be on the same port as the request. A name of the loopback interface is one of
    /// [`loopback`](Self::loopback): nobody on the network makes pages of it. A server
    /// without TLS has names with `http://`; one with and without has both.
    ///
    /// A name is compared as a whole and in any case: subdomains are names of their own. An IPv6
    /// address has brackets.
    ///
    /// # Errors
    ///
    /// [`InvalidGuard::Host`] if a name is not valid.
    pub fn hosts<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Result<Self, InvalidGuard> {
        let names = names.into_iter().map(|name| Name::parse(name.as_ref()));
        let names = names.collect::<Option<_>>().ok_or(InvalidGuard::Host)?;
        Ok(Self { names, origins: Vec::new(), only_listed: false, needs_origin: false })
    }

    /// Creates a guard for a server that only this machine reaches: `localhost`, `127.0.0.1`,
    /// `[::1]`, and the unspecified addresses `0.0.0.0` and `[::]`, on every port.
    #[must_use]
    pub fn loopback() -> Self {
        let names = Name::loopback();
        Self { names: names.into(), origins: Vec::new(), only_listed: false, needs_origin: false }
    }

    /// Adds the names of [`loopback`](Self::loopback): a request that names them is from this
    /// machine, or through a proxy on it.
    #[must_use]
    pub fn and_loopback(mut self) -> Self {
        self.names.extend(Name::loopback());
        self
    }

    /// Adds an origin whose pages may connect, in addition to those of the host itself:
    ///
    /// | origin                                    | pages                                      |
    /// |-------------------------------------------|--------------------------------------------|
    /// | `https://example.com`                     | of this scheme and host, on port 443       |
    /// | `http://example.com:8080`                 | of this scheme and host, on this port      |
    /// | `http://localhost:*`                      | of this scheme and host, on every port     |
    /// | `tauri://localhost`, `chrome-extension://id` | of an app: compared as a whole          |
    /// | `null`                                    | sandboxed pages and files, of *any* author |
    ///
    /// # Errors
    ///
    /// [`InvalidGuard::Origin`] if it is not an origin, for example because it has a path.
    pub fn origin(mut self, origin: &str) -> Result<Self, InvalidGuard> {
        self.origins.push(Allowed::parse(origin).ok_or(InvalidGuard::Origin)?);
        Ok(self)
    }

    /// Rejects pages of the host itself too, unless their [`origin`](Self::origin) is listed: for a
    /// server that has no pages, or pages of several authors. Default: they may connect.
    #[must_use]
    pub const fn only_listed_origins(mut self) -> Self {
        self.only_listed = true;
        self
    }

    /// Rejects requests without an origin. Default: they are accepted, because only browsers send
    /// one (§4.2.1 no. 7).
    #[must_use]
    pub const fn require_origin(mut self) -> Self {
        self.needs_origin = true;
        self
    }

    /// Checks a request, which need not be an opening handshake.
    ///
    /// ```
    /// use sansocket::{Guard, HttpResponse, RequestHead};
    ///
    /// /// The response to a request that must not be accepted.
    /// fn refusal(guard: &Guard, request: &RequestHead) -> Option<HttpResponse> {
    ///     guard.check(request).err().map(|error| error.response())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`GuardError`]: reject the request with its [`response`](GuardError::response).
    pub fn check(&self, request: &RequestHead) -> Result<(), GuardError> {
        self.check_fields(request.host(), request.headers().get_all("Origin"))
    }

    /// Checks the host that is requested, and the lines of `Origin`.
    pub(crate) fn check_fields<'a>(
        &self,
        host: Option<&str>,
        mut origins: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), GuardError> {
        // RFC 9110 §7.4: "an origin server MUST reject a request if any scheme-specific
        // requirements for the target resource are not met"
        let host = host.and_then(|host| parse_authority(host).ok());
        let (host, port) = host.ok_or(GuardError::Host)?;
        let mut names = self.names.iter().filter(|name| name.allows(host, port)).peekable();
        if names.peek().is_none() {
            return Err(GuardError::Host);
        }
        // RFC 6455 §10.2: "Servers that are not intended to process input from any web page but
        // only for certain sites SHOULD verify the |Origin| field is an origin they expect"
        let is_accepted = match (origins.next(), origins.next()) {
            (None, _) => !self.needs_origin,
            (Some(sent), None) => str::from_utf8(sent).is_ok_and(|sent| {
                let is_own = |page: Origin<'_>| {
                    !self.only_listed && names.any(|name| name.has_page(&page, host, port))
                };
                Origin::parse(sent).is_some_and(is_own)
                    || self.origins.iter().any(|origin| origin.is(sent))
            }),
            _ => false,
        };
        if is_accepted { Ok(()) } else { Err(GuardError::Origin) }
    }

    /// Checks an opening handshake, and rejects it with the response of the error.
    #[cfg(feature = "std")]
    pub(crate) fn admit(&self, request: Request) -> Result<Request, Rejection> {
        match self.check(&request) {
            Ok(()) => Ok(request),
            Err(error) => Err(request.reject_for(error.into())),
        }
    }
}
