//! The command line: the options, and the settings that they make.

use std::env::temp_dir;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::{Long, Short, ValueExt};
use sansocket::Uri;

use crate::{Failure, Settings, tls};

pub(crate) const HELP: &str = "\
Passes WebSocket connections on to a backend: frame by frame, compressed messages as they are.
Usage: reverse_proxy --backend URL [OPTION]...

  --backend URL          ws://HOST:PORT or wss://HOST:PORT; path and query are the client's
  --backend-http2        HTTP/2 to the backend: by ALPN for wss:, by prior knowledge for ws:
  --backend-host         send the backend its own name as Host; the client's is in Forwarded
  --ca FILE              trust these authorities (PEM) for a wss: backend, not the system's
  --listen HOST:PORT     where to listen; port 0 takes a free one  [default: 127.0.0.1:9003]
  --tls                  serve wss:, with a certificate for localhost that is made for this run
  --write-ca FILE        where --tls writes its authority  [default: reverse_proxy-ca.pem, in /tmp]
  --cert FILE            serve wss: with this chain (PEM), which is read again when it changes
  --key FILE             and this key (PEM)
  --compress SIDE        client, backend or both: compress there, also if the other side does not
  --no-compression       do not offer the backend the compression that the client offers
  --max-connections N    further WebSockets get status 503  [default: 10000]
  --max-per-address N    further ones of one address get status 429  [default: 1000]
  --max-frame BYTES      a longer frame ends its connection with code 1009  [default: none]
  --max-inflated BYTES   so does a message that --compress inflates to more  [default: 16777216]
  --handshake SECONDS    for the client's request, and for the backend's answer  [default: 10]
  --idle SECONDS         a connection on which nothing passes is closed with 1001  [default: 120]

Either side uses HTTP/1.1 or HTTP/2 (RFC 8441). The backend has to check Origin and Host, which are
passed on. X-Forwarded-For and Forwarded end with the client's address. Connections without a
WebSocket have the same limits, above which they are closed. Ctrl-C closes with 1001.";

/// The command line.
pub(crate) struct Arguments {
    pub(crate) settings: Settings,
    pub(crate) listen: String,
    pub(crate) max_connections: usize,
    pub(crate) max_per_address: usize,
}

impl Arguments {
    /// Returns `None` after `--help`.
    pub(crate) fn parse(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Option<Self>, Failure> {
        let (mut backend, mut listen) = (None, "127.0.0.1:9003".to_owned());
        let (mut max_connections, mut max_per_address) = (10_000, 1000);
        let (mut certificate, mut key, mut tls, mut write_ca, mut ca) =
            (None, None, false, None, None);
        // A placeholder: `--backend` replaces the URL.
        let mut settings = Settings::new(Uri::parse("ws://localhost/")?);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("backend") => backend = Some(parser.value()?.string()?),
                Long("backend-http2") => settings.backend_http2 = true,
                Long("backend-host") => settings.keeps_host = false,
                Long("ca") => ca = Some(PathBuf::from(parser.value()?)),
                Long("listen") => listen = parser.value()?.string()?,
                Long("tls") => tls = true,
                Long("write-ca") => write_ca = Some(PathBuf::from(parser.value()?)),
                Long("cert") => certificate = Some(PathBuf::from(parser.value()?)),
                Long("key") => key = Some(PathBuf::from(parser.value()?)),
                Long("compress") => {
                    let side = parser.value()?.string()?;
                    (settings.compress_client, settings.compress_backend) = match &*side {
                        "client" => (true, false),
                        "backend" => (false, true),
                        "both" => (true, true),
                        _ => return Err("--compress is client, backend or both".into()),
                    };
                }
                Long("no-compression") => settings.compresses = false,
                Long("max-connections") => max_connections = parser.value()?.parse()?,
                Long("max-per-address") => max_per_address = parser.value()?.parse()?,
                Long("max-frame") => settings.max_frame = parser.value()?.parse()?,
                Long("max-inflated") => settings.max_inflated = parser.value()?.parse()?,
                Long("handshake") => settings.handshake = seconds(parser.value()?)?,
                Long("idle") => settings.idle = seconds(parser.value()?)?,
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        settings.backend = Uri::parse(&backend.ok_or("--backend is missing")?)?;
        if settings.backend.resource_name() != "/" {
            return Err("the backend has to be ws://HOST:PORT or wss://HOST:PORT".into());
        }
        settings.backend_tls = match settings.backend.is_secure() {
            true => Some(tls::for_backend(ca.as_deref())?),
            false if ca.is_some() => return Err("--ca is for a wss: backend".into()),
            false => None,
        };
        settings.tls = match (tls, certificate, key) {
            (false, None, None) if write_ca.is_some() => {
                return Err("--write-ca is for --tls".into());
            }
            (false, None, None) => None,
            (false, Some(certificate), Some(key)) => Some(tls::of_files(certificate, key)?),
            (true, None, None) => {
                let authority = write_ca.unwrap_or_else(|| temp_dir().join("reverse_proxy-ca.pem"));
                Some(tls::on_the_spot(&authority)?)
            }
            (true, ..) => return Err("--tls makes a certificate: leave it out with a file".into()),
            _ => return Err("--cert and --key belong together".into()),
        };
        Ok(Some(Self { settings, listen, max_connections, max_per_address }))
    }
}

fn seconds(value: OsString) -> Result<Duration, lexopt::Error> {
    value.parse().map(Duration::from_secs)
}
