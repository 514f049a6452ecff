//! The command line.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::prelude::{Long, ValueExt};
use sansocket::Uri;

use crate::{Failure, Settings};

pub(crate) const HELP: &str = "\
Passes WebSocket connections on to a backend: frame by frame, compressed messages as they are.

Usage: reverse_proxy --backend URL [OPTION]...

  --backend URL          ws://HOST:PORT; the path and the query are the client's
  --backend-host         send the backend its own name as Host, not the one that the client uses;
                         the client's is in Forwarded
  --listen HOST:PORT     where to listen; port 0 takes a free one  [default: 127.0.0.1:9003]
  --max-connections N    further ones get status 503  [default: 10000]
  --max-per-address N    further ones of one address get status 429  [default: 1000]
  --max-frame BYTES      a longer frame ends its connection with code 1009  [default: none]
  --idle SECONDS         a connection on which nothing passes is closed with 1001  [default: 120]
  --no-compression       do not offer the backend the compression that the client offers
  --help                 this text

Clients use HTTP/1.1, or HTTP/2 (RFC 8441). The backend has to check Origin and Host: both are
passed on. X-Forwarded-For and Forwarded get the client's address as their last element. Ctrl-C
closes every connection with code 1001.";

/// The command line.
pub(crate) struct Arguments {
    pub(crate) settings: Settings,
    pub(crate) listen: String,
    pub(crate) max_connections: usize,
    pub(crate) max_per_address: usize,
}

impl Arguments {
    /// `None` after `--help`.
    pub(crate) fn parse(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Option<Self>, Failure> {
        let (mut backend, mut keeps_host, mut compresses) = (None, true, true);
        let (mut max_frame, mut idle) = (u64::MAX, 120);
        let (mut max_connections, mut max_per_address) = (10_000, 1000);
        let mut listen = "127.0.0.1:9003".to_owned();
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("backend") => backend = Some(parser.value()?.string()?),
                Long("backend-host") => keeps_host = false,
                Long("listen") => listen = parser.value()?.string()?,
                Long("max-connections") => max_connections = parser.value()?.parse()?,
                Long("max-per-address") => max_per_address = parser.value()?.parse()?,
                Long("max-frame") => max_frame = parser.value()?.parse()?,
                Long("idle") => idle = parser.value()?.parse()?,
                Long("no-compression") => compresses = false,
                Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        let backend = Uri::parse(&backend.ok_or("--backend is missing")?)?;
        if backend.is_secure() || backend.resource_name() != "/" {
            return Err("the backend has to be ws://HOST:PORT".into());
        }
        let settings = Settings {
            max_frame,
            idle: Duration::from_secs(idle),
            keeps_host,
            compresses,
            ..Settings::new(backend)
        };
        Ok(Some(Self { settings, listen, max_connections, max_per_address }))
    }
}
