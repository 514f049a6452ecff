//! [`Tunnel`]: a request to a proxy and its answer, in either protocol.

use core::fmt;

use bytes::{Buf, Bytes, BytesMut};

use super::address::Proxy;
use super::connect::{self, Connect};
use super::error::ProxyError;
use super::socks5::Socks5;
use super::target::Target;
use crate::connection::Config;
use crate::handshake::Response;

/// Asks a proxy for a stream to a server. Connect to the proxy first, with TLS if it
/// [`is_secure`](Proxy::is_secure).
///
/// [`Exchange::tunnel`](crate::session::Exchange::tunnel) adds the deadline of the opening
/// handshake.
///
/// However the proxy's answer is split, the result is the same. At most 262 bytes of a SOCKS5
/// answer, and a head within the limits of the configuration, are held; plus what one call of
/// [`received`](Self::received) brings.
///
/// ```
/// use bytes::Buf;
/// use sansocket::Config;
/// use sansocket::proxy::{Proxy, Tunnel};
///
/// let proxy = Proxy::parse("http://proxy.example:3128")?;
/// let mut tunnel = Tunnel::new(&proxy, "example.com", 443, &Config::new())?;
/// let request = b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n";
/// assert_eq!(tunnel.output().chunk(), request);
/// // Write the output, report received bytes, and call `receive` until the tunnel is open.
/// tunnel.received(b"HTTP/1.1 200 OK\r\n\r\n");
/// let first_bytes = tunnel.receive()?.expect("it is open");
/// assert!(first_bytes.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Tunnel {
    protocol: Protocol,
    output: BytesMut,
    /// After the tunnel is open, or an error.
    is_over: bool,
    input_ended: bool,
}

enum Protocol {
    Http(Connect),
    Socks5(Socks5),
}

impl Tunnel {
    /// Creates a request for a stream to this host and port. The host is a name, which the proxy
    /// resolves, or an IP address. The configuration has the limits of an HTTP head; their defaults
    /// are 16 KiB, 8 KiB a line, and 100 fields.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Host`] if a proxy can't be asked for the host.
    pub fn new(proxy: &Proxy, host: &str, port: u16, config: &Config) -> Result<Self, ProxyError> {
        let target = Target::new(host, port)?;
        let (protocol, output) = if proxy.is_socks5() {
            let socks5 = Socks5::new(target, proxy.credentials.clone());
            let greeting = socks5.greeting();
            (Protocol::Socks5(socks5), greeting)
        } else {
            let request = connect::request(&target, proxy.credentials.as_ref());
            (Protocol::Http(Connect::new(config)), request)
        };
        let output = BytesMut::from(&output[..]);
        Ok(Self { protocol, output, is_over: false, input_ended: false })
    }

    /// Returns the bytes to write.
    pub fn output(&mut self) -> &mut (impl Buf + use<>) {
        &mut self.output
    }

    /// Appends bytes that were read from the stream to the proxy. Those that follow once
    /// [`receive`](Self::receive) has returned a result are not the tunnel's, and are discarded.
    pub fn received(&mut self, bytes: &[u8]) {
        match &mut self.protocol {
            _ if self.is_over => {}
            Protocol::Http(connect) => connect.received(bytes),
            Protocol::Socks5(socks5) => socks5.received(bytes),
        }
    }

    /// Reports the end of the stream: no more bytes will be received.
    pub fn end_input(&mut self) {
        self.input_ended = true;
        match &mut self.protocol {
            Protocol::Http(connect) => connect.end_input(),
            Protocol::Socks5(socks5) => socks5.end_input(),
        }
    }

    /// Returns whether to read from the stream: false after the tunnel is open, an error, or the
    /// end of the stream.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        !self.is_over && !self.input_ended
    }

    /// Returns whether the output has bytes to write. A SOCKS5 proxy's answer may add some.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.output.has_remaining()
    }

    /// Returns the head of an HTTP proxy's refusal. It is there while [`receive`](Self::receive)
    /// returns `None` because the body is not complete. The body is empty here.
    #[must_use]
    pub fn refusal(&self) -> Option<&Response> {
        match &self.protocol {
            Protocol::Http(connect) => connect.refusal(),
            Protocol::Socks5(_) => None,
        }
    }

    /// Waits no longer for the body of a refusal: the next [`receive`](Self::receive) returns it
    /// with the part that has arrived.
    pub fn skip_body(&mut self) {
        if let Protocol::Http(connect) = &mut self.protocol {
            connect.skip_body();
        }
    }

    /// Returns the bytes of the tunnel that came with the proxy's answer, mostly none, once the
    /// tunnel is open. `None` until more bytes are received, and after the tunnel is open or an
    /// error.
    ///
    /// # Errors
    ///
    /// [`ProxyError`] if there is no tunnel: close the stream.
    pub fn receive(&mut self) -> Result<Option<Bytes>, ProxyError> {
        if self.is_over {
            return Ok(None);
        }
        let received = match &mut self.protocol {
            Protocol::Http(connect) => connect.receive(),
            Protocol::Socks5(socks5) => socks5.receive(&mut self.output).map_err(Into::into),
        };
        self.is_over = !matches!(received, Ok(None));
        received
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tunnel").field("is_over", &self.is_over).finish_non_exhaustive()
    }
}
