//! From the URL to an open connection. Redirects are followed here, and not by the `Connector`, so
//! that each is an entry of the recording, as browsers have it.

use std::borrow::Cow;
use std::time::SystemTime;

use sansocket::tokio::{Connector, MaybeTlsStream, WebSocket};
use sansocket::{ClientRequest, Error, HandshakeError, Redirects, Response, ResponseError};

use crate::Run;
use crate::har::Attempt;

pub(crate) type Socket = WebSocket<MaybeTlsStream>;

impl Run {
    pub(crate) async fn open(
        &self,
        connector: &Connector,
        request: &ClientRequest,
    ) -> Result<(Socket, Response), Error> {
        let mut redirects = Redirects::limited(self.arguments.redirects);
        let mut request = Cow::Borrowed(request);
        loop {
            let begun = SystemTime::now();
            let opened = connector.connect(&request).await;
            self.record_attempt(&request, begun, &opened);
            match opened {
                Ok((socket, response)) => {
                    self.describe(&request, &socket);
                    return Ok((socket, response));
                }
                Err(Error::Handshake(HandshakeError::Response(
                    ResponseError::UnexpectedStatus(response),
                ))) => match redirects.follow(&request, &response)? {
                    Some(next) => {
                        self.output.note(&format!("redirected to {}", next.uri()));
                        request = Cow::Owned(next);
                    }
                    None => return Err(ResponseError::UnexpectedStatus(response).into()),
                },
                Err(error) => return Err(error),
            }
        }
    }

    fn describe(&self, request: &ClientRequest, socket: &Socket) {
        let mut text = format!("connected to {}", request.uri());
        if let Some(name) = socket.subprotocol() {
            text += &format!(", subprotocol {name}");
        }
        if socket.deflate().is_some() {
            text += ", compressed";
        }
        self.output.note(&text);
    }

    fn record_attempt(
        &self,
        request: &ClientRequest,
        begun: SystemTime,
        opened: &Result<(Socket, Response), Error>,
    ) {
        let (answer, server) = match opened {
            Ok((socket, response)) => {
                let peer = socket.stream().tcp().and_then(|tcp| tcp.peer_addr().ok());
                (Ok(response), peer.map(|peer| peer.ip()))
            }
            Err(Error::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(
                response,
            )))) => (Ok(&**response), None),
            Err(error) => (Err(error.to_string()), None),
        };
        let config = self.arguments.config();
        self.record(|file| file.attempt(&Attempt { request, config, begun, server, answer }));
    }
}
