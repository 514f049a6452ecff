//! Negotiation of extensions: RFC 6455 §9.1. The only one is permessage-deflate (RFC 7692 §5).
//!
//! Without feature `deflate` nothing is offered or accepted.

#[cfg(feature = "deflate")]
pub(super) use self::with::{accept, offer};
#[cfg(feature = "deflate")]
pub(crate) use self::with::{answer, apply};
#[cfg(not(feature = "deflate"))]
pub(super) use self::without::{accept, offer};
#[cfg(not(feature = "deflate"))]
pub(crate) use self::without::{answer, apply};

pub(super) const FIELD: &str = "Sec-WebSocket-Extensions";

#[cfg(feature = "deflate")]
mod with {
    use alloc::string::String;

    use super::FIELD;
    use crate::connection::{Config, Connection};
    pub(crate) use crate::deflate::Agreed;
    use crate::deflate::{Deflate, NAME};
    use crate::handshake::fields::{extensions, list};
    use crate::handshake::headers::Headers;
    use crate::handshake::response_error::ResponseError;

    /// The value of the client's field.
    pub(in crate::handshake) fn offer(config: &Config) -> Option<String> {
        config.deflate_options().map(Deflate::offer)
    }

    /// Accepts the first offer that the server supports: the lines of the client's field are in its
    /// order of preference. Also returns the value of the server's field. Other extensions are
    /// ignored.
    pub(crate) fn answer<'a>(
        config: &Config,
        request: impl Iterator<Item = &'a [u8]>,
    ) -> Option<(Agreed, String)> {
        let deflate = config.deflate_options()?;
        let offers = extensions(request).filter_map(Result::ok);
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
    pub(crate) fn apply(connection: &mut Connection, agreed: Option<&Agreed>) {
        if let Some(agreed) = agreed {
            connection.set_deflate(agreed);
        }
    }
}

#[cfg(not(feature = "deflate"))]
mod without {
    use super::FIELD;
    use crate::connection::{Config, Connection};
    use crate::handshake::headers::Headers;
    use crate::handshake::response_error::ResponseError;
    use alloc::string::String;

    /// Nothing can be agreed on.
    pub(crate) type Agreed = core::convert::Infallible;

    pub(in crate::handshake) fn offer(_: &Config) -> Option<String> {
        None
    }

    pub(crate) fn answer<'a>(
        _: &Config,
        _: impl Iterator<Item = &'a [u8]>,
    ) -> Option<(Agreed, String)> {
        None
    }

    pub(in crate::handshake) fn accept(
        _: &Config,
        response: &Headers,
    ) -> Result<Option<Agreed>, ResponseError> {
        // RFC 6455 §4.1 no. 5: an extension "that was not present in the client's handshake"; none
        // was. A list without an element is invalid (§9.1).
        if response.contains(FIELD) { Err(ResponseError::Extension) } else { Ok(None) }
    }

    pub(crate) fn apply(_: &mut Connection, _: Option<&Agreed>) {}
}
