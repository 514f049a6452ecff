//! The steps from a URL to an open connection, written once for async and for blocking adapters.

/// Defines the functions and methods of an adapter that connect to servers. The parameters:
///
/// - `[async .await] Box::pin`, or `[] identity` for a blocking adapter. The future is in a box: it
///   is several times as large as the connection that it makes, and the task that keeps the
///   connection would keep room for it as long;
/// - a paragraph for the docs of `Connector::connect`.
///
/// The functions `now`, `in_time`, `dial`, `start_tls` and `transport` are the adapter's.
macro_rules! connects {
    ([$($async:ident .$await:ident)?] $boxed:path, $(#[$timeout:meta])+) => {
        /// Connects to a `ws:` or `wss:` URI. For header fields, subprotocols and other options of
        /// the connection, use [`Options::connect`](crate::Options::connect); for the way to the
        /// server, use [`Connector`](crate::Connector).
        #[doc = $crate::adapter::methods::cancel_safety!([$($async)?])]
        /// # Errors
        ///
        /// [`Error::Uri`], [`Error::Tls`] if there is no trusted TLS connection to the server,
        /// [`Error::TlsNeeded`] for `wss:` without the feature `rustls`, [`Error::Io`] if there is no server, [`Error::Handshake`] if it rejects the request,
        /// [`Error::TimedOut`] after 10 s.
        pub $($async)? fn connect(uri: &str) -> Result<WebSocket<MaybeTlsStream>, Error> {
            let request = ClientRequest::new(uri)?;
            Ok(Connector::new().connect(&request) $(.$await)? ?.0)
        }

        impl Options {
            /// Connects to the URI of the request, as [`Connector::connect`] does with these
            /// options and its defaults.
            #[doc = $crate::adapter::methods::cancel_safety!([$($async)?])]
            /// # Errors
            ///
            /// As [`connect`].
            pub $($async)? fn connect(
                &self,
                request: &ClientRequest,
            ) -> Result<(WebSocket<MaybeTlsStream>, Response), Error> {
                Connector::new().options(self.clone()).connect(request) $(.$await)?
            }
        }

        impl Connector {
            /// Connects to the URI of the request, with `TCP_NODELAY`. The response has what the
            /// server added, for example cookies.
            ///
            $(#[$timeout])+
            #[doc = $crate::adapter::methods::cancel_safety!([$($async)?])]
            /// # Errors
            ///
            /// As [`connect`], and [`Error::Redirect`] if redirects are followed.
            pub $($async)? fn connect(
                &self,
                request: &ClientRequest,
            ) -> Result<(WebSocket<MaybeTlsStream>, Response), Error> {
                $boxed(self.open(request)) $(.$await)?
            }

            $($async)? fn open(
                &self,
                request: &ClientRequest,
            ) -> Result<(WebSocket<MaybeTlsStream>, Response), Error> {
                let deadline = Deadline::new(now(), self.options.handshake_timeout());
                let mut redirects = Redirects::limited(self.redirects);
                let mut request = hop::first(request, self.redirects);
                loop {
                    let stream = self.stream(request.uri(), &deadline);
                    let stream = in_time(&deadline, stream) $(.$await)? ?;
                    let (opening, config) = self.options.start(transport(stream, deadline.epoch)?);
                    let opened = opening.connect(config, self.options.entropy()?, &request) $(.$await)?;
                    match hop::next(&mut redirects, &request, opened)? {
                        ControlFlow::Break(connection) => return Ok(connection),
                        ControlFlow::Continue(next) => request = Cow::Owned(next),
                    }
                }
            }

            /// Opens a stream to the server of a URI.
            $($async)? fn stream(
                &self,
                uri: &Uri,
                deadline: &Deadline<Instant>,
            ) -> Result<MaybeTlsStream, Error> {
                // RFC 6455 §4.1: "If /secure/ is true, the client MUST perform a TLS handshake"
                if uri.is_secure() && cfg!(not(feature = "rustls")) {
                    return Err(Error::TlsNeeded);
                }
                let stream = dial(uri.host(), uri.port(), deadline) $(.$await)? ?;
                let stream = MaybeTlsStream::from(stream);
                #[cfg(feature = "rustls")]
                if uri.is_secure() {
                    return start_tls(stream, &self.tls, uri.host(), deadline) $(.$await)?;
                }
                Ok(stream)
            }
        }
    };
}

pub(super) use connects;
