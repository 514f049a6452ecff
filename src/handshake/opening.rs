//! Validation of a client's opening handshake: RFC 6455 §4.2.1, and RFC 8441 §5 for HTTP/2.
//!
//! One pass collects the fields; then they are checked so that the most helpful error is first.

use super::authority::measure_authority;
use super::fields::{are_extensions, has_element, is_in_any_case, list_contains};
use super::head_error::HeadError;
use super::key;
use super::request_error::RequestError;
use super::subprotocols::names;

/// What the validation needs of a request line of HTTP/1.
pub(crate) struct RequestLine {
    pub(crate) is_http_1_1: bool,
    pub(crate) is_get: bool,
    pub(crate) has_valid_target: bool,
}

/// Checks that a request is an opening handshake, and returns its key.
#[inline]
pub(crate) fn check<'a>(
    line: &RequestLine,
    fields: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<&'a [u8; 24], RequestError> {
    let fields = Fields::of(fields);
    // Without `Upgrade: websocket` it is a plain HTTP request, whatever its other fields are.
    if !fields.is_websocket {
        return Err(RequestError::NotWebSocket);
    }
    // RFC 6455 §4.2.1 no. 1: "An HTTP/1.1 or higher GET request"; no higher version has this
    // syntax.
    if !line.is_http_1_1 {
        return Err(HeadError::HttpVersion.into());
    }
    if !line.is_get {
        return Err(RequestError::Method);
    }
    if !line.has_valid_target {
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
    fields.check_negotiation()?;
    fields.key.single().and_then(key::check).ok_or(RequestError::Key)
}

/// What the validation needs of the pseudo-header fields of HTTP/2.
#[cfg(feature = "http")]
pub(crate) struct ExtendedConnect<'a> {
    pub(crate) is_connect: bool,
    /// `:protocol`
    pub(crate) protocol: Option<&'a str>,
    /// `:authority`
    pub(crate) authority: Option<&'a str>,
    /// Of `:scheme` and `:path`.
    pub(crate) has_valid_target: bool,
    /// `Connection` or `Upgrade`
    pub(crate) has_connection_field: bool,
}

/// Checks that a request of HTTP/2 is an opening handshake: an extended CONNECT (RFC 8441 §5).
#[cfg(feature = "http")]
pub(crate) fn check_connect<'a>(
    line: &ExtendedConnect<'_>,
    fields: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), RequestError> {
    let fields = Fields::of(fields);
    if !line.is_connect {
        return Err(RequestError::NotConnect);
    }
    // RFC 8441 §5: "it MUST have a value of "websocket""
    if line.protocol != Some("websocket") {
        return Err(RequestError::ConnectProtocol);
    }
    // RFC 8441 §4: "the :scheme and :path pseudo-header fields of the target URI (see Section 5)
    // MUST also be included"
    if !line.has_valid_target {
        return Err(RequestError::Target);
    }
    // RFC 8441 §5: "The Host information is conveyed as part of the :authority pseudo-header
    // field". A router may have removed it; a `Host` beside it must not be another.
    let authority = line.authority.map(str::as_bytes);
    let host = authority.or_else(|| fields.host.single());
    let is_one = fields.host.is_absent() || fields.host.single() == host;
    if !is_one || host.is_none_or(|host| measure_authority(host).is_err()) {
        return Err(RequestError::Host);
    }
    // RFC 8441 §5: the "Connection and Upgrade header fields … MUST NOT be included in the CONNECT
    // request"
    if line.has_connection_field {
        return Err(RequestError::ConnectionField);
    }
    // What follows a CONNECT is the tunnel: a length has no meaning (RFC 9110 §9.3.6).
    if !fields.has_no_body() {
        return Err(RequestError::Body);
    }
    fields.check_negotiation()
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
    #[inline]
    fn of(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut fields = Self::default();
        for (name, value) in headers {
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

    /// Checks the fields that both versions of HTTP have.
    #[inline]
    fn check_negotiation(&self) -> Result<(), RequestError> {
        // RFC 6455 §4.2.2 no. 4: "If this version does not match a version understood by the
        // server, the server MUST abort"
        if self.version.single() != Some(b"13") {
            return Err(RequestError::WebSocketVersion);
        }
        // RFC 6455 §4.3: "Sec-WebSocket-Protocol-Client = 1#token"
        if self.subprotocols.is_invalid() {
            return Err(RequestError::MalformedSubprotocols);
        }
        // RFC 6455 §9.1: "If a value is received by either the client or the server during
        // negotiation that does not conform to the ABNF below, the recipient of such malformed data
        // MUST immediately _Fail the WebSocket Connection_"
        if self.extensions.is_invalid() {
            return Err(RequestError::MalformedExtensions);
        }
        Ok(())
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
