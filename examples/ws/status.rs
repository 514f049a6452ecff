//! The end of a run: the exit status, and one line that says what to do.

use sansocket::tls::TlsError;
use sansocket::{CloseFrame, CloseOutcome, Closed, Error, HandshakeError, ResponseError, Side};

/// The end of a connection, or of the attempt to open it.
#[derive(Debug)]
pub(crate) enum End {
    /// There was no connection.
    NotConnected(Error),
    Closed(Closed),
    /// The connection ended without a closing handshake in time.
    Lost(Error),
    /// The connection was closed before the message that `--once` waits for.
    NoMessage,
    /// The standard input or output failed.
    Failed(String),
    /// Ctrl-C, twice; or once, while there was no connection.
    Interrupted,
}

impl End {
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::NotConnected(error) => match error {
                Error::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(_)))
                | Error::Redirect(_) => 3,
                _ => 2,
            },
            Self::Closed(closed) => match closed.outcome() {
                CloseOutcome::Clean if is_as_wanted(closed) => 0,
                CloseOutcome::ConnectionLost => 5,
                _ => 4,
            },
            Self::NoMessage => 4,
            Self::Lost(_) => 5,
            Self::Failed(_) => 1,
            // That of shells: 128 and the number of SIGINT.
            Self::Interrupted => 130,
        }
    }

    /// What to do; `None` if there is nothing to say.
    pub(crate) fn complaint(&self) -> Option<String> {
        match self {
            Self::NotConnected(error) => Some(explain(error)),
            Self::Closed(closed) => match closed.outcome() {
                CloseOutcome::ProtocolError(error) => Some(error.to_string()),
                CloseOutcome::ConnectionLost => Some(Error::ConnectionLost.to_string()),
                _ if self.exit_status() == 0 => None,
                _ => Some(format!("closed with {} {:?}", closed.code(), closed.reason())),
            },
            Self::Lost(error) => Some(error.to_string()),
            Self::NoMessage => Some("the connection was closed before a message arrived".into()),
            Self::Failed(failure) => Some(failure.clone()),
            Self::Interrupted => Some("interrupted".into()),
        }
    }
}

/// Whether the peer's code is no error, or the one that the user has closed with.
fn is_as_wanted(closed: &Closed) -> bool {
    let is_ours = closed.initiator() == Side::Local
        && closed.sent().map(CloseFrame::code) == closed.received().map(CloseFrame::code);
    is_ours || matches!(closed.code(), 1000 | 1001 | 1005)
}

/// The text of an error, with the option of this program that helps.
fn explain(error: &Error) -> String {
    let option = match error {
        Error::Tls(error) if is_untrusted(error) => {
            return "the server's certificate is self-signed, or of a private authority; name a \
                    file with it in --ca"
                .into();
        }
        Error::ProxyTls(failed) if is_untrusted(&failed.error) => {
            let proxy = &failed.proxy;
            return format!(
                "the certificate of the proxy {proxy} is self-signed, or of a private authority; \
                 name a file with it in --ca"
            );
        }
        Error::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(response))) => {
            match response.status() {
                301..=308 => "--redirects N follows it",
                401 => "--basic or --bearer sends credentials",
                _ => return error.to_string(),
            }
        }
        _ => return error.to_string(),
    };
    format!("{error}; {option}")
}

fn is_untrusted(error: &TlsError) -> bool {
    matches!(error, TlsError::UnknownIssuer | TlsError::BadSignature)
}
