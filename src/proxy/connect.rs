//! HTTP CONNECT, the client's side: RFC 9110 §9.3.6, RFC 9112 §3.2.3.
//!
//! | received                       | next                                                       |
//! |--------------------------------|------------------------------------------------------------|
//! | part of a head                 | wait, unless no response can begin or continue like this   |
//! | 1xx but 101, at most eight     | wait for the next head                                     |
//! | 2xx                            | **open**: the bytes after the head are the tunnel's        |
//! | any other status               | collect up to 4 KiB of the body → **error**                |
//! | end of the stream in a head    | **error**                                                  |
//!
//! The limits of a head are those of the opening handshake.

use alloc::format;
use alloc::vec::Vec;

use bytes::{BufMut, Bytes};

use super::credentials::Credentials;
use super::error::ProxyError;
use super::target::Target;
use crate::connection::Config;
use crate::handshake::{FinalResponse, Response, ResponseReader};

pub(super) struct Connect(ResponseReader);

impl Connect {
    pub(super) fn new(config: &Config) -> Self {
        // RFC 9110 §9.3.6: "Any 2xx (Successful) response indicates that the sender … will switch
        // to tunnel mode immediately after the response header section". Content-Length and
        // Transfer-Encoding are not looked at: "A client MUST ignore any Content-Length or
        // Transfer-Encoding header fields received in a successful response to CONNECT."
        Self(ResponseReader::new(config.head_limits(), |status| matches!(status, 200..=299)))
    }

    pub(super) fn received(&mut self, bytes: &[u8]) {
        self.0.input().put_slice(bytes);
    }

    pub(super) fn end_input(&mut self) {
        self.0.end_input();
    }

    pub(super) fn refusal(&self) -> Option<&Response> {
        self.0.refusal()
    }

    pub(super) fn skip_body(&mut self) {
        self.0.skip_body();
    }

    /// Returns the tunnel's first bytes once it is open.
    pub(super) fn receive(&mut self) -> Result<Option<Bytes>, ProxyError> {
        match self.0.receive()? {
            None => Ok(None),
            Some(FinalResponse::Accepted(_)) => Ok(Some(self.0.rest())),
            Some(FinalResponse::Refused(response)) => Err(ProxyError::Refused(response)),
        }
    }
}

/// The request.
pub(super) fn request(target: &Target, credentials: Option<&Credentials>) -> Vec<u8> {
    // RFC 9110 §7.2: the value of Host is "identical to that authority component".
    let mut head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(credentials) = credentials {
        // RFC 9110 §11.7.2
        head += &format!("Proxy-Authorization: {}\r\n", credentials.basic());
    }
    head += "\r\n";
    head.into_bytes()
}
