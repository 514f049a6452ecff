//! The opening handshake on a stream, written once for async and for blocking adapters.

/// Defines how an adapter performs opening handshakes, and the documented methods that answer a
/// request. The parameters:
///
/// - `[async .await]`, or `[]` for a blocking adapter;
/// - the generics, the stream with its clock, and the connection.
///
/// The stream with its clock has the methods `started`, `now`, `peer`, `exchange`, `into_socket`
/// and `into_stream`.
macro_rules! handshakes {
    (
        [$($async:ident .$await:ident)?]
        impl[$($generics:tt)+] $transport:ty => $socket:ty
    ) => {
        const _: () = {
            use $crate::adapter::answer::{Answer, Refusal};
            use $crate::adapter::incoming::{Incoming, Opening, PlainHttp, Upgrade};
            use $crate::adapter::methods::cancel_safety;
            use $crate::connection::{Config, Connection, Entropy, Role};
            use $crate::handshake::{
                AcceptOptions, ClientHandshake, ClientRequest, HeadError, HttpResponse, Rejection,
                RequestError, RequestHead, Response, ResponseError,
            };
            use $crate::proxy::Tunnel;
            use $crate::session::trace::Trace;
            use $crate::session::{Exchange, Session};

            impl<$($generics)+> Opening<$transport> {
                /// Receives the client's request.
                pub(crate) $($async)? fn receive_request(
                    mut self,
                    config: Config,
                ) -> Result<Incoming<$transport>, Error> {
                    let (timeouts, started) = (self.timeouts.clone(), self.transport.started());
                    let mut exchange = Exchange::server_shared(config, timeouts, started);
                    self.trace = Trace::new(Role::Server, self.transport.peer());
                    loop {
                        let received = exchange.receive().and_then(|request| match &self.guard {
                            Some(guard) => request.map(|request| guard.admit(request)).transpose(),
                            None => Ok(request),
                        });
                        match received {
                            Ok(Some(request)) => {
                                self.trace.path(request.path());
                                return Ok(Incoming::Upgrade(Upgrade { opening: self, request }));
                            }
                            Ok(None) => {}
                            Err(rejection) if *rejection.error() == RequestError::NotWebSocket => {
                                self.trace.end();
                                return Ok(Incoming::Http(PlainHttp { opening: self, rejection }));
                            }
                            Err(rejection) => {
                                let error = *rejection.error();
                                // The client's error matters, not whether it reads the response.
                                let _ = self.dismiss(rejection) $(.$await)?;
                                return Err(error.into());
                            }
                        }
                        let exchanged = self.transport.exchange(&mut exchange) $(.$await)?;
                        exchanged.inspect_err(|error| self.trace.failed(error.kind()))?;
                    }
                }

                /// Accepts every opening handshake.
                pub(crate) $($async)? fn accept_all(
                    self,
                    config: Config,
                ) -> Result<$socket, Error> {
                    self.accept_if(config, |_| Ok(AcceptOptions::new())) $(.$await)?
                }

                /// Accepts the opening handshake, if the application does.
                pub(in crate::adapter) $($async)? fn accept_if(
                    self,
                    config: Config,
                    check: impl FnOnce(&RequestHead) -> Result<AcceptOptions, HttpResponse>,
                ) -> Result<$socket, Error> {
                    match self.receive_request(config) $(.$await)? ? {
                        Incoming::Upgrade(upgrade) => match check(upgrade.request()) {
                            Ok(accept) => upgrade.accept_with(&accept) $(.$await)?,
                            Err(response) => {
                                let status = response.status();
                                // The rejection matters, not whether the client reads it.
                                let _ = upgrade.reject(&response) $(.$await)?;
                                Err(RequestError::RejectedByApplication { status }.into())
                            }
                        },
                        Incoming::Http(plain) => {
                            let error = *plain.rejection.error();
                            plain.reject() $(.$await)? ?;
                            Err(error.into())
                        }
                    }
                }

                /// Opens a connection on a stream to the server.
                pub(crate) $($async)? fn connect(
                    self,
                    config: Config,
                    entropy: Entropy,
                    request: &ClientRequest,
                ) -> Result<($socket, Response), Error> {
                    match self.send_request(config, entropy, request) $(.$await)? ? {
                        Answer::Accepted(socket, response) => Ok((socket, response)),
                        Answer::Refused(refusal) => {
                            Err(ResponseError::UnexpectedStatus(refusal.response).into())
                        }
                    }
                }

                /// Sends a request on a stream to the server, and receives the response.
                pub(crate) $($async)? fn send_request(
                    mut self,
                    config: Config,
                    entropy: Entropy,
                    request: &ClientRequest,
                ) -> Result<Answer<$transport, $socket>, Error> {
                    let handshake = ClientHandshake::new(request, config, entropy);
                    let (timeouts, started) = (self.timeouts.clone(), self.transport.started());
                    let mut exchange = Exchange::client_shared(handshake, timeouts, started);
                    self.trace = Trace::new(Role::Client, self.transport.peer());
                    self.trace.path(request.uri().resource_name());
                    let mut failure = None;
                    let error = loop {
                        match exchange.receive() {
                            Ok(Some((connection, response))) => {
                                let socket = self.into_socket(connection);
                                return Ok(Answer::Accepted(socket, response));
                            }
                            Ok(None) => {}
                            Err(error) => break error,
                        }
                        match self.transport.exchange(&mut exchange) $(.$await)? {
                            Ok(_) => {}
                            // The server may have answered before it read the whole request.
                            Err(error) if exchange.write_has_failed() && failure.is_none() => {
                                failure = Some(error);
                            }
                            Err(error) => match exchange.refusal() {
                                Some(refusal) => break refusal,
                                None => {
                                    let error = failure.unwrap_or(error);
                                    self.trace.failed(error.kind());
                                    return Err(error);
                                }
                            },
                        }
                    };
                    match (error, failure) {
                        (ResponseError::UnexpectedStatus(response), _) => {
                            self.trace.refused(Some(response.status()), None);
                            let rest = exchange.into_inner().into_rest();
                            let transport = self.transport;
                            Ok(Answer::Refused(Refusal { transport, response, rest }))
                        }
                        (ResponseError::Head(HeadError::Incomplete), Some(error)) => {
                            self.trace.failed(error.kind());
                            Err(error)
                        }
                        (error, _) => {
                            let error = Error::from(error);
                            self.trace.failed(error.kind());
                            Err(error)
                        }
                    }
                }

                /// Asks a proxy for a tunnel. Returns the stream, and the tunnel's first bytes.
                #[allow(dead_code, reason = "futures-io alone has no sockets")]
                pub(crate) $($async)? fn tunnel(
                    mut self,
                    tunnel: Tunnel,
                ) -> Result<(S, bytes::Bytes), Error> {
                    let (timeouts, started) = (self.timeouts.clone(), self.transport.started());
                    let mut exchange = Exchange::tunnel_shared(tunnel, timeouts, started);
                    loop {
                        if let Some(early) = exchange.receive()? {
                            return Ok((self.transport.into_stream(), early));
                        }
                        if let Err(error) = self.transport.exchange(&mut exchange) $(.$await)? {
                            return Err(exchange.refusal().map_or(error, Into::into));
                        }
                    }
                }

                /// Writes the response that accepts a request: the connection's first output.
                $($async)? fn accept(mut self, connection: Connection) -> Result<$socket, Error> {
                    let (timeouts, started) = (self.timeouts.clone(), self.transport.started());
                    let mut exchange = Exchange::acceptance_shared(connection, timeouts, started);
                    loop {
                        let exchanged = self.transport.exchange(&mut exchange) $(.$await)?;
                        if !exchanged.inspect_err(|error| self.trace.failed(error.kind()))? {
                            return Ok(self.into_socket(exchange.into_inner()));
                        }
                    }
                }

                /// Sends the response of a rejected request, and shuts the stream down so that it
                /// arrives.
                $($async)? fn dismiss(mut self, rejection: Rejection) -> Result<(), Error> {
                    self.trace.refused(rejection.status(), Some(rejection.error()));
                    let (timeouts, now) = (self.timeouts.clone(), self.transport.now());
                    let mut exchange = Exchange::rejection_shared(rejection, timeouts, now);
                    while self.transport.exchange(&mut exchange) $(.$await)? ? {}
                    Ok(())
                }

                /// Continues a connection whose opening handshake is done.
                pub(crate) fn into_socket(self, connection: Connection) -> $socket {
                    let Self { transport, timeouts, backpressure, mut trace, .. } = self;
                    trace.accepted(&connection, transport.peer());
                    let now = transport.now();
                    let session =
                        Session::with_shared(connection, timeouts, backpressure, trace, now);
                    transport.into_socket(session)
                }
            }

            impl<$($generics)+> Upgrade<$transport> {
                /// Accepts the opening handshake.
                #[doc = cancel_safety!([$($async)?])]
                /// # Errors
                ///
                /// [`Error::ConnectionLost`] if the client is gone, [`Error::TimedOut`] if it does
                /// not read.
                pub $($async)? fn accept(self) -> Result<$socket, Error> {
                    self.accept_with(&AcceptOptions::new()) $(.$await)?
                }

                /// Accepts the opening handshake, with a subprotocol or header fields.
                #[doc = cancel_safety!([$($async)?])]
                /// # Errors
                ///
                /// As [`accept`](Self::accept).
                pub $($async)? fn accept_with(
                    self,
                    accept: &AcceptOptions,
                ) -> Result<$socket, Error> {
                    self.opening.accept(self.request.accept_with(accept)) $(.$await)?
                }

                /// Rejects the opening handshake with an HTTP response, and closes the stream.
                /// Waits until the client has closed its side, so that the response arrives, no
                /// longer than [`Timeouts::close`](crate::Timeouts::close).
                #[doc = cancel_safety!([$($async)?])]
                /// # Errors
                ///
                /// As [`accept`](Self::accept).
                pub $($async)? fn reject(self, response: &HttpResponse) -> Result<(), Error> {
                    self.opening.dismiss(self.request.reject(response)) $(.$await)?
                }
            }

            impl<$($generics)+> PlainHttp<$transport> {
                /// Answers the request, and closes the stream. Waits as [`Upgrade::reject`] does.
                #[doc = cancel_safety!([$($async)?])]
                /// # Errors
                ///
                /// [`Error::ConnectionLost`] if the client is gone, [`Error::TimedOut`] if it does
                /// not read.
                pub $($async)? fn reply(self, response: &HttpResponse) -> Result<(), Error> {
                    self.opening.dismiss(self.rejection.answer_with(response)) $(.$await)?
                }

                /// Answers 426 (this port speaks WebSocket), and closes the stream. Waits as
                /// [`reply`](Self::reply) does.
                #[doc = cancel_safety!([$($async)?])]
                /// # Errors
                ///
                /// As [`reply`](Self::reply).
                pub $($async)? fn reject(self) -> Result<(), Error> {
                    self.opening.dismiss(self.rejection) $(.$await)?
                }

                /// Returns the stream, and the bytes that were read from it, for an HTTP server.
                #[must_use]
                pub fn into_parts(self) -> (S, bytes::Bytes) {
                    (self.opening.transport.into_stream(), self.rejection.into_received())
                }
            }

            impl<$($generics)+> Refusal<$transport> {
                /// Returns the stream, and the bytes that were read from it after the response.
                /// They follow the part of the body that the response has, and are the rest of the
                /// body if that is not complete.
                #[must_use]
                pub fn into_parts(self) -> (S, bytes::Bytes) {
                    (self.transport.into_stream(), self.rest)
                }
            }

            impl<$($generics)+> std::fmt::Debug for $transport {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.debug_struct("Transport").finish_non_exhaustive()
                }
            }
        };
    };
}

pub(super) use handshakes;
