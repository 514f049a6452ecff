//! The parameters of permessage-deflate: RFC 7692 §7.1, as text and as values.
//!
//! They are named by role, `server` and `client`, as in the handshake.

use alloc::borrow::Cow;
use core::{error, fmt};

/// The extension's name in `Sec-WebSocket-Extensions` (§7).
pub const NAME: &str = "permessage-deflate";

/// The parameters of an offer or a response.
#[derive(Default, PartialEq)]
pub(super) struct Parameters {
    pub(super) server_no_context_takeover: bool,
    pub(super) client_no_context_takeover: bool,
    pub(super) server_max_window_bits: Option<u8>,
    pub(super) client_max_window_bits: Option<Option<u8>>,
}

impl Parameters {
    pub(super) fn parse<'a>(
        parameters: impl IntoIterator<Item = (&'a str, Option<Cow<'a, str>>)>,
    ) -> Result<Self, InvalidAnswer> {
        let mut parsed = Self::default();
        for (name, value) in parameters {
            let value = value.as_deref();
            match name {
                SERVER_NO_CONTEXT_TAKEOVER => set_flag(
                    &mut parsed.server_no_context_takeover,
                    SERVER_NO_CONTEXT_TAKEOVER,
                    value,
                )?,
                CLIENT_NO_CONTEXT_TAKEOVER => set_flag(
                    &mut parsed.client_no_context_takeover,
                    CLIENT_NO_CONTEXT_TAKEOVER,
                    value,
                )?,
                SERVER_MAX_WINDOW_BITS => {
                    let bits = value
                        .and_then(window_bits)
                        .ok_or(InvalidAnswer::InvalidValue(SERVER_MAX_WINDOW_BITS))?;
                    set_once(&mut parsed.server_max_window_bits, SERVER_MAX_WINDOW_BITS, bits)?;
                }
                CLIENT_MAX_WINDOW_BITS => {
                    let bits = value.map(|value| {
                        window_bits(value)
                            .ok_or(InvalidAnswer::InvalidValue(CLIENT_MAX_WINDOW_BITS))
                    });
                    set_once(
                        &mut parsed.client_max_window_bits,
                        CLIENT_MAX_WINDOW_BITS,
                        bits.transpose()?,
                    )?;
                }
                _ => return Err(InvalidAnswer::UnknownParameter),
            }
        }
        Ok(parsed)
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        if self.server_no_context_takeover {
            write!(f, "; {SERVER_NO_CONTEXT_TAKEOVER}")?;
        }
        if self.client_no_context_takeover {
            write!(f, "; {CLIENT_NO_CONTEXT_TAKEOVER}")?;
        }
        if let Some(bits) = self.server_max_window_bits {
            write!(f, "; {SERVER_MAX_WINDOW_BITS}={bits}")?;
        }
        match self.client_max_window_bits {
            Some(Some(bits)) => write!(f, "; {CLIENT_MAX_WINDOW_BITS}={bits}"),
            Some(None) => write!(f, "; {CLIENT_MAX_WINDOW_BITS}"),
            None => Ok(()),
        }
    }
}

/// Sets a parameter that "has no value" (§7.1.1).
fn set_flag(flag: &mut bool, name: &'static str, value: Option<&str>) -> Result<(), InvalidAnswer> {
    if value.is_some() {
        return Err(InvalidAnswer::InvalidValue(name));
    }
    // RFC 7692 §7: not "multiple extension parameters with the same name"
    if core::mem::replace(flag, true) { Err(InvalidAnswer::Repeated(name)) } else { Ok(()) }
}

/// Sets a parameter that may be set once.
fn set_once<T>(slot: &mut Option<T>, name: &'static str, value: T) -> Result<(), InvalidAnswer> {
    if slot.replace(value).is_some() { Err(InvalidAnswer::Repeated(name)) } else { Ok(()) }
}

/// RFC 7692 §7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15, inclusive"
fn window_bits(value: &str) -> Option<u8> {
    match value {
        "8" => Some(8),
        "9" => Some(9),
        "10" => Some(10),
        "11" => Some(11),
        "12" => Some(12),
        "13" => Some(13),
        "14" => Some(14),
        "15" => Some(15),
        _ => None,
    }
}

/// A server's response to an offer of permessage-deflate is invalid (§7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidAnswer {
    /// A parameter that the extension does not define (§7).
    UnknownParameter,
    /// This parameter twice (§7).
    Repeated(&'static str),
    /// An invalid or missing value of this parameter (§7.1).
    InvalidValue(&'static str),
    /// This parameter of the offer is missing (§7.1.1.1, §7.1.2.1).
    Missing(&'static str),
    /// This parameter, which was not offered (§7.1.2.2).
    NotOffered(&'static str),
    /// A larger server's window than the offer allows (§7.1.2.1).
    WindowTooLarge {
        /// The maximum bits in the offer.
        offered: u8,
        /// The bits in the response.
        answered: u8,
    },
}

impl fmt::Display for InvalidAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server's answer to permessage-deflate ")?;
        match self {
            Self::UnknownParameter => f.write_str("has an unknown parameter"),
            Self::Repeated(name) => write!(f, "has {name} twice"),
            Self::InvalidValue(name) => write!(f, "has an invalid value for {name}"),
            Self::Missing(name) => {
                write!(f, "lacks {name}, which was offered; offer less, or no compression")
            }
            Self::NotOffered(name) => {
                write!(f, "has {name}, which was not offered; offer it, or no compression")
            }
            Self::WindowTooLarge { offered, answered } => {
                write!(
                    f,
                    "has {SERVER_MAX_WINDOW_BITS}={answered}, larger than the {offered} offered"
                )
            }
        }
    }
}

impl error::Error for InvalidAnswer {}

pub(super) const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
pub(super) const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
pub(super) const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
pub(super) const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";
