//! The client's side of the opening handshake: RFC 6455 §4.1.
//!
//! ```text
//!   ClientRequest ──► ClientHandshake ──► output: the request
//!                         input ──► receive ──► (Connection, Response), or an error
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::{Buf, BufMut, Bytes};

use super::client_request::ClientRequest;
use super::fields::{list, list_contains};
use super::head_error::HeadError;
use super::headers::Headers;
use super::key;
use super::negotiation;
use super::response::Response;
use super::response_error::ResponseError;
use super::response_reader::{FinalResponse, ResponseReader};
use super::subprotocols::Subprotocols;
use crate::connection::{Config, Connection, Entropy, Output};

/// Opens a connection: sends a request, and checks the response.
///
/// ```
/// use bytes::Buf;
/// use sansocket::{ClientHandshake, ClientRequest, Config, Entropy};
///
/// let request = ClientRequest::new("ws://example.com/chat")?;
/// let mut handshake = ClientHandshake::new(&request, Config::new(), Entropy::from_seed([7; 32]));
/// assert!(handshake.output().chunk().starts_with(b"GET /chat HTTP/1.1\r\nHost: example.com\r\n"));
/// // Write the output, append received bytes to the input, and call `receive` until it returns
/// // the connection.
/// assert!(handshake.receive().unwrap().is_none());
/// # Ok::<(), sansocket::InvalidUri>(())
/// ```
pub struct ClientHandshake {
    /// `None` once the handshake is done.
    opening: Option<(Config, Entropy)>,
    /// `None` over HTTP/2, whose response has no `Sec-WebSocket-Accept`.
    key: Option<[u8; 24]>,
    subprotocols: Subprotocols,
    needs_subprotocol: bool,
    skips_body_of_redirect: bool,
    output: Output,
    response: ResponseReader,
}

impl ClientHandshake {
    /// Creates a handshake with this request, for a connection with this configuration. Each
    /// attempt needs its own entropy (§4.1 no. 7, §5.3).
    #[must_use]
    pub fn new(request: &ClientRequest, config: Config, mut entropy: Entropy) -> Self {
        // RFC 6455 §4.1: "The nonce MUST be selected randomly for each connection."
        // Taken in any case: the masking keys of a seed do not depend on the request.
        let nonce = entropy.nonce();
        let key = key::encode(request.nonce.unwrap_or(nonce));
        let output = request.encode(&key, negotiation::offer(&config).as_deref());
        let response = ResponseReader::new(config.head_limits(), |status| status == 101);
        Self { key: Some(key), output, ..Self::without_key(request, (config, entropy), response) }
    }

    /// A handshake whose request is sent by somebody else.
    pub(super) fn without_key(
        request: &ClientRequest,
        opening: (Config, Entropy),
        response: ResponseReader,
    ) -> Self {
        Self {
            opening: Some(opening),
            key: None,
            subprotocols: request.subprotocols.clone(),
            needs_subprotocol: request.needs_subprotocol && !request.subprotocols.is_empty(),
            skips_body_of_redirect: request.skips_body_of_redirect,
            output: Output::default(),
            response,
        }
    }

    /// Returns the buffer that received bytes are appended to. It has room for at least 1 KiB.
    pub fn input(&mut self) -> &mut (impl BufMut + use<>) {
        if self.opening.is_none() {
            self.response.clear();
        }
        self.response.input()
    }

    /// Reports the end of the stream: no more bytes will be received.
    pub fn end_input(&mut self) {
        self.response.end_input();
    }

    /// Returns the request, as bytes to write.
    pub fn output(&mut self) -> &mut (impl Buf + use<>) {
        &mut self.output
    }

