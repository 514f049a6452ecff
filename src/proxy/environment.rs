//! Which proxy to use for which server: environment variables by curl's rules, in the order of
//! RFC 6455 §4.1.
//!
//! The first that is set to more than nothing:
//!
//! | no. | for `ws:`                      | for `wss:`                     | why |
//! |----:|--------------------------------|--------------------------------|-----|
//! | 1   | `ws_proxy`, `WS_PROXY`         | `wss_proxy`, `WSS_PROXY`       | chosen for WebSocket |
//! | 2   | the first SOCKS5 proxy of nos. 3–5 | the first SOCKS5 proxy of nos. 3–5 | §4.1 |
//! | 3   | `https_proxy`, `HTTPS_PROXY`   | `https_proxy`, `HTTPS_PROXY`   | §4.1: before that of HTTP |
//! | 4   | `http_proxy`                   | –                              | curl |
//! | 5   | `all_proxy`, `ALL_PROXY`       | `all_proxy`, `ALL_PROXY`       | curl |
//!
//! No proxy is used for hosts in `no_proxy`, or in `NO_PROXY` if that is not set. `HTTP_PROXY` is
//! not read, as in curl: a CGI server sets it from the header field `Proxy` of a request, which
//! would let a client choose the proxy (httpoxy).

use alloc::string::String;
use core::{error, fmt};

use super::address::{InvalidProxy, Proxy};
use super::no_proxy::NoProxy;
use crate::handshake::Uri;

/// The proxies of `ws:` and `wss:` addresses, and the hosts that none is used for.
///
/// ```
/// use sansocket::Uri;
/// use sansocket::proxy::Proxies;
///
/// let proxies = Proxies::from_vars(|name| match name {
///     "HTTPS_PROXY" => Some("http://proxy.example:3128".into()),
///     "NO_PROXY" => Some("localhost, 10.0.0.0/8, .internal.example:8080".into()),
///     _ => None,
/// })?;
/// let proxy = proxies.for_uri(&Uri::parse("wss://example.com/")?);
/// assert_eq!(proxy.unwrap().host(), "proxy.example");
/// assert!(proxies.for_uri(&Uri::parse("wss://10.1.2.3/")?).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    ws: Option<Proxy>,
    wss: Option<Proxy>,
    no_proxy: NoProxy,
}

impl Proxies {
    /// Reads the environment of the process by curl's rules, in the order of RFC 6455 §4.1:
    ///
    /// | for `ws:` | for `wss:` |
    /// |---|---|
    /// | `ws_proxy`, `WS_PROXY` | `wss_proxy`, `WSS_PROXY` |
    /// | the first SOCKS5 proxy of those below | the first SOCKS5 proxy of those below |
    /// | `https_proxy`, `HTTPS_PROXY` | `https_proxy`, `HTTPS_PROXY` |
    /// | `http_proxy`, but not `HTTP_PROXY` | – |
    /// | `all_proxy`, `ALL_PROXY` | `all_proxy`, `ALL_PROXY` |
    ///
    /// `no_proxy` or `NO_PROXY` is a list as in [`no_proxy`](Self::no_proxy). Variables are read
    /// now, not when connecting. On Windows, where names of variables have no case, `http_proxy` is
    /// not read in a CGI program (`REQUEST_METHOD` is set).
    ///
    /// # Errors
    ///
    /// [`InvalidVariable`] if any of these is not the address of a proxy: a connection without the
    /// proxy would not be what the user wants.
    #[cfg(feature = "std")]
    pub fn from_env() -> Result<Self, InvalidVariable> {
        let is_cgi = cfg!(windows) && std::env::var_os("REQUEST_METHOD").is_some();
        Self::from_vars(|name| {
            let value = std::env::var_os(name).filter(|_| !(is_cgi && name == "http_proxy"));
            // What is not Unicode is not the address of a proxy either.
            value.map(|value| value.to_string_lossy().into_owned())
        })
    }

    /// As `from_env`, with the values of variables from a function.
    ///
    /// # Errors
    ///
    /// [`InvalidVariable`] if the value of a variable is not the address of a proxy.
    pub fn from_vars(mut var: impl FnMut(&str) -> Option<String>) -> Result<Self, InvalidVariable> {
        let mut first = |names: &[&'static str]| {
            let mut values = names.iter().filter_map(|&name| Some((name, var(name)?)));
            values.find(|(_, value)| !value.trim().is_empty())
        };
        let no_proxy = first(&["no_proxy", "NO_PROXY"]);
        let mut proxy = |names: &[&'static str]| {
            let Some((name, value)) = first(names) else { return Ok(None) };
            let parsed = Proxy::parse(value.trim());
            parsed.map(Some).map_err(|error| InvalidVariable { name, error })
        };
        let ws = proxy(&["ws_proxy", "WS_PROXY"])?;
        let wss = proxy(&["wss_proxy", "WSS_PROXY"])?;
        let https = proxy(&["https_proxy", "HTTPS_PROXY"])?;
        let http = proxy(&["http_proxy"])?;
        let all = proxy(&["all_proxy", "ALL_PROXY"])?;
        Ok(Self {
            ws: choose(ws, &[&https, &http, &all]),
            wss: choose(wss, &[&https, &all]),
            no_proxy: NoProxy::parse(&no_proxy.map(|(_, list)| list).unwrap_or_default()),
        })
    }

    /// Sets the hosts that no proxy is used for: entries separated by commas or white space.
    /// Default: none.
    ///
    /// | entry | hosts |
    /// |---|---|
    /// | `*` | all |
    /// | `example.com`, `.example.com`, `*.example.com` | that name, and all names below it |
    /// | `192.0.2.1`, `2001:db8::1` | that address |
    /// | `192.0.2.0/24`, `2001:db8::/32` | the addresses with that prefix |
    /// | `example.com:8080`, `192.0.2.1:8080`, `[2001:db8::1]:8080`, `*:8080` | the same, on that port |
    ///
    /// Other entries are ignored. Names are not resolved.
    #[must_use]
    pub fn no_proxy(mut self, list: &str) -> Self {
        self.no_proxy = NoProxy::parse(list);
        self
    }

    /// Returns the proxy for a server; `None` to connect without one.
    #[must_use]
    pub fn for_uri(&self, uri: &Uri) -> Option<&Proxy> {
        let proxy = if uri.is_secure() { &self.wss } else { &self.ws };
        proxy.as_ref().filter(|_| !self.no_proxy.contains(uri.host(), uri.port()))
    }
}

/// One proxy for all servers.
impl From<Proxy> for Proxies {
    fn from(proxy: Proxy) -> Self {
        Self { ws: Some(proxy.clone()), wss: Some(proxy), no_proxy: NoProxy::default() }
    }
}

/// Nos. 1 to 5 of the table.
fn choose(own: Option<Proxy>, others: &[&Option<Proxy>]) -> Option<Proxy> {
    own.or_else(|| {
        let mut others_set = others.iter().copied().flatten();
        let socks5 = others_set.clone().find(|proxy| proxy.is_socks5());
        socks5.or_else(|| others_set.next()).cloned()
    })
}

/// An environment variable is not the address of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidVariable {
    name: &'static str,
    error: InvalidProxy,
}

impl InvalidVariable {
    /// Returns the name of the variable.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what is invalid.
    #[must_use]
    pub fn error(&self) -> InvalidProxy {
        self.error
    }
}

impl fmt::Display for InvalidVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment variable {}: {}", self.name, self.error)
    }
}

impl error::Error for InvalidVariable {}
