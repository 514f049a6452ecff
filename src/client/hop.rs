//! One request of a connection that may be redirected: what to send, and what the answer leads to.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::adapter::Error;
use crate::handshake::{ClientRequest, HandshakeError, Redirects, Response, ResponseError};
use crate::session::trace;

/// The first request. Nobody reads the body of a redirect that is followed.
pub(super) fn first(request: &ClientRequest, limit: usize) -> Cow<'_, ClientRequest> {
    match limit {
        0 => Cow::Borrowed(request),
        _ => Cow::Owned(request.clone().skip_body_of_redirect()),
    }
}

/// The next request after a redirect; otherwise the connection, whose response has the redirects.
pub(super) fn next<T>(
    redirects: &mut Redirects,
    request: &ClientRequest,
    opened: Result<(T, Response), Error>,
) -> Result<ControlFlow<(T, Response), ClientRequest>, Error> {
    match opened {
        Ok((socket, mut response)) => {
            response.set_redirects(redirects.followed());
            Ok(ControlFlow::Break((socket, response)))
        }
        Err(Error::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(
            mut response,
        )))) => match redirects.follow(request, &response)? {
            Some(next) => {
                trace::redirected(response.status(), next.uri().host());
                Ok(ControlFlow::Continue(next))
            }
            None => {
                response.set_redirects(redirects.followed());
                Err(ResponseError::UnexpectedStatus(response).into())
            }
        },
        Err(error) => Err(error),
    }
}
