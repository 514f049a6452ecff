//! The grammar of header fields: RFC 9110 §5.5–§5.6, and RFC 6455 §9.1 for extensions.
//!
//! Single passes over slices, without recursion; only an escaped quoted string allocates.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::classes;

/// The maximum number of returned extensions. Later ones are checked and skipped.
const MAX_EXTENSIONS: usize = 32;

/// The maximum number of parameters. An extension with more is checked and skipped.
const MAX_PARAMETERS: usize = 16;

/// Whether this is a token (RFC 9110 §5.6.2): the name of a field, subprotocol or extension.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && classes::are(text.as_bytes(), classes::TOKEN)
}

/// Whether this is a field value (RFC 9110 §5.5): no byte of it can end the line.
pub(super) fn is_value(value: &[u8]) -> bool {
    value.iter().all(|&b| b == b'\t' || (b >= b' ' && b != 0x7F))
}

/// The elements of a comma-separated list without quoted strings, over several lines. Empty
/// elements are skipped (RFC 9110 §5.6.1.2).
pub(super) fn list<'a>(
    lines: impl IntoIterator<Item = &'a [u8]>,
) -> impl Iterator<Item = &'a [u8]> {
    lines
        .into_iter()
        .flat_map(|line| line.split(|&b| b == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

/// Whether a line of a list has an element. A list that must have one is invalid if no line has
/// (RFC 9110 §5.6.1.2).
pub(super) fn has_element(line: &[u8]) -> bool {
    line.iter().any(|byte| !matches!(byte, b',' | b' ' | b'\t'))
}

/// Whether a line of a list contains this lower-case token, in any case.
pub(super) fn list_contains<const N: usize>(line: &[u8], token: &[u8; N]) -> bool {
    // From the end, because browsers send "keep-alive, Upgrade".
    let mut elements = line.rsplit(|&b| b == b',');
    is_in_any_case(line, token)
        || elements.any(|element| is_in_any_case(element.trim_ascii(), token))
}

/// Whether the text equals `lower` in any case. The length of `lower` is constant, so all bytes are
/// compared at once.
#[inline]
pub(super) fn is_in_any_case<const N: usize>(text: &[u8], lower: &[u8; N]) -> bool {
    let Ok(text) = <&[u8; N]>::try_from(text) else { return false };
    // This bit distinguishes an upper-case letter from its lower-case one.
    let case = |lower: u8| if lower.is_ascii_lowercase() { b'a' ^ b'A' } else { 0 };
    // By index: without LTO, an iterator of pairs is no loop of constant length.
    (0..N).fold(0, |differ, at| differ | ((text[at] | case(lower[at])) ^ lower[at])) == 0
}

/// A parameter's name and, if it has one, its value.
type Parameter<'a> = (&'a str, Option<Cow<'a, str>>);

/// An extension in `Sec-WebSocket-Extensions`: a name with parameters (RFC 6455 §9.1).
///
/// `Debug` shows only the name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    name: &'a str,
    /// `; name=value; name …`, valid.
    parameters: &'a str,
}

impl<'a> Extension<'a> {
    /// Parses `Sec-WebSocket-Extensions`, of which each line is a value, for a handshake that
    /// another HTTP stack makes. `None` if an element is malformed. At most 32 extensions with at
    /// most 16 parameters each are returned.
    ///
    /// ```
    /// # #[cfg(feature = "deflate")] {
    /// use sansocket::deflate::{Deflate, NAME};
    /// use sansocket::{Config, Connection, Extension};
    ///
    /// let request = [&b"permessage-deflate; client_max_window_bits"[..], b"other"];
    /// let offers = Extension::parse_all(request).expect("a list of extensions");
    /// let offer = offers.iter().find(|offer| offer.name() == NAME).expect("it was offered");
    /// let deflate = Deflate::new();
    /// let (agreed, answer) = deflate.answer(offer.parameters()).expect("it is acceptable");
    /// assert!(answer.starts_with("permessage-deflate")); // for the response
    /// let connection = Connection::server(Config::new().deflate(deflate)).with_deflate(&agreed);
    /// # let _ = connection;
    /// # }
    /// ```
    pub fn parse_all(values: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<Self>> {
        extensions(values.into_iter()).collect::<Result<_, _>>().ok()
    }

    /// Returns the extension's name, in its original case.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the parameters in order: name and value, unquoted.
    pub fn parameters(&self) -> impl Iterator<Item = Parameter<'a>> + use<'a> {
        let mut rest = self.parameters;
        core::iter::from_fn(move || {
            let (parameter, after) = parse_parameter(rest)?;
            rest = after;
            Some(parameter)
        })
    }

    /// Parses an element of the list; also returns the rest, from the comma on.
    fn parse(text: &'a str) -> Option<(Self, &'a str)> {
        let (name, parameters) = parse_token(text)?;
        let mut rest = parameters;
        while rest.starts_with(';') {
            rest = parse_parameter(rest)?.1;
        }
        let parameters = &parameters[..parameters.len() - rest.len()];
        (rest.is_empty() || rest.starts_with(',')).then_some((Self { name, parameters }, rest))
    }
}

impl fmt::Debug for Extension<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extension").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Parses `; name [= value]`; also returns the rest.
fn parse_parameter(text: &str) -> Option<(Parameter<'_>, &str)> {
    let (name, rest) = parse_token(text.strip_prefix(';')?)?;
    let Some(value) = rest.strip_prefix('=') else { return Some(((name, None), rest)) };
    let Some(quoted) = value.trim_ascii_start().strip_prefix('"') else {
        let (value, rest) = parse_token(value)?;
        return Some(((name, Some(Cow::Borrowed(value))), rest));
    };
    let (value, rest) = parse_quoted(quoted)?;
    // RFC 6455 §9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF"
    is_token(&value).then_some(((name, Some(value)), rest))
}

/// Parses a token and white space around it; also returns the rest.
fn parse_token(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_ascii_start();
    let end = text.bytes().position(|b| !classes::is(b, classes::TOKEN)).unwrap_or(text.len());
    let (token, rest) = text.split_at(end);
    (!token.is_empty()).then_some((token, rest.trim_ascii_start()))
}

/// Parses a quoted string after its opening quote; also returns the rest, without white space.
fn parse_quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut escaped: Option<String> = None;
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => {
                let value = escaped.map_or(Cow::Borrowed(&text[..at]), Cow::Owned);
                return Some((value, text[at + 1..].trim_ascii_start()));
            }
            '\\' => {
                let (_, char) = chars.next()?;
                escaped.get_or_insert_with(|| String::from(&text[..at])).push(char);
            }
            char => {
                if let Some(value) = &mut escaped {
                    value.push(char);
                }
            }
        }
    }
    None
}

