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
        /// [`Error::TimedOut`] after 10 s, or [`Error::Connect`] if no address had answered until
        /// then.
        pub $($async)? fn connect(uri: &str) -> Result<$socket, Error> {
            let request = ClientRequest::new(uri)?;
            Ok(Connector::new().connect(&request) $(.$await)? ?.0)
        }

        const _: () = {
        use std::borrow::Cow;
        use std::ops::ControlFlow;
        use std::string::ToString;
        use std::vec::Vec;

        use $crate::adapter::ConnectError;
        use $crate::client::addresses::Race;
        use $crate::client::connecting::{Remote, Turn};
        use $crate::client::deadline::Deadline;
        use $crate::client::destination::Destination;
        use $crate::client::hop;
        use $crate::handshake::{Redirects, Response, Uri};
        use $crate::session::trace::{self, Peer};
        use $crate::proxy::{Proxy, Tunnel};

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
                let opened = $boxed(self.open(request)) $(.$await)?;
                opened.inspect_err(|error| trace::connect_failed(error.kind()))
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
                    let peer = Peer::of(|| stream.peer_addr());
                    let stream = transport(stream, deadline.epoch)?.with_peer(peer);
                    let (opening, config) = self.options.start(stream);
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
                let (stream, turn) = match self.proxies.for_uri(uri) {
                    None => self.dial(uri.host(), uri.port(), None, deadline) $(.$await)? ?,
                    Some(proxy) => self.tunnel(proxy, uri, deadline) $(.$await)? ?,
                };
                #[cfg(feature = "rustls")]
                if uri.is_secure() {
                    trace::tls(uri.host());
                    let tls = start_tls(stream, &self.tls, uri.host(), deadline) $(.$await)? ?;
                    return Ok((tls, turn));
                }
                Ok((stream, turn))
            }

            /// Opens a stream to the server of a URI through a proxy.
            $($async)? fn tunnel(
                &self,
                proxy: &Proxy,
                uri: &Uri,
                deadline: &Deadline<Instant>,
            ) -> Result<(MaybeTlsStream, Option<Turn>), Error> {
                if proxy.is_secure() && cfg!(not(feature = "rustls")) {
                    return Err(Error::TlsNeeded);
                }
                let (host, port) = (uri.host(), uri.port());
                trace::proxy(proxy.host(), proxy.port());
                let address = match proxy.resolves_names() {
                    true => None,
                    false => {
                        let all = resolve(&self.destination, host, port, deadline) $(.$await)? ?;
                        let no_address = || ConnectError::new(host.into(), false, Vec::new());
                        Some(all.first().ok_or_else(no_address)?.ip().to_string())
                    }
                };
                // RFC 6455 §4.1: with a proxy, "each host name refers to a distinct remote host".
                let remote = Remote::Name(host.into(), port);
                let dialed = self.dial(proxy.host(), proxy.port(), Some(remote), deadline);
                let (stream, turn) = dialed $(.$await)? ?;
                #[cfg(feature = "rustls")]
                let stream = match proxy.is_secure() {
                    true => {
                        trace::tls(proxy.host());
                        start_tls(stream, &self.tls, proxy.host(), deadline) $(.$await)?
                            .map_err(|error| Error::from_proxy(proxy, error))?
                    }
                    false => stream,
                };
                let (opening, config) = self.options.start(transport(stream, deadline.epoch)?);
                let host = address.as_deref().unwrap_or(host);
                let tunnel = Tunnel::new(proxy, host, port, &config)?;
                let (stream, early) = opening.tunnel(tunnel) $(.$await)? ?;
                Ok((into_stream(stream).with_early(early), turn))
            }

            /// Opens a socket to a host: with the first of its addresses that connects. It counts
            /// as a connection to `remote`, or else to those addresses.
            $($async)? fn dial(
                &self,
                host: &str,
                port: u16,
                remote: Option<Remote>,
                deadline: &Deadline<Instant>,
            ) -> Result<(MaybeTlsStream, Option<Turn>), Error> {
                #[cfg(unix)]
                if let Destination::Unix(path) = &self.destination {
                    let remote = remote.unwrap_or_else(|| Remote::Name(host.into(), port));
                    let turn = self.turn(|| [remote].into());
                    wait_for_turn(turn.as_ref(), deadline) $(.$await)? ?;
                    let socket = connect_unix(path, deadline) $(.$await)?;
                    return Ok((socket.map_err(|error| error.with_path(path))?.into(), turn));
                }
                let addresses = match self.destination.addresses(host, port) {
                    Some(addresses) => addresses,
                    None => {
                        trace::resolving(host);
                        resolve(&self.destination, host, port, deadline) $(.$await)? ?
                    }
                };
                let is_proxy = remote.is_some();
                let turn = self.turn(|| match remote {
                    Some(remote) => [remote].into(),
                    None => addresses.iter().copied().map(Remote::Address).collect(),
                });
                wait_for_turn(turn.as_ref(), deadline) $(.$await)? ?;
                let addresses = Race::new(addresses, deadline.left()?);
                match race(addresses, &self.socket, deadline) $(.$await)? ? {
                    Ok(socket) => Ok((socket.into(), turn)),
                    Err(failures) => {
                        Err(ConnectError::new(host.into(), is_proxy, failures).into())
                    }
                }
            }
        }
        };
    };
}

pub(super) use connects;
