//! A client's stream, with or without TLS: what is the same in every adapter.

/// Defines the stream of an adapter, `MaybeTlsStream`. The parameters:
///
/// - the TCP socket of the adapter's runtime, the type that keeps it, and the Unix socket;
/// - the stream below a `TlsStream`, which is the type of that name in the file.
///
/// `runtime` defines what the streams of both async adapters have besides: a `TlsStream` of theirs
/// returns its connection, and is opened by a `TlsConnector`.
macro_rules! maybe_tls_stream {
    ($tcp:ty as $kept:ty, $unix:ty, $tls:ident => $below:expr) => {
        /// The stream of a client: a TCP connection or a Unix socket, with or without TLS.
        ///
        /// It is one type for `ws:` and `wss:`, which can be kept in a struct.
        #[derive(Debug)]
        pub struct MaybeTlsStream {
            /// Bytes that were read together with a proxy's answer, and belong to the stream.
            early: bytes::Bytes,
            layer: Layer,
        }

        #[derive(Debug)]
        enum Layer {
            Tcp($kept),
            #[cfg(unix)]
            Unix($unix),
            /// TLS, on a stream that is TLS itself if the proxy of a `wss:` server speaks it.
            #[cfg(feature = "rustls")]
            Tls(std::boxed::Box<TlsStream<MaybeTlsStream>>),
        }

        impl MaybeTlsStream {
            const fn new(layer: Layer) -> Self {
                Self { early: bytes::Bytes::new(), layer }
            }

            /// The same stream with bytes that were read from it already.
            pub(super) fn with_early(mut self, early: bytes::Bytes) -> Self {
                self.early = early;
                self
            }

            /// Returns the TCP socket, below TLS; `None` for a Unix socket. Bytes that are read
            /// from it or written to it break the connection.
            #[must_use]
            pub fn tcp(&self) -> Option<&$tcp> {
                match &self.layer {
                    Layer::Tcp(socket) => Some(socket),
                    #[cfg(unix)]
                    Layer::Unix(_) => None,
                    #[cfg(feature = "rustls")]
                    Layer::Tls($tls) => $below.tcp(),
                }
            }

            /// Returns whether the stream is encrypted.
            #[must_use]
            pub const fn is_tls(&self) -> bool {
                match &self.layer {
                    Layer::Tcp(_) => false,
                    #[cfg(unix)]
                    Layer::Unix(_) => false,
                    #[cfg(feature = "rustls")]
                    Layer::Tls(_) => true,
                }
            }
        }

        impl From<$tcp> for MaybeTlsStream {
            fn from(socket: $tcp) -> Self {
                Self::new(Layer::Tcp(socket.into()))
            }
        }

        #[cfg(unix)]
        impl From<$unix> for MaybeTlsStream {
            fn from(socket: $unix) -> Self {
                Self::new(Layer::Unix(socket))
            }
        }
    };
    (runtime) => {
        #[cfg(feature = "rustls")]
        const _: () = {
            use $crate::adapter::Error;
            use $crate::client::tls::{Tls, explain};

            impl MaybeTlsStream {
                /// Opens a TLS connection to a server on this stream, and verifies the certificate.
                pub(super) async fn start_tls(self, tls: &Tls, host: &str) -> Result<Self, Error> {
                    let (config, name) = tls.parameters(host)?;
                    let stream = TlsConnector::from(config).connect(name, self).await;
                    let stream = stream.map_err(|error| explain::from_io(error, host))?;
                    explain::check_protocol(stream.get_ref().1.alpn_protocol())?;
                    Ok(Self::new(Layer::Tls(stream.into())))
                }

                /// Returns the server's certificates in DER, its own first. There are none without
                /// TLS.
                pub fn peer_certificates(&self) -> impl Iterator<Item = &[u8]> {
                    let certificates = self.tls().and_then(|tls| tls.peer_certificates());
                    certificates.unwrap_or_default().iter().map(|certificate| &**certificate)
                }

                /// Returns the application protocol that was agreed on (ALPN, RFC 7301), if any:
                /// `http/1.1`.
                #[must_use]
                pub fn alpn_protocol(&self) -> Option<&[u8]> {
                    self.tls()?.alpn_protocol()
                }

                fn tls(&self) -> Option<&rustls::ClientConnection> {
                    match &self.layer {
                        Layer::Tls(stream) => Some(stream.get_ref().1),
                        _ => None,
                    }
                }
            }
        };
    };
}

pub(super) use maybe_tls_stream;
