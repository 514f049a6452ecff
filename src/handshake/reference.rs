//! Addresses relative to others: RFC 3986 §5.2.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

use super::invalid_uri::InvalidUri;
use super::uri::Uri;

impl Uri {
    /// Resolves a reference that was found at this address, such as the `Location` of a redirect:
    ///
    /// | reference at `ws://h/a/b?q`  | address           |
    /// |------------------------------|-------------------|
    /// | `wss://other/c`, `https://other/c` | `wss://other/c` |
    /// | `//other/c`                  | `ws://other/c`    |
    /// | `/c`                         | `ws://h/c`        |
    /// | `../c`                       | `ws://h/c`        |
    /// | `c`                          | `ws://h/a/c`      |
    /// | `?x`                         | `ws://h/a/b?x`    |
    ///
    /// `http:` and `https:` stand for `ws:` and `wss:`. A fragment is dropped.
    ///
    /// # Errors
    ///
    /// [`InvalidUri`] if the address is not valid, for example because of another scheme.
    pub fn join(&self, reference: &str) -> Result<Self, InvalidUri> {
        // RFC 9110 §10.2.2: a fragment is for what a user agent shows.
        let reference = reference.split('#').next().unwrap_or_default();
        if let Some((scheme, rest)) = split_scheme(reference) {
            return Self::parse(&format!("{}:{}", websocket_scheme(scheme), normal(rest)));
        }
        let scheme = self.scheme();
        if reference.starts_with("//") {
            return Self::parse(&format!("{scheme}:{}", normal(reference)));
        }
        let (path, query) = split_query(reference);
        let target = match path {
            // RFC 3986 §5.2.2: the path of the base, and its query if there is none
            "" if query.is_empty() => Cow::Borrowed(self.resource_name()),
            "" => format!("{}{query}", self.path()).into(),
            _ if path.starts_with('/') => format!("{}{query}", remove_dots(path)).into(),
            _ => {
                // RFC 3986 §5.2.3: without what follows the right-most "/" in the path of the base
                let folder = self.path().rfind('/').map_or("/", |at| &self.path()[..=at]);
                format!("{}{query}", remove_dots(&format!("{folder}{path}"))).into()
            }
        };
        self.with_resource_name(&target)
    }
}

/// The scheme of a reference, if it has one: RFC 3986 §3.1.
fn split_scheme(reference: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = reference.split_once(':')?;
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let begins = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    (begins && scheme.bytes().all(is_scheme)).then_some((scheme, rest))
}

/// The scheme of the WebSocket server on the port of an HTTP server.
fn websocket_scheme(scheme: &str) -> &str {
    match scheme {
        _ if scheme.eq_ignore_ascii_case("http") => "ws",
        _ if scheme.eq_ignore_ascii_case("https") => "wss",
        _ => scheme,
    }
}

/// Removes the dots from the path of `//authority/path?query`.
fn normal(rest: &str) -> Cow<'_, str> {
    let Some(after) = rest.strip_prefix("//") else { return Cow::Borrowed(rest) };
    let (authority, target) = after.split_at(after.find(['/', '?']).unwrap_or(after.len()));
    let (path, query) = split_query(target);
    format!("//{authority}{}{query}", remove_dots(path)).into()
}

/// The path, and the query with its `?`.
fn split_query(target: &str) -> (&str, &str) {
    target.split_at(target.find('?').unwrap_or(target.len()))
}

/// Resolves `.` and `..` in an absolute path: RFC 3986 §5.2.4, which ends above no root.
fn remove_dots(path: &str) -> String {
    let mut kept = String::with_capacity(path.len());
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.truncate(kept.rfind('/').unwrap_or(0));
                }
                if segments.peek().is_none() {
                    kept.push('/');
                }
            }
            _ => {
                kept.push('/');
                kept.push_str(segment);
            }
        }
    }
    kept
}
