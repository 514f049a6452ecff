//! SOCKS5, the client's side: RFC 1928, and RFC 1929 for a user name and a password.
//!
//! | state          | received                    | next                                          |
//! |----------------|-----------------------------|-----------------------------------------------|
//! | Method         | `05 00`                     | send the request → Reply                      |
//! |                | `05 02`, if it was offered  | send the user name and the password → Status  |
//! |                | `05 FF`, `05` and any other | **error**                                     |
//! | Status         | `01 00`                     | send the request → Reply                      |
//! |                | `01` and any other          | **error**                                     |
//! | Reply          | `05 00 xx`, an address      | **open**: the bytes after it are the tunnel's |
//! |                | `05` and any other          | **error**                                     |
//! | any            | another first byte          | **error**                                     |
//! | any            | end of the stream           | **error**                                     |
//!
//! An address is `01` and 4 bytes, `04` and 16 bytes, or `03`, a length and so many bytes; and 2
//! bytes for the port. The longest reply has 262 bytes. Each byte is judged when it is received.

use alloc::vec::Vec;

use bytes::{Buf, Bytes, BytesMut};

use super::credentials::Credentials;
use super::error::SocksError;
use super::target::Target;

/// The version of the protocol (RFC 1928 §3), and that of RFC 1929 §2.
const VERSION: u8 = 5;
const STATUS_VERSION: u8 = 1;

/// Methods of authentication: RFC 1928 §3.
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xFF;

pub(super) struct Socks5 {
    state: State,
    received: BytesMut,
    input_ended: bool,
    target: Target,
    credentials: Option<Credentials>,
}

/// What the next bytes are.
#[derive(Clone, Copy)]
enum State {
    Method,
    Status,
    Reply,
}

impl Socks5 {
    pub(super) fn new(target: Target, credentials: Option<Credentials>) -> Self {
        let received = BytesMut::new();
        Self { state: State::Method, received, input_ended: false, target, credentials }
    }

    /// The first message: the methods that the client offers (RFC 1928 §3).
    pub(super) fn greeting(&self) -> Vec<u8> {
        match self.credentials {
            Some(_) => [VERSION, 2, NO_AUTHENTICATION, USER_AND_PASSWORD].to_vec(),
            None => [VERSION, 1, NO_AUTHENTICATION].to_vec(),
        }
    }

    pub(super) fn received(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    pub(super) fn end_input(&mut self) {
        self.input_ended = true;
    }

    /// Returns the tunnel's first bytes once it is open. Messages to send are appended to the
    /// output.
    pub(super) fn receive(&mut self, output: &mut BytesMut) -> Result<Option<Bytes>, SocksError> {
        loop {
            let parsed = match self.state {
                State::Method => self.parse_method()?,
                State::Status => parse_status(&self.received)?,
                State::Reply => parse_reply(&self.received)?,
            };
            let Some((len, next)) = parsed else {
                return if self.input_ended { Err(SocksError::Incomplete) } else { Ok(None) };
            };
            self.received.advance(len);
            match (next, &self.credentials) {
                (Next::Authenticate, Some(credentials)) => {
                    output.extend_from_slice(&credentials.subnegotiation());
                    self.state = State::Status;
                }
                (Next::Authenticate, None) => return Err(SocksError::Method(USER_AND_PASSWORD)),
                (Next::Request, _) => {
                    // RFC 1928 §4: VER, CMD (CONNECT is 1), RSV, and the address
                    output.extend_from_slice(&[VERSION, 1, 0]);
                    output.extend_from_slice(&self.target.socks5());
                    self.state = State::Reply;
                }
                (Next::Open, _) => return Ok(Some(self.received.split().freeze())),
            }
        }
    }

    /// VER and METHOD of RFC 1928 §3.
    fn parse_method(&self) -> Parsed {
        check_version(&self.received, VERSION)?;
        match self.received.get(1) {
            None => Ok(None),
            Some(&NO_AUTHENTICATION) => Ok(Some((2, Next::Request))),
            Some(&USER_AND_PASSWORD) => Ok(Some((2, Next::Authenticate))),
            // RFC 1928 §3: "If the selected METHOD is X'FF', none of the methods listed by the
            // client are acceptable"
            Some(&NO_METHOD) if self.credentials.is_none() => Err(SocksError::CredentialsRequired),
            Some(&NO_METHOD) => Err(SocksError::NoAcceptableMethod),
            Some(&method) => Err(SocksError::Method(method)),
        }
    }
}

/// What follows a message of the proxy.
enum Next {
    Authenticate,
    Request,
    Open,
}

/// The length of the message at the front, and what follows it; `None` if it is incomplete.
type Parsed = Result<Option<(usize, Next)>, SocksError>;

/// VER and STATUS of RFC 1929 §2.
fn parse_status(bytes: &[u8]) -> Parsed {
    check_version(bytes, STATUS_VERSION)?;
    match bytes.get(1) {
        None => Ok(None),
        // RFC 1929 §2: "A STATUS field of X'00' indicates success."
        Some(0) => Ok(Some((2, Next::Request))),
        Some(_) => Err(SocksError::Unauthorized),
    }
}

/// VER, REP, RSV, ATYP, BND.ADDR and BND.PORT of RFC 1928 §6.
fn parse_reply(bytes: &[u8]) -> Parsed {
    check_version(bytes, VERSION)?;
    match bytes.get(1) {
        None | Some(0) => {}
        Some(&code) => return Err(SocksError::from_reply(code)),
    }
    let address_len = match bytes.get(3..).unwrap_or_default() {
        [] | [3] => return Ok(None),
        [1, ..] => 4,
        [3, len, ..] => 1 + usize::from(*len),
        [4, ..] => 16,
        [address_type, ..] => return Err(SocksError::AddressType(*address_type)),
    };
    let len = 4 + address_len + 2;
    Ok((bytes.len() >= len).then_some((len, Next::Open)))
}

fn check_version(bytes: &[u8], version: u8) -> Result<(), SocksError> {
    match bytes.first() {
        None => Ok(()),
        Some(first) if *first == version => Ok(()),
        Some(b'H') => Err(SocksError::Http),
        // RFC 8446 §5.1: the content types of records, alert(21) and handshake(22)
        Some(21 | 22) => Err(SocksError::Tls),
        Some(&first) => Err(SocksError::Version(first)),
    }
}
