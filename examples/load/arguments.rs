//! The command line: the options, and the settings of the library that they make.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, crypto};
use sansocket::deflate::Deflate;
use sansocket::tokio::{Connector, Options};
use sansocket::{ClientRequest, Config};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

pub(crate) const HELP: &str = "\
Tries a WebSocket server with many connections, and measures latencies.

Usage: load [OPTIONS] URL

  -n, --connections N     how many  [default: 100]
      --ramp TIME         open them evenly within this time  [default: 1s for each 1,000]
  -d, --duration TIME     then send for this time  [default: 10s]
  -r, --rate N            messages a second that each sends; 0 only listens  [default: 1]
  -s, --size BYTES        of a message  [default: 64]
      --binary            send binary messages
  -m, --message TEXT      send this instead
      --first TEXT        send this once, after the opening
      --time-field NAME   take the time of sending from this field of JSON that arrives, in ms
                          since 1970: for servers that publish by themselves
      --slow N            so many of the connections read nothing
      --deflate           compress, if the server can
  -H, --header 'N: VALUE' send a header field; may be repeated
      --ca FILE           trust this authority only (PEM), for wss:
      --svg FILE          write a chart of the latencies
      --max-p50 TIME, --max-p99 TIME, --max-failures N
                          the thresholds: latencies, and connections that failed or were lost
                          [default of --max-failures: 0]

In URL, --message and --first, {client} is the number of the connection, and {run} a word of this
run. In the latter two, {n} is the number of the message, and {mark} a word by which the time of
sending is found again in what arrives: in an echo, or in what a server broadcasts.
Times are 250ms, 30s, 2m. Ctrl-C ends the run early, with a report.
A message without an answer counts with its age at the end of the run, and so does one that was due
but not sent, because the server did not read.
Exit status: 0 within the thresholds, 1 wrong usage or no chart, 2 above a threshold, or no message
was answered.";

/// The shortest payload in which a mark has room.
pub(crate) const MIN_SIZE: usize = crate::mark::LEN;
/// More than the ports of one address, and than any machine of today needs.
const MAX_CONNECTIONS: usize = 1_000_000;
const MAX_SIZE: usize = 64 << 20;
/// A year. A clock can't represent times in the far future.
pub(crate) const MAX_TIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The options of a run.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) url: String,
    pub(crate) connections: usize,
    pub(crate) ramp: Duration,
    pub(crate) duration: Duration,
    /// Time between two messages of a connection; `None` if it only listens.
    pub(crate) interval: Option<Duration>,
    pub(crate) size: usize,
    pub(crate) binary: bool,
    pub(crate) message: Option<String>,
    pub(crate) first: Option<String>,
    pub(crate) time_field: Option<String>,
    pub(crate) slow: usize,
    pub(crate) svg: Option<PathBuf>,
    pub(crate) max_p50: Option<Duration>,
    pub(crate) max_p99: Option<Duration>,
    pub(crate) max_failures: usize,
    pub(crate) deflate: bool,
    headers: Vec<(String, String)>,
    ca: Option<PathBuf>,
}

impl Arguments {
    /// Returns `None` if the help is asked for.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>> {
        let (mut it, mut url, mut ramp) = (Self::default(), None, None);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('n') | Long("connections") => it.connections = parser.value()?.parse()?,
                Long("ramp") => ramp = Some(time(&text(&mut parser)?)?),
                Short('d') | Long("duration") => it.duration = time(&text(&mut parser)?)?,
                Short('r') | Long("rate") => it.interval = interval(&text(&mut parser)?)?,
                Short('s') | Long("size") => it.size = parser.value()?.parse()?,
                Long("binary") => it.binary = true,
                Short('m') | Long("message") => it.message = Some(text(&mut parser)?),
                Long("first") => it.first = Some(text(&mut parser)?),
                Long("time-field") => it.time_field = Some(text(&mut parser)?),
                Long("slow") => it.slow = parser.value()?.parse()?,
                Long("deflate") => it.deflate = true,
                Short('H') | Long("header") => it.headers.push(header(&text(&mut parser)?)?),
                Long("ca") => it.ca = Some(parser.value()?.into()),
                Long("svg") => it.svg = Some(parser.value()?.into()),
                Long("max-p50") => it.max_p50 = Some(time(&text(&mut parser)?)?),
                Long("max-p99") => it.max_p99 = Some(time(&text(&mut parser)?)?),
                Long("max-failures") => it.max_failures = parser.value()?.parse()?,
                Short('h') | Long("help") => return Ok(None),
                Value(word) if url.is_none() => url = Some(word.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        it.url = url.ok_or("the URL is missing")?;
        it.ramp = ramp.unwrap_or_else(|| Duration::from_millis(it.connections as u64));
        it.check()?;
        Ok(Some(it))
    }

