//! The command line: the options, and the settings of the library that they make.

use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, crypto};
use sansocket::deflate::Deflate;
use sansocket::proxy::{Proxies, Proxy};
use sansocket::tls::Tls;
use sansocket::tokio::{Connector, Options};
use sansocket::{ClientRequest, Config, Message};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

pub(crate) const HELP: &str = "\
A WebSocket client. Messages go to standard output, all else to standard error.

Usage: ws [OPTIONS] URL [MESSAGE...]   sends the messages, then lines of input

  -H, --header 'NAME: VALUE'   send a header field; may be repeated
  -s, --subprotocol NAME       offer a subprotocol; may be repeated
  -o, --origin ORIGIN          send Origin
  -u, --basic USER:PASSWORD    send a user name and a password
      --bearer TOKEN           send a token
      --ca FILE                trust this authority only (PEM)
  -x, --proxy URL              by http, https or socks5h; default: as curl's
      --deflate                compress, if the server can
  -b, --binary FILE            send a file as a binary message; may be repeated
      --ping SECONDS           send pings, and print the round-trip times
      --json                   print JSON over several lines
      --once                   close after the first message
      --listen                 stay connected after the end of the input
      --redirects N            follow at most N redirects
      --reconnect              connect again after a failure that may pass
      --record FILE            write a HAR file: messages, few header values
      --record-secrets         write all header and query values; file mode 0600
At a prompt: /ping, /binary FILE, /close [CODE [REASON]]; // for a leading slash
Exit status: 0 closed cleanly, 1 wrong usage, 2 not connected, 3 refused, 4 an
error code, or no message for --once, 5 connection lost, 130 Ctrl-C twice.";

/// The options of a run.
#[derive(Default)]
pub(crate) struct Arguments {
    url: String,
    /// The messages to send first on each connection, in this order.
    pub(crate) messages: Vec<Message>,
    pub(crate) ping: Option<Duration>,
    pub(crate) json: bool,
    pub(crate) once: bool,
    pub(crate) listen: bool,
    pub(crate) reconnect: bool,
    pub(crate) record: Option<PathBuf>,
    pub(crate) record_secrets: bool,
    pub(crate) redirects: usize,
    headers: Vec<(String, String)>,
    subprotocols: Vec<String>,
    credentials: Option<Credentials>,
    ca: Option<PathBuf>,
    deflate: bool,
    proxy: Option<Proxy>,
}

enum Credentials {
    Basic { user: String, password: String },
    Bearer(String),
}

impl Arguments {
    /// Returns `None` if the help is asked for.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>> {
        use lexopt::Arg::{Long, Short, Value};
        use lexopt::ValueExt;
        let (mut it, mut url) = (Self::default(), None);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('H') | Long("header") => it.headers.push(header(&parser.value()?.string()?)?),
                Short('s') | Long("subprotocol") => it.subprotocols.push(parser.value()?.string()?),
                Short('o') | Long("origin") => {
                    it.headers.push(("Origin".into(), parser.value()?.string()?));
                }
                Short('u') | Long("basic") => {
                    let both = parser.value()?.string()?;
                    let (user, password) =
                        both.split_once(':').ok_or("--basic needs USER:PASSWORD, with a colon")?;
                    let (user, password) = (user.into(), password.into());
                    it.credentials = Some(Credentials::Basic { user, password });
                }
                Long("bearer") => {
                    it.credentials = Some(Credentials::Bearer(parser.value()?.string()?));
                }
                Long("ca") => it.ca = Some(parser.value()?.into()),
                Short('x') | Long("proxy") => {
                    it.proxy = Some(Proxy::parse(&parser.value()?.string()?)?)
                }
                Long("deflate") => it.deflate = true,
                Short('b') | Long("binary") => {
                    it.messages.push(binary(Path::new(&parser.value()?))?);
                }
                Long("ping") => it.ping = Some(seconds(&parser.value()?.string()?)?),
                Long("json") => it.json = true,
                Long("once") => it.once = true,
                Long("listen") => it.listen = true,
                Long("redirects") => it.redirects = parser.value()?.parse()?,
                Long("reconnect") => it.reconnect = true,
                Long("record") => it.record = Some(parser.value()?.into()),
                Long("record-secrets") => it.record_secrets = true,
                Short('h') | Long("help") => return Ok(None),
                Value(word) if url.is_none() => url = Some(word.string()?),
                Value(word) => it.messages.push(word.string()?.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        it.url = url.ok_or("the URL is missing")?;
        if it.record_secrets && it.record.is_none() {
            return Err("--record-secrets belongs to --record FILE".into());
        }
        Ok(Some(it))
    }

    /// The opening request.
    pub(crate) fn request(&self) -> Result<ClientRequest> {
        let mut request = ClientRequest::new(&self.url)?;
        for name in &self.subprotocols {
            request = request.subprotocol(name)?;
        }
        request = match &self.credentials {
            Some(Credentials::Basic { user, password }) => request.basic_auth(user, password)?,
            Some(Credentials::Bearer(token)) => request.bearer_auth(token)?,
            None => request,
        };
        for (name, value) in &self.headers {
            request = request.header(name, value)?;
        }
        Ok(request)
    }

    /// The configuration of a connection.
    pub(crate) fn config(&self) -> Config {
        if self.deflate { Config::new().deflate(Deflate::balance()) } else { Config::new() }
    }

    /// How to connect.
    pub(crate) fn connector(&self) -> Result<Connector> {
        let mut connector = Connector::new().options(Options::new().config(self.config()));
        if let Some(file) = &self.ca {
            connector = connector.tls(trust(file)?);
        }
        let proxies = match &self.proxy {
            Some(proxy) => proxy.clone().into(),
            None => Proxies::from_env()?,
        };
        Ok(connector.proxy(proxies))
    }

    /// Whether lines of the standard input are messages.
    pub(crate) fn reads_input(&self) -> bool {
        !self.once || self.messages.is_empty()
    }
}

fn header(line: &str) -> Result<(String, String)> {
    let (name, value) =
        line.split_once(':').ok_or_else(|| format!("the header {line:?} has no colon"))?;
    Ok((name.trim().into(), value.trim().into()))
}

/// A year. A clock can't represent times in the far future.
const MAX_SECONDS: u64 = 365 * 24 * 60 * 60;

fn seconds(text: &str) -> Result<Duration> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let max = Duration::from_secs(MAX_SECONDS);
    let seconds = seconds.filter(|seconds| !seconds.is_zero() && *seconds <= max);
    Ok(seconds.ok_or_else(|| {
        format!("{text:?} is no number of seconds above 0 and up to {MAX_SECONDS}, a year")
    })?)
}

/// A file as a message.
pub(crate) fn binary(file: &Path) -> Result<Message> {
    Ok(Message::from(fs::read(file).map_err(named(file))?))
}

/// Trusts the certificates in a file, and no others.
fn trust(file: &Path) -> Result<Tls> {
    let pem = fs::read(file).map_err(named(file))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate?)?;
    }
    if roots.is_empty() {
        return Err(format!("{} has no certificate in PEM", file.display()).into());
    }
    let provider = crypto::ring::default_provider();
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config.into())
}

/// Names the file in an error of the operating system, which does not.
pub(crate) fn named(file: &Path) -> impl FnOnce(io::Error) -> String {
    move |error| format!("{}: {error}", file.display())
}
