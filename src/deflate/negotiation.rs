//! Negotiation of permessage-deflate in the opening handshake: RFC 7692 §5, §7.1.
//!
//! ```text
//!   client  offer() ──►  permessage-deflate; client_max_window_bits  ──►  answer()  server
//!           accept() ◄──  permessage-deflate  ◄────────────────────────────────┘
//! ```
//!
//! [`Agreed`] has our window and the peer's, so other modules do not depend on the role.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};

use super::options::Deflate;
use super::params::{
    CLIENT_MAX_WINDOW_BITS, InvalidAnswer, Parameters, SERVER_MAX_WINDOW_BITS,
    SERVER_NO_CONTEXT_TAKEOVER,
};
use super::window::{Agreed, MAX_BITS, Window};

impl Deflate {
    /// Returns the client's offer, for `Sec-WebSocket-Extensions`; with
    /// [`offer_fallback`](Self::offer_fallback), a list of two.
    #[must_use]
    pub fn offer(&self) -> String {
        let (offer, fallback) = self.offers();
        match fallback {
            Some(fallback) => format!("{offer}, {fallback}"),
            None => offer.to_string(),
        }
    }

    /// The client's offers, in its order of preference (§5).
    fn offers(&self) -> (Parameters, Option<Parameters>) {
        let offer = Parameters {
            server_no_context_takeover: !self.peers.takeover,
            client_no_context_takeover: !self.ours.takeover,
            server_max_window_bits: limit(self.peers.bits),
            client_max_window_bits: self.offers_our_limit.then(|| limit(self.ours.bits)),
        };
        // RFC 7692 §7.1.3: "the client can make an offer with the fallback option"
        let fallback = self.offers_fallback.then(Parameters::default);
        let fallback = fallback.filter(|plain| *plain != offer);
        (offer, fallback)
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
    /// [`InvalidAnswer`] if it is not valid, or grants no offer: fail the connection (§7).
    pub fn accept<'a>(
        &self,
        parameters: impl IntoIterator<Item = (&'a str, Option<Cow<'a, str>>)>,
    ) -> Result<Agreed, InvalidAnswer> {
        // RFC 7692 §7: "A client MUST _Fail the WebSocket Connection_ if" the answer is not valid
        let answer = Parameters::parse(parameters)?;
        let (offer, fallback) = self.offers();
        self.granted(&offer, &answer).or_else(|error| {
            let plain = fallback.ok_or(error)?;
            self.granted(&plain, &answer).map_err(|_| error)
        })
    }

    /// What this answer to one of our offers means.
    fn granted(&self, offer: &Parameters, answer: &Parameters) -> Result<Agreed, InvalidAnswer> {
        // RFC 7692 §7.1.1.1: "A server accepts an extension negotiation offer that includes the
        // "server_no_context_takeover" extension parameter by including" it
        if offer.server_no_context_takeover && !answer.server_no_context_takeover {
            return Err(InvalidAnswer::Missing(SERVER_NO_CONTEXT_TAKEOVER));
        }
        let peers_bits = match (offer.server_max_window_bits, answer.server_max_window_bits) {
            (Some(_), None) => return Err(InvalidAnswer::Missing(SERVER_MAX_WINDOW_BITS)),
            (Some(offered), Some(answered)) if answered > offered => {
                return Err(InvalidAnswer::WindowTooLarge { offered, answered });
            }
            (_, answered) => answered.unwrap_or(MAX_BITS),
        };
        let ours_bits = match (offer.client_max_window_bits, answer.client_max_window_bits) {
            // RFC 7692 §7.1.2.2: it "has a decimal integer value" in a response; only an offer may
            // have none
            (_, Some(None)) => return Err(InvalidAnswer::InvalidValue(CLIENT_MAX_WINDOW_BITS)),
            // RFC 7692 §7.1.2.2: without it in the offer, the response "MUST NOT include" it
            (None, Some(_)) => return Err(InvalidAnswer::NotOffered(CLIENT_MAX_WINDOW_BITS)),
            (_, Some(Some(bits))) => bits.min(self.ours.bits),
            (_, None) => self.ours.bits,
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

/// The parameter for a window; the largest one needs none.
fn limit(bits: u8) -> Option<u8> {
    (bits < MAX_BITS).then_some(bits)
}