    fn check(&self) -> Result<()> {
        if !(1..=MAX_CONNECTIONS).contains(&self.connections) {
            return Err(format!("--connections is between 1 and {MAX_CONNECTIONS}").into());
        }
        if !(MIN_SIZE..=MAX_SIZE).contains(&self.size) {
            return Err(format!("--size is between {MIN_SIZE} and {MAX_SIZE} bytes").into());
        }
        if self.slow > self.connections {
            return Err("--slow is at most --connections".into());
        }
        if self.binary && self.message.is_some() {
            return Err("--message is a text; leave out --binary".into());
        }
        self.request(0, "run")?;
        if let Some(file) = &self.svg {
            // An error before the run is better than one after it.
            let opened = OpenOptions::new().append(true).create(true).open(file);
            opened.map_err(|error| format!("--svg {}: {error}", file.display()))?;
        }
        Ok(())
    }

    /// The opening request of a connection.
    pub(crate) fn request(&self, client: usize, run: &str) -> Result<ClientRequest> {
        let url = self.url.replace("{client}", &client.to_string()).replace("{run}", run);
        let mut request = ClientRequest::new(&url)?;
        for (name, value) in &self.headers {
            request = request.header(name, value)?;
        }
        Ok(request)
    }

    /// How to connect.
    pub(crate) fn connector(&self) -> Result<Connector> {
        let config =
            if self.deflate { Config::new().deflate(Deflate::memory()) } else { Config::new() };
        let connector = Connector::new().options(Options::new().config(config));
        Ok(match &self.ca {
            Some(file) => connector.tls(trust(file)?),
            None => connector,
        })
    }
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            url: String::new(),
            connections: 100,
            ramp: Duration::ZERO,
            duration: Duration::from_secs(10),
            interval: Some(Duration::from_secs(1)),
            size: 64,
            binary: false,
            message: None,
            first: None,
            time_field: None,
            slow: 0,
            svg: None,
            max_p50: None,
            max_p99: None,
            max_failures: 0,
            deflate: false,
            headers: Vec::new(),
            ca: None,
        }
    }
}

fn text(parser: &mut lexopt::Parser) -> Result<String> {
    Ok(parser.value()?.string()?)
}

fn time(text: &str) -> Result<Duration> {
    let time = humantime::parse_duration(text).ok().filter(|time| *time <= MAX_TIME);
    Ok(time.ok_or_else(|| format!("{text:?} is no time such as 250ms, 30s or 2m"))?)
}

/// The time between two messages, from their number a second.
fn interval(rate: &str) -> Result<Option<Duration>> {
    let rate: f64 = rate.parse().map_err(|_| format!("--rate {rate:?} is no number"))?;
    match rate {
        0.0 => Ok(None),
        0.0001..=1e6 => Ok(Some(Duration::from_secs_f64(1.0 / rate))),
        _ => Err("--rate is 0, or between 0.0001 and 1,000,000 messages a second".into()),
    }
}

fn header(line: &str) -> Result<(String, String)> {
    let (name, value) =
        line.split_once(':').ok_or_else(|| format!("the header {line:?} has no colon"))?;
    Ok((name.trim().into(), value.trim().into()))
}

/// Trusts the certificates in a file, and no others.
fn trust(file: &Path) -> Result<ClientConfig> {
    let of_file = |error: &dyn fmt::Display| format!("--ca {}: {error}", file.display());
    let pem = fs::read(file).map_err(|error| of_file(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| of_file(&error))?;
        roots.add(certificate).map_err(|error| of_file(&error))?;
    }
    if roots.is_empty() {
        return Err(of_file(&"no certificate in PEM").into());
    }
    let provider = crypto::ring::default_provider();
    Ok(ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
