//! Negotiates compression with both sides: the offers to the backend, and the answer to the
//! client's offers (RFC 7692 §5, §7).
//!
//! * The backend accepts an offer of the client's: the client gets the same answer, and messages
//!   pass as they are.
//! * The backend accepts an offer of the proxy's own (`compress_backend`), or none. The proxy
//!   answers a client that offers compression (`compress_client`), and compression ends at the
//!   proxy: messages are decompressed if they arrive compressed, and compressed if the other side
//!   has agreed on it.
//!
//! Where the proxy compresses, it does so without context takeover in either direction: a side that
//! is idle holds no window. A message that is under way holds 47 KiB for its decompression, and up
//! to 273 KiB for its compression: see [`Decompressor`] and [`Compressor`]. Both are returned to a
//! pool: see [`Deflate::memory`].

use http::header::SEC_WEBSOCKET_EXTENSIONS;
use http::{HeaderMap, HeaderValue};
use sansocket::Extension;
use sansocket::deflate::{Agreed, Compressor, Decompressor, Deflate, NAME};

use crate::Settings;

/// The compression that a side and the proxy have agreed on.
pub(crate) enum Compression {
    /// Messages pass as they are.
    Passes,
    /// The two sides differ.
    Ends { client: Option<Agreed>, backend: Option<Agreed> },
}

/// The offers for one connection.
pub(crate) struct Offers {
    /// The offers of the client.
    client: Vec<Offer>,
    passes: bool,
    own: Option<Deflate>,
    answers: Option<Deflate>,
}

/// An offer of permessage-deflate, as its text and what a client of the library has for it.
struct Offer {
    text: String,
    /// `None` if it is not valid.
    options: Option<Deflate>,
}

impl Offers {
    pub(crate) fn new(headers: &HeaderMap, settings: &Settings) -> Self {
        let lines = headers.get_all(SEC_WEBSOCKET_EXTENSIONS).iter().map(HeaderValue::as_bytes);
        let extensions = Extension::parse_all(lines).unwrap_or_default();
        // Other extensions are not offered: the proxy can't check their frames.
        let client = extensions.iter().filter(|extension| extension.name() == NAME);
        Self {
            client: client.map(Offer::new).collect(),
            passes: settings.compresses,
            own: settings.compress_backend.then(Deflate::memory),
            answers: settings.compress_client.then(Deflate::memory),
        }
    }

    /// The value of the field for the backend.
    pub(crate) fn for_backend(&self) -> Option<HeaderValue> {
        let passed = self.client.iter().filter(|_| self.passes).map(|offer| offer.text.clone());
        let own = self.own.as_ref().map(Deflate::offer);
        let offers = passed.chain(own).collect::<Vec<_>>().join(", ");
        HeaderValue::from_str(&offers).ok().filter(|offers| !offers.is_empty())
    }

    /// Returns the compression of both sides after the backend's response, and the value of the
    /// client's field.
    pub(crate) fn settle(
        &self,
        response: &HeaderMap,
    ) -> Result<(Compression, Option<HeaderValue>), &'static str> {
        const NOT_OFFERED: &str = "extension was not offered";
        let lines = response.get_all(SEC_WEBSOCKET_EXTENSIONS).iter().map(HeaderValue::as_bytes);
        let extensions = Extension::parse_all(lines).ok_or(NOT_OFFERED)?;
        let backend = match &extensions[..] {
            [] => None,
            [answer] if answer.name() == NAME => {
                if self.passes && self.client.iter().any(|offer| self.is_for(offer, answer)) {
                    let value = HeaderValue::from_str(&written(answer)).map_err(|_| NOT_OFFERED)?;
                    return Ok((Compression::Passes, Some(value)));
                }
                let own = self.own.as_ref().ok_or(NOT_OFFERED)?;
                Some(own.accept(answer.parameters()).map_err(|_| NOT_OFFERED)?)
            }
            _ => return Err(NOT_OFFERED),
        };
        let answer = self.answers.as_ref().and_then(|answers| {
            self.client.iter().find_map(|offer| {
                let extension = Extension::parse_all([offer.text.as_bytes()])?;
                answers.answer(extension.first()?.parameters())
            })
        });
        let (client, value) = answer.unzip();
        let value = value.and_then(|value| HeaderValue::from_str(&value).ok());
        match (client, backend) {
            (None, None) => Ok((Compression::Passes, None)),
            _ => Ok((Compression::Ends { client, backend }, value)),
        }
    }

    /// Whether an answer is one to this offer of the client. Without an offer of the proxy it is
    /// the client that checks it: the proxy has no use for the parameters.
    fn is_for(&self, offer: &Offer, answer: &Extension<'_>) -> bool {
        let grants = |options: &Deflate| options.accept(answer.parameters()).is_ok();
        self.own.is_none() || offer.options.as_ref().is_some_and(grants)
    }
}

impl Offer {
    fn new(extension: &Extension<'_>) -> Self {
        let is_valid = Deflate::new().answer(extension.parameters()).is_some();
        Self { text: written(extension), options: is_valid.then(|| options(extension)) }
    }
}

/// The options of a client that makes this offer.
fn options(offer: &Extension<'_>) -> Deflate {
    let all = Deflate::speed().offer_client_max_window_bits(false);
    offer.parameters().fold(all, |options, (name, value)| {
        let bits = value.and_then(|value| value.parse().ok());
        match (name, bits) {
            ("server_no_context_takeover", _) => options.peer_no_context_takeover(true),
            ("server_max_window_bits", Some(bits)) => options.peer_max_window_bits(bits),
            ("client_max_window_bits", _) => options.offer_client_max_window_bits(true),
            _ => options,
        }
    })
}

fn written(extension: &Extension<'_>) -> String {
    let parameters = extension.parameters().map(|(name, value)| match value {
        Some(value) => format!("; {name}={value}"),
        None => format!("; {name}"),
    });
    parameters.fold(extension.name().to_owned(), |text, parameter| text + &parameter)
}

impl Compression {
    /// Returns the conversion of the client's messages, or `None` if they pass unchanged.
    pub(crate) fn up(&self) -> Option<(Option<Decompressor>, Option<Compressor>)> {
        match self {
            Self::Passes => None,
            Self::Ends { client, backend } => Some(ends(client.as_ref(), backend.as_ref())),
        }
    }

    /// Returns the conversion of the backend's messages, or `None` if they pass unchanged.
    pub(crate) fn down(&self) -> Option<(Option<Decompressor>, Option<Compressor>)> {
        match self {
            Self::Passes => None,
            Self::Ends { client, backend } => Some(ends(backend.as_ref(), client.as_ref())),
        }
    }
}

fn ends(from: Option<&Agreed>, to: Option<&Agreed>) -> (Option<Decompressor>, Option<Compressor>) {
    let compressor = |agreed| Compressor::new(&Deflate::memory(), agreed);
    (from.map(Decompressor::new), to.map(compressor))
}
