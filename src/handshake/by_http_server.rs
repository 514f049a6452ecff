//! The rules of the opening handshake for requests that another HTTP server has parsed.

pub(crate) use super::key::accept as accept_of;
pub(crate) use super::negotiation::{answer, apply};
pub(crate) use super::opening::{ExtendedConnect, RequestLine, check, check_connect};
pub(crate) use super::reply::Lines;
pub(crate) use super::server::default_reply;
pub(crate) use super::subprotocols::names;
pub(crate) use super::target::{
    has_valid_characters, is_url_of_server, is_valid as is_valid_target,
};
