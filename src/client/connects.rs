//! The steps from a URL to an open connection, written once for async and for blocking adapters.

/// Defines the functions and methods of an adapter that connect to servers. The parameters:
///
/// - `[async .await] Box::pin`, or `[] identity` for a blocking adapter. The future is in a box: it
///   is several times as large as the connection that it makes, and the task that keeps the
///   connection would keep room for it as long;
/// - a paragraph for the docs of `Connector::connect`.
///
/// The functions of the adapter: `now`, `in_time`, `resolve`, `wait_for_turn`, `race`,
/// `connect_unix`, `start_tls` and `transport`.
macro_rules! connects {
    ([$($async:ident .$await:ident)?] $boxed:path, $socket:ty, $(#[$timeout:meta])+) => {
        /// Connects to a `ws:` or `wss:` URI. For header fields, subprotocols and other options of
        /// the connection, use [`Options::connect`](crate::Options::connect); for the way to the
        /// server, use [`Connector`](crate::Connector).
        #[doc = $crate::adapter::methods::cancel_safety!([$($async)?])]
        /// # Errors
        ///
        /// [`Error::Uri`], [`Error::TlsNeeded`] for `wss:` without the feature `rustls`,
        /// [`Error::Io`] if the host can't be resolved, [`Error::Connect`] if no address of it can
        /// be connected to, [`Error::Tls`] if there is no trusted TLS connection to the server,
        /// [`Error::Handshake`] if it rejects the request,
        /// [`Error::TimedOut`] after 10 s.
        pub $($async)? fn connect(uri: &str) -> Result<$socket, Error> {
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
            ) -> Result<($socket, Response), Error> {
                Connector::new().options(self.clone()).connect(request) $(.$await)?
            }
        }

        impl Connector {
            /// Connects to the URI of the request. The response has what the server added, for
            /// example cookies.
            ///
            $(#[$timeout])+
            #[doc = $crate::adapter::methods::cancel_safety!([$($async)?])]
            /// # Errors
            ///
            /// As [`connect`], and [`Error::Redirect`] if redirects are followed.
            pub $($async)? fn connect(
                &self,
                request: &ClientRequest,
            ) -> Result<($socket, Response), Error> {
                $boxed(self.open(request)) $(.$await)?
            }

            $($async)? fn open(
                &self,
                request: &ClientRequest,
            ) -> Result<($socket, Response), Error> {
                let deadline = Deadline::new(now(), self.options.handshake_timeout());
                let mut redirects = Redirects::limited(self.redirects);
                let mut request = hop::first(request, self.redirects);
                loop {
                    let stream = self.stream(request.uri(), &deadline);
                    let (stream, turn) = in_time(&deadline, stream) $(.$await)? ?;
                    let (opening, config) = self.options.start(transport(stream, deadline.epoch)?);
                    let entropy = self.options.entropy()?;
                    let opened = opening.connect(config, entropy, &request) $(.$await)?;
                    drop(turn);
                    match hop::next(&mut redirects, &request, opened)? {
                        ControlFlow::Break(connection) => return Ok(connection),
                        ControlFlow::Continue(next) => request = Cow::Owned(next),
                    }
                }
            }

            /// Opens a stream to the server of a URI. It is CONNECTING until the turn is dropped.
            $($async)? fn stream(
                &self,
                uri: &Uri,
                deadline: &Deadline<Instant>,
            ) -> Result<(MaybeTlsStream, Option<Turn>), Error> {
                // RFC 6455 §4.1: "If /secure/ is true, the client MUST perform a TLS handshake"
                if uri.is_secure() && cfg!(not(feature = "rustls")) {
                    return Err(Error::TlsNeeded);
                }
                let (stream, turn) = self.dial(uri.host(), uri.port(), deadline) $(.$await)? ?;
                #[cfg(feature = "rustls")]
                if uri.is_secure() {
                    let tls = start_tls(stream, &self.tls, uri.host(), deadline) $(.$await)? ?;
                    return Ok((tls, turn));
                }
                Ok((stream, turn))
            }

            /// Opens a socket to a host: with the first of its addresses that connects.
            $($async)? fn dial(
                &self,
                host: &str,
                port: u16,
                deadline: &Deadline<Instant>,
            ) -> Result<(MaybeTlsStream, Option<Turn>), Error> {
                #[cfg(unix)]
                if let Destination::Unix(path) = &self.destination {
                    let turn = self.turn(|| [Remote::Name(host.into(), port)].into());
                    wait_for_turn(turn.as_ref(), deadline) $(.$await)? ?;
                    let socket = connect_unix(path, deadline) $(.$await)? ?;
                    return Ok((socket.into(), turn));
                }
                let addresses = match self.destination.addresses(host, port) {
                    Some(addresses) => addresses,
                    None => resolve(&self.destination, host, port, deadline) $(.$await)? ?,
                };
                let turn = self.turn(|| addresses.iter().copied().map(Remote::Address).collect());
                wait_for_turn(turn.as_ref(), deadline) $(.$await)? ?;
                let addresses = Race::new(addresses, deadline.left()?);
                match race(addresses, &self.socket, deadline) $(.$await)? ? {
                    Ok(socket) => Ok((socket.into(), turn)),
                    Err(failures) => Err(ConnectError::new(host.into(), failures).into()),
                }
            }
        }
    };
}

pub(super) use connects;
