//! The documented functions and methods that open connections, in every adapter.

/// What a function that opens a connection returns, and its body.
///
/// The future of an async adapter has its arguments and the handshake in a box. A TLS stream has
/// more than 1 KiB, and the handshake is several times as large as the connection that it makes:
/// the task that keeps the connection would keep room for them as long.
macro_rules! opening {
    ([async] -> $Result:ty) => { impl Future<Output = $Result> };
    ([] -> $Result:ty) => { $Result };
    ([async] $body:block) => { std::boxed::Box::pin(async move $body) };
    ([] $body:block) => { $body };
}

/// Defines the functions of an adapter that open connections on streams. The parameters:
///
/// - `[async .await]`, or `[]` for a blocking adapter;
/// - the marker type of the adapter, the parameter of `Options`;
/// - the arguments, with the parameters that are their types, and what is made of them: the stream
///   with its clock;
/// - a paragraph for the docs of `accept`.
///
/// `WebSocket`, `Incoming`, `Answer` and `Options` are the types of the adapter, which imports
/// `opening` too.
macro_rules! opens {
    (
        [$($async:ident .$await:ident)?], $adapter:ident,
        ($($arg:ident: $T:ident),+) where [$($bounds:tt)+] => $transport:expr;
        $(#[$nodelay:meta])+
    ) => {
        /// The adapter that [`Options`] belong to.
        #[derive(Clone, Copy, Debug)]
        pub enum $adapter {}

        /// Accepts every opening handshake on a stream. A server that browsers reach needs a
        /// [`guard`](crate::Options::guard); for that and other options, or to look at the request
        /// first, use [`Options`].
        ///
        $(#[$nodelay])+
        #[doc = $crate::adapter::methods::cancel_safety!([$($async)?])]
        /// # Errors
        ///
        /// [`Error::Handshake`] if the client sent no opening handshake; an HTTP response was sent
        /// that says so. [`Error::TimedOut`] after 10 s.
        pub fn accept<$($T),+>(
            $($arg: $T),+
        ) -> opening!([$($async)?] -> Result<WebSocket<$($T),+>, Error>)
        where $($bounds)+ {
            opening!([$($async)?] {
                Options::new().accept($($arg),+) $(.$await)?
            })
        }

        /// Opens a connection on a stream to the server, such as a TLS stream, a proxy or a Unix
        /// socket: plain for `ws:`, encrypted for `wss:`.
        #[doc = $crate::adapter::methods::cancel_safety!([$($async)?])]
        /// # Errors
        ///
        /// [`Error::Handshake`] if the server rejects the request, [`Error::ConnectionLost`] if it
        /// closes the stream, [`Error::TimedOut`] after 10 s.
        pub fn connect_with_stream<$($T),+>(
            $($arg: $T,)+
            request: &ClientRequest,
        ) -> opening!([$($async)?] -> Result<(WebSocket<$($T),+>, Response), Error>)
        where $($bounds)+ {
            opening!([$($async)?] {
                Options::new().connect_with_stream($($arg,)+ request) $(.$await)?
            })
        }

        impl Options {
            /// Accepts every opening handshake on a stream that the [`guard`](Self::guard) does not
            /// refuse.
            #[doc = $crate::adapter::methods::cancel_safety!([$($async)?])]
            /// # Errors
            ///
            /// As [`accept`]; also [`Error::Handshake`] if the guard refused the request.
            pub fn accept<$($T),+>(
                &self,
                $($arg: $T),+
            ) -> opening!([$($async)?] -> Result<WebSocket<$($T),+>, Error>)
            where $($bounds)+ {
                opening!([$($async)?] {
                    let (opening, config) = self.start($transport);
                    opening.accept_all(config) $(.$await)?
                })
            }

            /// Accepts the opening handshake if `check` does, with the subprotocol and the header
            /// fields that it returns. Otherwise sends the response that it returns, and waits
            /// until the client has closed its side, no longer than
            /// [`Timeouts::close`](crate::Timeouts::close). A check that has to wait, or a port
            /// that serves plain HTTP too, needs [`receive_request`](Self::receive_request).
            #[doc = $crate::adapter::methods::cancel_safety!([$($async)?])]
            /// # Errors
            ///
            /// As [`accept`]. After a response of `check` it is
            /// [`RequestError::RejectedByApplication`](crate::RequestError::RejectedByApplication).
            pub fn accept_if<$($T),+>(
                &self,
                $($arg: $T,)+
                check: impl FnOnce(&RequestHead) -> Result<AcceptOptions, HttpResponse>,
            ) -> opening!([$($async)?] -> Result<WebSocket<$($T),+>, Error>)
            where $($bounds)+ {
                opening!([$($async)?] {
                    let (opening, config) = self.start($transport);
                    opening.accept_if(config, check) $(.$await)?
                })
            }

            /// Receives the client's request, to be looked at before it is answered. Opening
            /// handshakes that the [`guard`](Self::guard) refuses are answered already.
            #[doc = $crate::adapter::methods::cancel_safety!([$($async)?])]
            /// # Errors
            ///
            /// [`Error::Handshake`] if the client violated the protocol, or the guard refused its
            /// request; an HTTP response was sent that says so. [`Error::TimedOut`] after
            /// [`Timeouts::handshake`](crate::Timeouts::handshake).
            pub fn receive_request<$($T),+>(
                &self,
                $($arg: $T),+
            ) -> opening!([$($async)?] -> Result<Incoming<$($T),+>, Error>)
            where $($bounds)+ {
                opening!([$($async)?] {
                    let (opening, config) = self.start($transport);
                    opening.receive_request(config) $(.$await)?
                })
            }

            /// Opens a connection on a stream to the server, which is encrypted if the URI is
            /// `wss:`.
            #[doc = $crate::adapter::methods::cancel_safety!([$($async)?])]
            /// # Errors
            ///
            /// As [`connect_with_stream`].
            pub fn connect_with_stream<$($T),+>(
                &self,
                $($arg: $T,)+
                request: &ClientRequest,
            ) -> opening!([$($async)?] -> Result<(WebSocket<$($T),+>, Response), Error>)
            where $($bounds)+ {
                opening!([$($async)?] {
                    let (opening, config) = self.start($transport);
                    opening.connect(config, self.entropy()?, request) $(.$await)?
                })
            }

            /// Like [`connect_with_stream`](Self::connect_with_stream), but returns the stream if
            /// the server refuses the request: for an authentication in several steps on one
            /// stream, or to continue with plain HTTP.
            #[doc = $crate::adapter::methods::cancel_safety!([$($async)?])]
            /// # Errors
            ///
            /// As [`connect_with_stream`], except that a status other than 101 is no error. Its
            /// body is waited for no longer than 1 s after the head: see [`Answer::Refused`].
            pub fn send_request<$($T),+>(
                &self,
                $($arg: $T,)+
                request: &ClientRequest,
            ) -> opening!([$($async)?] -> Result<Answer<$($T),+>, Error>)
            where $($bounds)+ {
                opening!([$($async)?] {
                    let (opening, config) = self.start($transport);
                    opening.send_request(config, self.entropy()?, request) $(.$await)?
                })
            }
        }
    };
}

pub(super) use {opening, opens};
