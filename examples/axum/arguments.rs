//! The command line.

use std::path::PathBuf;
use std::{env, fs};

use crate::Failure;

pub(crate) const HELP: &str = "\
Serves a page at /, an HTTP route at /hello, and WebSocket, which echoes, at /ws.

Usage: axum [--listen HOST:PORT] [--host NAME]... [--files DIR] [--tls] [--write-ca FILE]
            [--cert FILE --key FILE]

  --listen HOST:PORT  where to listen; port 0 takes a free one  [default: 127.0.0.1:9002]
  --host NAME         a name of this server, beside those of the loopback interface: browsers may
                      connect to no other (see the docs of Guard::hosts)
  --files DIR         serve the files of this directory, too
  --tls               HTTPS, with a certificate for localhost, 127.0.0.1 and ::1 that is made for
                      this run
  --write-ca FILE     with --tls: where to write the certificate of the authority that signs it
                      [default: axum-ca.pem, in the directory for temporary files]
  --cert FILE         with --tls: use this chain of certificates, in PEM, instead; it is read again
                      when it changes
  --key FILE          its key, in PEM
  --help              this text

Ctrl-C closes every connection with code 1001.";

/// The command line.
pub(crate) struct Arguments {
    pub(crate) listen: String,
    pub(crate) hosts: Vec<String>,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) tls: bool,
    pub(crate) write_ca: PathBuf,
    pub(crate) files: Option<(PathBuf, PathBuf)>,
}

impl Arguments {
    /// `None` after `--help`.
    pub(crate) fn parse() -> Result<Option<Self>, Failure> {
        use lexopt::prelude::{Long, Short, ValueExt};
        let (mut certificate, mut key) = (None, None);
        let mut arguments = Self {
            listen: "127.0.0.1:9002".into(),
            hosts: vec![],
            directory: None,
            tls: false,
            write_ca: env::temp_dir().join("axum-ca.pem"),
            files: None,
        };
        let mut parser = lexopt::Parser::from_args(env::args_os().skip(1));
        while let Some(argument) = parser.next()? {
            match argument {
                Long("listen") => arguments.listen = parser.value()?.string()?,
                Long("host") => arguments.hosts.push(parser.value()?.string()?),
                Long("files") => arguments.directory = Some(parser.value()?.into()),
                Long("tls") => arguments.tls = true,
                Long("write-ca") => arguments.write_ca = parser.value()?.into(),
                Long("cert") => certificate = Some(PathBuf::from(parser.value()?)),
                Long("key") => key = Some(PathBuf::from(parser.value()?)),
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        arguments.files = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) if arguments.tls => Some((certificate, key)),
            (Some(_), Some(_)) => return Err("--cert and --key are for --tls".into()),
            _ => return Err("--cert and --key belong together".into()),
        };
        if let Some(directory) = &arguments.directory {
            fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        }
        Ok(Some(arguments))
    }
}