/// Whether all elements of a line of `Sec-WebSocket-Extensions` are valid.
pub(super) fn are_extensions(line: &[u8]) -> bool {
    !extensions([line].into_iter()).any(|extension| extension.is_err())
}

/// The extensions in the lines of `Sec-WebSocket-Extensions`, up to the first malformed one.
pub(super) fn extensions<'a, L: Iterator<Item = &'a [u8]>>(
    lines: L,
) -> impl Iterator<Item = Result<Extension<'a>, Malformed>> {
    Extensions { lines: Some(lines), rest: "", returned: 0 }
}

struct Extensions<'a, L> {
    /// The lines that follow; none after a malformed one.
    lines: Option<L>,
    /// The rest of the current line.
    rest: &'a str,
    returned: usize,
}

impl<'a, L: Iterator<Item = &'a [u8]>> Iterator for Extensions<'a, L> {
    type Item = Result<Extension<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self
                .rest
                .bytes()
                .position(|b| !matches!(b, b',' | b' ' | b'\t'))
                .unwrap_or(self.rest.len());
            let text = &self.rest[start..];
            if text.is_empty() {
                let line = self.lines.as_mut()?.next()?;
                // Text that is not ASCII has no token, so the parser rejects this replacement.
                self.rest = core::str::from_utf8(line).unwrap_or("\u{FFFD}");
                continue;
            }
            let Some((extension, rest)) = Extension::parse(text) else {
                self.lines = None;
                self.rest = "";
                return Some(Err(Malformed));
            };
            self.rest = rest;
            if self.returned < MAX_EXTENSIONS
                && extension.parameters().nth(MAX_PARAMETERS).is_none()
            {
                self.returned += 1;
                return Some(Ok(extension));
            }
        }
    }
}

/// A list violates its grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;
