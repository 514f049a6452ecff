//! Negotiation of extensions: RFC 6455 §9.1. The only one is permessage-deflate (RFC 7692 §5).
//!
//! Without feature `deflate` nothing is offered or accepted.

#[cfg(feature = "deflate")]
pub(super) use self::with::{accept, answer, apply, offer};
#[cfg(not(feature = "deflate"))]
pub(super) use self::without::{accept, answer, apply, offer};

const FIELD: &str = "Sec-WebSocket-Extensions";

#[cfg(feature = "deflate")]
mod with {
    use alloc::string::String;

    use super::FIELD;
    use crate::connection::{Config, Connection};
    use crate::deflate::{Agreed, Deflate, NAME};
    use crate::handshake::fields::{extensions, list};
    use crate::handshake::headers::Headers;
    use crate::handshake::response_error::ResponseError;

    /// The value of the client's field.
    pub(in crate::handshake) fn offer(config: &Config) -> Option<String> {
        config.deflate_options().map(Deflate::offer)
    }

    /// Accepts the first offer that the server supports: they are in the client's order of
    /// preference. Also returns the value of the server's field. Other extensions are ignored.
    pub(in crate::handshake) fn answer(
        config: &Config,
        request: &Headers,
    ) -> Option<(Agreed, String)> {
        let deflate = config.deflate_options()?;
        let offers = extensions(request.get_all(FIELD)).filter_map(Result::ok);
        offers
            .filter(|offer| offer.name() == NAME)
            .find_map(|offer| deflate.answer(offer.parameters()))
    }

    /// Checks the server's response for the client.
    pub(in crate::handshake) fn accept(
        config: &Config,
        response: &Headers,
    ) -> Result<Option<Agreed>, ResponseError> {
        let mut answers = list(response.get_all(FIELD));
        // As a list without quoted strings: their content is a token, without commas. `extensions`
        // would skip elements beyond its limits.
        match (
            config.deflate_options(),
            answers.next(),
            answers.next(),
            extensions(response.get_all(FIELD)).next(),
        ) {
            (_, None, ..) if !response.contains(FIELD) => Ok(None),
            (Some(deflate), _, None, Some(Ok(answer))) if answer.name() == NAME => {
                Ok(Some(deflate.accept(answer.parameters())?))
            }
            // RFC 6455 §4.1 no. 5: an extension "that was not present in the client's handshake";
            // or one that is there twice, or none at all: the list must have an element (§9.1).
            _ => Err(ResponseError::Extension),
        }
    }

    /// Applies the negotiated parameters to the connection.
    pub(in crate::handshake) fn apply(connection: &mut Connection, agreed: Option<&Agreed>) {
        if let Some(agreed) = agreed {
            connection.set_deflate(agreed);
        }
    }
}

#[cfg(not(feature = "deflate"))]
mod without {
    use alloc::string::String;
    use core::convert::Infallible;

    use super::FIELD;
    use crate::connection::{Config, Connection};
    use crate::handshake::headers::Headers;
    use crate::handshake::response_error::ResponseError;

    pub(in crate::handshake) fn offer(_: &Config) -> Option<String> {
        None
    }

    pub(in crate::handshake) fn answer(_: &Config, _: &Headers) -> Option<(Infallible, String)> {
        None
    }

    pub(in crate::handshake) fn accept(
        _: &Config,
        response: &Headers,
    ) -> Result<Option<Infallible>, ResponseError> {
        // RFC 6455 §4.1 no. 5: an extension "that was not present in the client's handshake"; none
        // was. A list without an element is invalid (§9.1).
        if response.contains(FIELD) { Err(ResponseError::Extension) } else { Ok(None) }
    }

    pub(in crate::handshake) fn apply(_: &mut Connection, _: Option<&Infallible>) {}
}
