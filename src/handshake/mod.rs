//! The opening handshake: an HTTP/1.1 request and its response, RFC 6455 §4.
//!
//! Both sides work like a [`Connection`](crate::Connection): received bytes go into `input`, bytes
//! to write are in `output`, and `receive` returns the result.

mod authority;
mod body;
#[cfg(any(feature = "h2", all(feature = "http2", feature = "testing")))]
mod by_http_client;
#[cfg(feature = "http")]
pub(crate) mod by_http_server;
mod classes;
mod client;
mod client_request;
mod credentials;
mod error;
mod fields;
mod guard;
mod guard_entry;
mod guard_error;
mod head;
mod head_error;
mod headers;
mod invalid_uri;
mod key;
mod negotiation;
mod opening;
mod origin;
mod percent;
mod redirect;
mod reference;
mod reply;
mod request;
mod request_error;
mod request_parts;
mod response;
mod response_error;
mod response_reader;
mod server;
mod start_line;
mod subprotocols;
mod target;
mod uri;

pub(crate) use self::authority::parse_authority;
pub use self::client::ClientHandshake;
pub use self::client_request::ClientRequest;
pub use self::error::HandshakeError;
pub use self::fields::Extension;
pub use self::guard::Guard;
pub use self::guard_error::{GuardError, InvalidGuard};
pub use self::head_error::HeadError;
pub use self::headers::Headers;
pub use self::invalid_uri::InvalidUri;
pub use self::key::accept_key;
pub use self::redirect::{RedirectError, Redirects};
pub use self::reply::{HttpResponse, InvalidField};
pub use self::request::RequestHead;
pub use self::request_error::RequestError;
pub use self::response::Response;
pub use self::response_error::ResponseError;
pub(crate) use self::response_error::describe;
pub(crate) use self::response_reader::{FinalResponse, ResponseReader};
pub use self::server::{AcceptOptions, Rejection, Request, ServerHandshake};
pub use self::subprotocols::Subprotocols;
pub use self::uri::Uri;
