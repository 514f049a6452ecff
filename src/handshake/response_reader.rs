//! Receiving the final response to a request: RFC 9110 §15.2, RFC 9112 §6.3.
//!
//! | response                            | result                                                |
//! |-------------------------------------|-------------------------------------------------------|
//! | interim: 1xx, at most eight         | skipped                                               |
//! | the expected status                 | `Accepted`; the bytes after the head stay             |
//! | any other                           | `Refused`, with the beginning of its body             |

use alloc::boxed::Box;

use bytes::{BufMut, Bytes};

use super::body::Body;
use super::head::HeadReader;
use super::head_error::HeadError;
use super::response::Response;
use super::start_line::STATUS_LINE;
use crate::connection::{HeadLimits, Inbox};

/// The maximum number of interim responses (100, 103 …) before the final one.
const MAX_INTERIM: u8 = 8;

/// A final response.
pub(crate) enum FinalResponse {
    /// It has the expected status. The bytes after its head belong to another protocol.
    Accepted(Response),
    /// It has another status.
    Refused(Box<Response>),
}

/// Receives the final response to one request.
pub(crate) struct ResponseReader {
    /// Whether a status is the expected one.
    is_expected: fn(u16) -> bool,
    head: HeadReader,
    input_ended: bool,
    /// Interim responses that were skipped.
    interim: u8,
    /// A response with another status whose body is incomplete.
    refusal: Option<(Response, Body)>,
}

impl ResponseReader {
    pub(crate) fn new(limits: HeadLimits, is_expected: fn(u16) -> bool) -> Self {
        let head = HeadReader::new(&STATUS_LINE, limits);
        Self { is_expected, head, input_ended: false, interim: 0, refusal: None }
    }

    /// Returns the buffer that received bytes are appended to.
    pub(crate) fn input(&mut self) -> &mut (impl BufMut + use<>) {
        self.head.input()
    }

    pub(crate) fn end_input(&mut self) {
        self.input_ended = true;
    }

    pub(crate) const fn input_has_ended(&self) -> bool {
        self.input_ended
    }

    /// Returns the response; `None` until more bytes are received.
    pub(crate) fn receive(&mut self) -> Result<Option<FinalResponse>, HeadError> {
        while self.refusal.is_none() {
            let Some(response) = self.head.receive(Response::parse)? else {
                return if self.input_ended { Err(HeadError::Incomplete) } else { Ok(None) };
            };
            match response.status() {
                status if (self.is_expected)(status) => {
                    return Ok(Some(FinalResponse::Accepted(response)));
                }
                // RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses
                // received prior to a final response"; §15.2.2: a 101 is final.
                100 | 102..=199 if self.interim < MAX_INTERIM => self.interim += 1,
                status => {
                    let body = Body::new(status, response.headers());
                    self.refusal = Some((response, body));
                }
            }
        }
        Ok(self.refuse())
    }

    /// Receives the body of a refusal.
    fn refuse(&mut self) -> Option<FinalResponse> {
        let (mut refusal, mut body) = self.refusal.take()?;
        let parsed = body.receive(self.head.rest());
        self.head.advance(parsed);
        if self.input_ended {
            body.end_input();
        }
        if !body.is_over() {
            self.refusal = Some((refusal, body));
            return None;
        }
        refusal.set_body(body);
        Some(FinalResponse::Refused(Box::new(refusal)))
    }

    /// The refusal whose body is incomplete.
    pub(crate) fn refusal(&self) -> Option<&Response> {
        self.refusal.as_ref().map(|(response, _)| response)
    }

    /// Waits no longer for the body of a refusal.
    pub(crate) fn skip_body(&mut self) {
        if let Some((_, body)) = &mut self.refusal {
            body.stop();
        }
    }

    /// Takes the bytes after the response.
    pub(crate) fn take_rest(&mut self) -> Inbox {
        self.head.take_rest()
    }

    /// Copies the bytes after the response.
    pub(crate) fn rest(&self) -> Bytes {
        Bytes::copy_from_slice(self.head.rest())
    }

    /// Discards all bytes.
    pub(crate) fn clear(&mut self) {
        self.head.clear();
    }
}
