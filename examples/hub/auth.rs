//! Access to the rooms: a client needs the token, in a header field or in a cookie.
//!
//! A program sends `Authorization: Bearer TOKEN` (RFC 6750 §2.1). A page can't, in an opening
//! handshake: it sends the token once, as the body of `POST /login`, and the browser then sends the
//! cookie. `HttpOnly` keeps it from scripts, `SameSite=Strict` from the requests of other sites.

use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, SET_COOKIE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

const COOKIE_NAME: &str = "hub_token";

/// The answer depends on the client, so no cache may keep it.
const NOT_STORED: (HeaderName, &str) = (CACHE_CONTROL, "no-store");

/// The token, if there is one.
#[derive(Clone)]
pub(crate) struct Auth {
    token: Option<String>,
    /// Whether the browser may send the cookie over TLS alone.
    is_secure: bool,
}

/// Whether this can be a token: characters that need no quotes in a cookie, and too many to guess.
pub(crate) fn is_valid(token: &str) -> bool {
    let is_unreserved = |c: u8| c.is_ascii_alphanumeric() || b"-._~".contains(&c);
    (16..=256).contains(&token.len()) && token.bytes().all(is_unreserved)
}

impl Auth {
    pub(crate) fn new(token: Option<String>, is_secure: bool) -> Self {
        Self { token, is_secure }
    }

    /// Whether a request with these header fields may pass.
    pub(crate) fn allows(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let values = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        // The scheme is case-insensitive (RFC 9110 §11.1).
        let bearers = values(AUTHORIZATION).filter_map(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("Bearer").then_some(token)
        });
        let cookies = values(COOKIE).flat_map(|cookies| cookies.split("; "));
        let cookies =
            cookies.filter_map(|cookie| cookie.strip_prefix(COOKIE_NAME)?.strip_prefix('='));
        bearers.chain(cookies).any(|given| is_equal(given, token))
    }

    /// `GET /login`: whether the browser's cookie, if one is needed, is right.
    pub(crate) fn state(&self, headers: &HeaderMap) -> Response {
        match self.allows(headers) {
            true => (StatusCode::NO_CONTENT, [NOT_STORED]).into_response(),
            false => unauthorized(),
        }
    }

    /// `POST /login`, with the token as the body.
    /// `is_secure`: a proxy has TLS with the client.
    pub(crate) fn login(&self, body: &str, is_secure: bool) -> Response {
        match &self.token {
            None => (StatusCode::NO_CONTENT, [NOT_STORED]).into_response(),
            Some(token) if is_equal(body.trim(), token) => {
                let secure = if self.is_secure || is_secure { "; Secure" } else { "" };
                let cookie =
                    format!("{COOKIE_NAME}={token}; Path=/; HttpOnly; SameSite=Strict{secure}");
                let headers = [(SET_COOKIE, cookie.as_str()), NOT_STORED];
                (StatusCode::NO_CONTENT, headers).into_response()
            }
            Some(_) => unauthorized(),
        }
    }
}

/// The response without the token.
pub(crate) fn unauthorized() -> Response {
    let text =
        "this hub needs its token: as Authorization: Bearer, or as the body of POST /login\n";
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer"), NOT_STORED], text).into_response()
}

/// The time does not depend on the place of the first difference.
fn is_equal(given: &str, token: &str) -> bool {
    given.as_bytes().ct_eq(token.as_bytes()).into()
}