    /// Returns whether to read from the stream: false after the connection, an error, or the end of
    /// the stream.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        self.opening.is_some() && !self.response.input_has_ended()
    }

    /// Returns whether the output has bytes to write.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.output.has_remaining()
    }

    /// Takes the head of the response. It is checked as if its bytes had been received.
    #[cfg(any(feature = "h2", all(feature = "hyper", feature = "testing")))]
    pub(crate) fn receive_head<'a>(
        &mut self,
        status: u16,
        fields: impl Iterator<Item = (&'a str, &'a [u8])>,
    ) {
        let input = self.input();
        input.put_slice(alloc::format!("HTTP/1.1 {status} \r\n").as_bytes());
        for (name, value) in fields {
            for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                input.put_slice(part);
            }
        }
        input.put_slice(b"\r\n");
    }

    /// Returns the connection once the server has accepted; `None` until more bytes are received,
    /// and after the connection or an error. Frames that came with the response are in the
    /// connection's input.
    ///
    /// # Errors
    ///
    /// [`ResponseError`] if the server did not accept: close the stream.
    pub fn receive(&mut self) -> Result<Option<(Connection, Response)>, ResponseError> {
        let received = if self.opening.is_some() { self.next_response() } else { Ok(None) };
        if received.is_err() {
            self.opening = None;
        }
        received
    }

    /// Returns the head of a response other than 101: the status, the reason phrase and the header
    /// fields. It is there while [`receive`](Self::receive) returns `None` because the body is not
    /// complete. The body is empty here.
    #[must_use]
    pub fn refusal(&self) -> Option<&Response> {
        self.response.refusal()
    }

    /// Waits no longer for the body of a response other than 101: the next
    /// [`receive`](Self::receive) returns it with the part that has arrived. A server may delay the
    /// body, and its head says enough.
    pub fn skip_body(&mut self) {
        self.response.skip_body();
    }

    /// Returns the bytes that were received after a refusal
    /// ([`ResponseError::UnexpectedStatus`]): those after the part of the body that the response
    /// has. If that part [`is_complete`](Response::is_complete), the stream can carry another
    /// request, unless the response has `Connection: close`.
    #[must_use]
    pub fn into_rest(self) -> Bytes {
        self.response.rest()
    }

    fn next_response(&mut self) -> Result<Option<(Connection, Response)>, ResponseError> {
        let mut received = self.response.receive()?;
        if self.skips_body_of_redirect && self.refusal().is_some_and(Response::is_redirect) {
            self.response.skip_body();
            received = self.response.receive()?;
        }
        match received {
            None => Ok(None),
            Some(FinalResponse::Accepted(response)) => self.open(response).map(Some),
            Some(FinalResponse::Refused(mut response)) => {
                response.set_answers_connect(self.key.is_none());
                Err(ResponseError::UnexpectedStatus(response))
            }
        }
    }

    /// Checks a response that accepts, and creates the connection.
    fn open(&mut self, response: Response) -> Result<(Connection, Response), ResponseError> {
        let subprotocol = self.check(response.headers())?;
        let Some((config, entropy)) = self.opening.take() else {
            return Err(HeadError::Incomplete.into());
        };
        let agreed = negotiation::accept(&config, response.headers())?;
        let (rest, input_ended) = (self.response.take_rest(), self.response.input_has_ended());
        let mut connection = Connection::client(config, entropy);
        negotiation::apply(&mut connection, agreed.as_ref());
        connection.continue_handshake(rest, input_ended, Vec::new(), subprotocol.as_deref());
        Ok((connection, response))
    }

    /// Checks a response by §4.1; returns the subprotocol that the server chose.
    fn check(&self, headers: &Headers) -> Result<Option<String>, ResponseError> {
        if let Some(key) = &self.key {
            check_upgrade(headers, key)?;
        }
        match self.subprotocols.accept(headers.get_all("Sec-WebSocket-Protocol"))? {
            None if self.needs_subprotocol => Err(ResponseError::NoSubprotocol),
            chosen => Ok(chosen.map(String::from)),
        }
    }
}

/// Checks the fields of a 101 that only HTTP/1.1 has.
fn check_upgrade(headers: &Headers, key: &[u8; 24]) -> Result<(), ResponseError> {
    // RFC 6455 §4.1 no. 2: "contains a value that is not an ASCII case-insensitive match for the
    // value "websocket""
    let is_websocket = |value: &[u8]| value.eq_ignore_ascii_case(b"websocket");
    let mut upgrade = list(headers.get_all("Upgrade"));
    if !(upgrade.next().is_some_and(is_websocket) && upgrade.all(is_websocket)) {
        return Err(ResponseError::NotWebSocket);
    }
    if !headers.get_all("Connection").any(|line| list_contains(line, b"upgrade")) {
        return Err(ResponseError::NotUpgraded);
    }
    // RFC 6455 §4.1 no. 4: "a value other than the base64-encoded SHA-1 …, the client MUST _Fail
    // the WebSocket Connection_"
    if headers.single("Sec-WebSocket-Accept") != Some(&key::accept(key)) {
        return Err(ResponseError::AcceptKey);
    }
    Ok(())
}

impl fmt::Debug for ClientHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHandshake")
            .field("refusal", &self.response.refusal())
            .finish_non_exhaustive()
    }
}
