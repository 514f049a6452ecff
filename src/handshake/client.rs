//! The client's side of the opening handshake: RFC 6455 §4.1.
//!
//! ```text
//!   ClientRequest ──► ClientHandshake ──► output: the request
//!                         input ──► receive ──► (Connection, Response), or an error
//! ```

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::{fmt, str};

use bytes::{Buf, BufMut, Bytes};

use super::body::Body;
use super::client_request::ClientRequest;
use super::fields::{list, list_contains};
use super::head::HeadReader;
use super::head_error::HeadError;
use super::headers::Headers;
use super::key;
use super::negotiation;
use super::response::Response;
use super::response_error::ResponseError;
use super::start_line::STATUS_LINE;
use crate::connection::{Config, Connection, Entropy, Output};

/// The maximum number of interim responses (100, 103 …) before the final one.
const MAX_INTERIM: u8 = 8;

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
    key: [u8; 24],
    subprotocols: Vec<String>,
    needs_subprotocol: bool,
    skips_body_of_redirect: bool,
    output: Output,
    head: HeadReader,
    input_ended: bool,
    /// Interim responses that were skipped.
    interim: u8,
    /// A response other than 101 whose body is incomplete.
    refusal: Option<(Response, Body)>,
}

impl ClientHandshake {
    /// Creates a handshake with this request, for a connection with this configuration. Each
    /// attempt needs its own entropy (§4.1 no. 7, §5.3).
    #[must_use]
    pub fn new(request: &ClientRequest, config: Config, mut entropy: Entropy) -> Self {
        // RFC 6455 §4.1: "The nonce MUST be selected randomly for each connection."
        let key = key::encode(entropy.nonce());
        let output = request.encode(&key, negotiation::offer(&config).as_deref());
        let head = HeadReader::new(&STATUS_LINE, config.head_limits());
        Self {
            opening: Some((config, entropy)),
            key,
            subprotocols: request.subprotocols.clone(),
            needs_subprotocol: request.needs_subprotocol && !request.subprotocols.is_empty(),
            skips_body_of_redirect: request.skips_body_of_redirect,
            output,
            head,
            input_ended: false,
            interim: 0,
            refusal: None,
        }
    }

    /// Returns the buffer that received bytes are appended to. It has room for at least 1 KiB.
    pub fn input(&mut self) -> &mut (impl BufMut + use<>) {
        if self.opening.is_none() {
            self.head.clear();
        }
        self.head.input()
    }

    /// Reports the end of the stream: no more bytes will be received.
    pub fn end_input(&mut self) {
        self.input_ended = true;
    }

    /// Returns the request, as bytes to write.
    pub fn output(&mut self) -> &mut (impl Buf + use<>) {
        &mut self.output
    }

    /// Returns whether to read from the stream: false after the connection, an error, or the end of
    /// the stream.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        self.opening.is_some() && !self.input_ended
    }

    /// Returns whether the output has bytes to write.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.output.has_remaining()
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

    /// Returns the bytes that were received after a refusal
    /// ([`ResponseError::UnexpectedStatus`]): those after the part of the body that the response
    /// has. If that part [`is_complete`](Response::is_complete), the stream can carry another
    /// request, unless the response has `Connection: close`.
    #[must_use]
    pub fn into_rest(self) -> Bytes {
        Bytes::copy_from_slice(self.head.rest())
    }

    fn next_response(&mut self) -> Result<Option<(Connection, Response)>, ResponseError> {
        while self.refusal.is_none() {
            let Some(response) = self.head.receive(Response::parse)? else {
                return if self.input_ended { Err(HeadError::Incomplete.into()) } else { Ok(None) };
            };
            match response.status() {
                101 => return self.open(response).map(Some),
                // RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses
                // received prior to a final response"
                100..=199 if self.interim < MAX_INTERIM => self.interim += 1,
                _ if self.skips_body_of_redirect && response.is_redirect() => {
                    return Err(ResponseError::UnexpectedStatus(Box::new(response)));
                }
                status => {
                    let body = Body::new(status, response.headers());
                    self.refusal = Some((response, body));
                }
            }
        }
        self.refuse()
    }

    /// Receives the body of a response other than 101.
    fn refuse(&mut self) -> Result<Option<(Connection, Response)>, ResponseError> {
        let Some((mut refusal, mut body)) = self.refusal.take() else { return Ok(None) };
        let parsed = body.receive(self.head.rest());
        self.head.advance(parsed);
        if self.input_ended {
            body.end_input();
        }
        if !body.is_over() {
            self.refusal = Some((refusal, body));
            return Ok(None);
        }
        refusal.set_body(body);
        Err(ResponseError::UnexpectedStatus(Box::new(refusal)))
    }

    /// Checks a 101, and creates the connection.
    fn open(&mut self, response: Response) -> Result<(Connection, Response), ResponseError> {
        let subprotocol = self.check(response.headers())?;
        let Some((config, entropy)) = self.opening.take() else {
            return Err(HeadError::Incomplete.into());
        };
        let agreed = negotiation::accept(&config, response.headers())?;
        let rest = self.head.take_rest();
        let mut connection = Connection::client(config, entropy);
        negotiation::apply(&mut connection, agreed.as_ref());
        connection.continue_handshake(rest, self.input_ended, Vec::new(), subprotocol.as_deref());
        Ok((connection, response))
    }

    /// Checks a 101 by §4.1; returns the subprotocol that the server chose.
    fn check(&self, headers: &Headers) -> Result<Option<String>, ResponseError> {
        // RFC 6455 §4.1 no. 2: "contains a value that is not an ASCII case-insensitive match for
        // the value "websocket""
        let is_websocket = |value: &[u8]| value.eq_ignore_ascii_case(b"websocket");
        let mut upgrade = list(headers.get_all("Upgrade"));
        if !(upgrade.next().is_some_and(is_websocket) && upgrade.all(is_websocket)) {
            return Err(ResponseError::NotWebSocket);
        }
        if !list_contains(headers.get_all("Connection"), b"upgrade") {
            return Err(ResponseError::NotUpgraded);
        }
        // RFC 6455 §4.1 no. 4: "a value other than the base64-encoded SHA-1 …, the client MUST
        // _Fail the WebSocket Connection_"
        if headers.single("Sec-WebSocket-Accept") != Some(&key::accept(&self.key)) {
            return Err(ResponseError::AcceptKey);
        }
        if !headers.contains("Sec-WebSocket-Protocol") {
            return if self.needs_subprotocol {
                Err(ResponseError::NoSubprotocol)
            } else {
                Ok(None)
            };
        }
        // RFC 6455 §4.1 no. 6: a subprotocol "that was not present in the client's handshake". An
        // empty field selects none, but fails also if none was offered. RFC 6455 §4.2.2: it "is not
        // a legal value for this field", and a response that does not conform fails.
        let chosen =
            headers.single("Sec-WebSocket-Protocol").and_then(|name| str::from_utf8(name).ok());
        match self.subprotocols.iter().find(|offered| Some(offered.as_str()) == chosen) {
            Some(subprotocol) => Ok(Some(subprotocol.clone())),
            None => Err(ResponseError::Subprotocol),
        }
    }
}

impl fmt::Debug for ClientHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHandshake")
            .field("refusal", &self.refusal.as_ref().map(|(response, _)| response))
            .finish_non_exhaustive()
    }
}
