//! The values of `Authorization`: RFC 7617 (Basic), RFC 6750 §2.1 (Bearer).

use alloc::format;
use alloc::string::String;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;

use super::classes;
use super::invalid_uri::InvalidUri;
use super::percent;
use super::reply::InvalidField;

/// A user name and a password.
pub(super) fn basic(user: &str, password: &str) -> Result<String, InvalidField> {
    // RFC 7617 §2: "a user-id containing a colon character is invalid"; "The user-id and password
    // MUST NOT contain any control characters"
    if user.bytes().any(|byte| byte == b':' || byte.is_ascii_control()) {
        return Err(InvalidField::User);
    }
    if password.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(InvalidField::Password);
    }
    let pair = format!("{user}:{password}");
    Ok(format!("Basic {}", Base64Display::new(pair.as_bytes(), &STANDARD)))
}

/// The part of an address before the `@`: RFC 3986 §3.2.1.
pub(super) fn basic_of_uri(user_info: &str) -> Result<String, InvalidUri> {
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    // Rather a variable that is not set than a user without a name and a password.
    let is_empty = user.is_empty() && password.is_empty();
    let is_valid = |part: &str| percent::is_made_of(part.as_bytes(), classes::HOST);
    if is_empty || !user_info.split(':').all(is_valid) {
        return Err(InvalidUri::UserInfo);
    }
    match (percent::decode(user), percent::decode(password)) {
        (Some(user), Some(password)) => basic(&user, &password).map_err(|_| InvalidUri::UserInfo),
        _ => Err(InvalidUri::UserInfo),
    }
}

/// A token.
pub(super) fn bearer(token: &str) -> Result<String, InvalidField> {
    // RFC 6750 §2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
    let characters = token.trim_end_matches('=');
    let is_character = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    if characters.is_empty() || !characters.bytes().all(is_character) {
        return Err(InvalidField::Token);
    }
    Ok(format!("Bearer {token}"))
}
