//! Negotiation of permessage-deflate in the opening handshake: RFC 7692 §5, §7.1.
//!
//! ```text
//!   client  offer() ──►  permessage-deflate; client_max_window_bits  ──►  answer()  server
//!           accept() ◄──  permessage-deflate; server_max_window_bits=12  ◄──┘
//! ```
//!
//! The parameters are named by role, `server` and `client`; [`Agreed`] has ours and the peer's, so
//! other modules do not depend on the role.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::{error, fmt};

use super::options::Deflate;
use super::window::{Agreed, MAX_BITS, Window};

/// The extension's name in `Sec-WebSocket-Extensions` (§7).
pub const NAME: &str = "permessage-deflate";

impl Deflate {
    /// Returns the client's offer, for `Sec-WebSocket-Extensions`.
    ///
    /// It is one offer, without a fallback: the server complies with all of it, or there is no
    /// compression. It always allows the server to limit our window.
    #[must_use]
    pub fn offer(&self) -> String {
        let offer = Parameters {
            server_no_context_takeover: !self.peers.takeover,
            client_no_context_takeover: !self.ours.takeover,
            server_max_window_bits: limit(self.peers.bits),
            client_max_window_bits: Some(limit(self.ours.bits)),
        };
        offer.to_string()
    }

    /// Returns the server's response to the parameters of one offer, for
    /// `Sec-WebSocket-Extensions`; `None` declines the offer: try the next one.
    ///
    /// The response grants every request of the client, and makes its hints (about its own window)
    /// binding. It has no other parameter, since some clients fail on one that they did not offer:
    /// [`Deflate`] has the one exception.
    #[must_use]
    pub fn answer<'a>(
        &self,
        parameters: impl IntoIterator<Item = (&'a str, Option<Cow<'a, str>>)>,
    ) -> Option<(Agreed, String)> {
        // RFC 7692 §7: "A server MUST decline an extension negotiation offer for this extension if"
        // it is not valid
        let offer = Parameters::parse(parameters).ok()?;
        // RFC 7692 §7.2.1: "Otherwise, the server MAY take over" its window: our own limits need no
        // parameter.
        let ours = Window {
            bits: self.ours.bits.min(offer.server_max_window_bits.unwrap_or(MAX_BITS)),
            takeover: self.ours.takeover && !offer.server_no_context_takeover,
        };
        let peers = Window {
            bits: match offer.client_max_window_bits {
                Some(hint) => self.peers.bits.min(hint.unwrap_or(MAX_BITS)),
                // RFC 7692 §7.1.2.2: "If a received extension negotiation offer doesn't have the
                // "client_max_window_bits" extension parameter, the corresponding extension
                // negotiation response to the offer MUST NOT include" it
                None => MAX_BITS,
            },
            takeover: self.peers.takeover && !offer.client_no_context_takeover,
        };
        let answer = Parameters {
            // RFC 7692 §7.1.1.1: "A server accepts an extension negotiation offer that includes the
            // "server_no_context_takeover" extension parameter by including" it
            server_no_context_takeover: offer.server_no_context_takeover,
            // RFC 7692 §7.1.1.2: "A server MAY include" it, offered or not. Nothing else prevents
            // context takeover by the client.
            client_no_context_takeover: !peers.takeover,
            // RFC 7692 §7.1.2.1: "with the same or smaller value as the offer". The same: Netty 4.1
            // fails on a smaller one.
            server_max_window_bits: offer.server_max_window_bits,
            client_max_window_bits: limit(peers.bits).map(Some),
        };
        Some((Agreed { ours, peers }, answer.to_string()))
    }

    /// Checks the parameters of the server's response to [`offer`](Self::offer) for the client.
    ///
    /// # Errors
    ///
    /// [`InvalidAnswer`] if it is not valid, or does not grant the offer: fail the connection (§7).
    pub fn accept<'a>(
        &self,
        parameters: impl IntoIterator<Item = (&'a str, Option<Cow<'a, str>>)>,
    ) -> Result<Agreed, InvalidAnswer> {
        // RFC 7692 §7: "A client MUST _Fail the WebSocket Connection_ if" the answer is not valid
        let answer = Parameters::parse(parameters)?;
        // RFC 7692 §7.1.1.1: "A server accepts an extension negotiation offer that includes the
        // "server_no_context_takeover" extension parameter by including" it
        if !self.peers.takeover && !answer.server_no_context_takeover {
            return Err(InvalidAnswer::Missing(SERVER_NO_CONTEXT_TAKEOVER));
        }
        let peers_bits = match (limit(self.peers.bits), answer.server_max_window_bits) {
            (Some(_), None) => return Err(InvalidAnswer::Missing(SERVER_MAX_WINDOW_BITS)),
            (Some(offered), Some(answered)) if answered > offered => {
                return Err(InvalidAnswer::WindowTooLarge { offered, answered });
            }
            (_, answered) => answered.unwrap_or(MAX_BITS),
        };
        let ours_bits = match answer.client_max_window_bits {
            // RFC 7692 §7.1.2.2: it "has a decimal integer value" in a response; only an offer may
            // have none
            Some(None) => return Err(InvalidAnswer::InvalidValue(CLIENT_MAX_WINDOW_BITS)),
            Some(Some(bits)) => bits.min(self.ours.bits),
            None => self.ours.bits,
        };
        Ok(Agreed {
            // RFC 7692 §7.1.1.2: "A client MUST support the "client_no_context_takeover" extension
            // parameter"
            ours: Window {
                bits: ours_bits,
                takeover: self.ours.takeover && !answer.client_no_context_takeover,
            },
            peers: Window { bits: peers_bits, takeover: !answer.server_no_context_takeover },
        })
    }
}

/// The parameters of an offer or a response.
#[derive(Default)]
struct Parameters {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    client_max_window_bits: Option<Option<u8>>,
}

impl Parameters {
    fn parse<'a>(
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

/// The parameter for a window; the largest one needs none.
fn limit(bits: u8) -> Option<u8> {
    (bits < MAX_BITS).then_some(bits)
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

const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";
