//! The grammar of header fields: RFC 9110 §5.5–§5.6, and RFC 6455 §9.1 for extensions.
//!
//! Single passes over slices, no recursion, no allocation but for an escaped quoted string.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use super::classes;

/// Offers beyond this many are read, and passed over.
const MAX_EXTENSIONS: usize = 32;

/// An offer with more parameters than this likewise.
const MAX_PARAMETERS: usize = 16;

/// Whether this is a token (RFC 9110 §5.6.2): what names of fields, subprotocols and extensions are
/// made of.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && classes::are(text.as_bytes(), classes::TOKEN)
}

/// Whether this may be a field's value (RFC 9110 §5.5): nothing in it can end the line.
pub(super) fn is_value(value: &[u8]) -> bool {
    value.iter().all(|&b| b == b'\t' || (b >= b' ' && b != 0x7F))
}

/// The elements of a comma-separated list without quoted strings, over all lines of it. Empty ones
/// are skipped (RFC 9110 §5.6.1.2).
pub(super) fn list<'a>(
    lines: impl IntoIterator<Item = &'a [u8]>,
) -> impl Iterator<Item = &'a [u8]> {
    lines
        .into_iter()
        .flat_map(|line| line.split(|&b| b == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

/// Whether a list has this token, in any case. It is written in small letters here.
pub(super) fn list_contains<'a, const N: usize>(
    lines: impl IntoIterator<Item = &'a [u8]>,
    token: &[u8; N],
) -> bool {
    // From the end, since "keep-alive, Upgrade" is what comes.
    let has = |line: &[u8]| {
        line.rsplit(|&b| b == b',').any(|element| is_in_any_case(element.trim_ascii(), token))
    };
    lines.into_iter().any(|line| is_in_any_case(line, token) || has(line))
}

/// Whether text is this, in any case. It is written in small letters here, and its length is known:
/// all bytes are compared at once.
#[inline]
pub(super) fn is_in_any_case<const N: usize>(text: &[u8], small: &[u8; N]) -> bool {
    let Ok(text) = <&[u8; N]>::try_from(text) else { return false };
    // Only a capital becomes a small letter by this bit.
    let case = |small: u8| if small.is_ascii_lowercase() { b'a' ^ b'A' } else { 0 };
    text.iter()
        .zip(small)
        .fold(0, |differ, (&byte, &small)| differ | ((byte | case(small)) ^ small))
        == 0
}

/// A parameter's name and, if it has one, its value.
type Parameter<'a> = (&'a str, Option<Cow<'a, str>>);

/// An extension that was offered or agreed on: a name with parameters (RFC 6455 §9.1).
///
/// `Debug` shows the name alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    name: &'a str,
    /// `; name=value; name …`, valid.
    parameters: &'a str,
}

impl<'a> Extension<'a> {
    /// The extension's name, as it was written.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The parameters with their values, in order, quoted values without the quotes.
    pub fn parameters(&self) -> impl Iterator<Item = Parameter<'a>> + use<'a> {
        let mut rest = self.parameters;
        core::iter::from_fn(move || {
            let (parameter, after) = parse_parameter(rest)?;
            rest = after;
            Some(parameter)
        })
    }

    /// Reads an element of the list; gives what follows it, from the comma on.
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

/// Reads `; name [= value]`; gives what follows it.
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

/// Reads a token, between white space; gives what follows it.
fn parse_token(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_ascii_start();
    let end = text.bytes().position(|b| !classes::is(b, classes::TOKEN)).unwrap_or(text.len());
    let (token, rest) = text.split_at(end);
    (!token.is_empty()).then_some((token, rest.trim_ascii_start()))
}

/// Reads a quoted string after its opening quote; gives what follows it, less white space.
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

/// Whether all elements of a line of a `Sec-WebSocket-Extensions` field can be read.
pub(super) fn are_extensions(line: &[u8]) -> bool {
    !extensions([line].into_iter()).any(|extension| extension.is_err())
}

/// The extensions in the lines of a `Sec-WebSocket-Extensions` field, up to the first that can't be
/// read.
pub(super) fn extensions<'a, L: Iterator<Item = &'a [u8]>>(
    lines: L,
) -> impl Iterator<Item = Result<Extension<'a>, Malformed>> {
    Extensions { lines: Some(lines), rest: "", given: 0 }
}

struct Extensions<'a, L> {
    /// The lines to come; none after a malformed one.
    lines: Option<L>,
    /// What is left of the current line.
    rest: &'a str,
    given: usize,
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
                // What is not ASCII is not a token either, so the parser refuses the stand-in.
                self.rest = core::str::from_utf8(line).unwrap_or("\u{FFFD}");
                continue;
            }
            let Some((extension, rest)) = Extension::parse(text) else {
                self.lines = None;
                self.rest = "";
                return Some(Err(Malformed));
            };
            self.rest = rest;
            if self.given < MAX_EXTENSIONS && extension.parameters().nth(MAX_PARAMETERS).is_none() {
                self.given += 1;
                return Some(Ok(extension));
            }
        }
    }
}

/// A list breaks its grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;
