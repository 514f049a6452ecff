//! Validation of a client's opening handshake: RFC 6455 §4.2.1.
//!
//! One pass collects the fields; then they are checked so that the most helpful error is first.

use super::authority::measure_authority;
use super::fields::{are_extensions, has_element, is_in_any_case, list_contains};
use super::head_error::HeadError;
use super::key;
use super::request_error::RequestError;
use super::subprotocols::names;
use super::target;

/// Checks that a request is an opening handshake, and returns its key.
pub(super) fn check<'a>(request: &httparse::Request<'_, 'a>) -> Result<&'a [u8; 24], RequestError> {
    let fields = Fields::of(request.headers);
    // Without `Upgrade: websocket` it is a plain HTTP request, whatever its other fields are.
    if !fields.is_websocket {
        return Err(RequestError::NotWebSocket);
    }
    // RFC 6455 §4.2.1 no. 1: "An HTTP/1.1 or higher GET request"; no higher version has this
    // syntax.
    if request.version != Some(1) {
        return Err(HeadError::HttpVersion.into());
    }
    if request.method != Some("GET") {
        return Err(RequestError::Method);
    }
    if !request.path.is_some_and(target::is_valid) {
        return Err(RequestError::Target);
    }
    if fields.host.single().is_none_or(|host| measure_authority(host).is_err()) {
        return Err(RequestError::Host);
    }
    if !fields.has_no_body() {
        return Err(RequestError::Body);
    }
    if !fields.is_upgraded {
        return Err(RequestError::NotUpgraded);
    }
    // RFC 6455 §4.2.2 no. 4: "If this version does not match a version understood by the server,
    // the server MUST abort"
    if fields.version.single() != Some(b"13") {
        return Err(RequestError::WebSocketVersion);
    }
    // RFC 6455 §4.3: "Sec-WebSocket-Protocol-Client = 1#token"
    if fields.subprotocols.is_invalid() {
        return Err(RequestError::MalformedSubprotocols);
    }
    // RFC 6455 §9.1: "If a value is received by either the client or the server during negotiation
    // that does not conform to the ABNF below, the recipient of such malformed data MUST
    // immediately _Fail the WebSocket Connection_"
    if fields.extensions.is_invalid() {
        return Err(RequestError::MalformedExtensions);
    }
    fields.key.single().and_then(key::check).ok_or(RequestError::Key)
}

/// The relevant header fields of a request.
#[derive(Default)]
struct Fields<'a> {
    is_websocket: bool,
    is_upgraded: bool,
    subprotocols: List,
    extensions: List,
    has_transfer_encoding: bool,
    content_length: Field<'a>,
    host: Field<'a>,
    version: Field<'a>,
    key: Field<'a>,
}

impl<'a> Fields<'a> {
    fn of(headers: &[httparse::Header<'a>]) -> Self {
        let mut fields = Self::default();
        for &httparse::Header { name, value } in headers {
            let name = name.as_bytes();
            if is_in_any_case(name, b"host") {
                fields.host.add(value);
            } else if is_in_any_case(name, b"upgrade") {
                fields.is_websocket |= list_contains(value, b"websocket");
            } else if is_in_any_case(name, b"connection") {
                fields.is_upgraded |= list_contains(value, b"upgrade");
            } else if is_in_any_case(name, b"content-length") {
                fields.content_length.add(value);
            } else if is_in_any_case(name, b"transfer-encoding") {
                fields.has_transfer_encoding = true;
            } else if is_in_any_case(name, b"sec-websocket-key") {
                fields.key.add(value);
            } else if is_in_any_case(name, b"sec-websocket-version") {
                fields.version.add(value);
            } else if is_in_any_case(name, b"sec-websocket-protocol") {
                fields.subprotocols.add(value, names([value]).all(|name| name.is_some()));
            } else if is_in_any_case(name, b"sec-websocket-extensions") {
                fields.extensions.add(value, are_extensions(value));
            }
        }
        fields
    }

    /// RFC 9112 §6.3: a request with a length or transfer coding has a body, which is not frames.
    fn has_no_body(&self) -> bool {
        let no_length =
            self.content_length.is_absent() || self.content_length.single() == Some(b"0");
        no_length && !self.has_transfer_encoding
    }
}

/// A list over all lines of a field, which must have an element: `1#` in the grammar.
#[derive(Default)]
struct List {
    is_present: bool,
    has_element: bool,
    has_bad_line: bool,
}

impl List {
    fn add(&mut self, line: &[u8], is_valid: bool) {
        self.is_present = true;
        self.has_element |= has_element(line);
        self.has_bad_line |= !is_valid;
    }

    fn is_invalid(&self) -> bool {
        self.has_bad_line || (self.is_present && !self.has_element)
    }
}

/// A field that must not repeat.
#[derive(Default)]
struct Field<'a> {
    value: Option<&'a [u8]>,
    repeated: bool,
}

impl<'a> Field<'a> {
    fn add(&mut self, value: &'a [u8]) {
        self.repeated |= self.value.replace(value).is_some();
    }

    /// The value of a field that occurs exactly once.
    fn single(&self) -> Option<&'a [u8]> {
        self.value.filter(|_| !self.repeated)
    }

    fn is_absent(&self) -> bool {
        self.value.is_none()
    }
}
