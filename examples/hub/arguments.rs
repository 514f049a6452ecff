//! The command line: the options, and the settings that they make.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use lexopt::prelude::{Long, Short, ValueExt};

use crate::Failure;
use crate::auth;
use crate::broker::Address;
use crate::settings::Settings;

pub(crate) const HELP: &str = "\
Serves a page with a chat, prices and a document that is edited together, each on a WebSocket.

Usage: hub [OPTION]...

  --listen HOST:PORT  where to listen; port 0 takes a free one  [default: 127.0.0.1:9001]
  --data DIR          where the history of the chat and the document are kept
                      [default: hub-data]
  --memory            keep nothing
  --redis URL         several hubs, behind Redis 6.2 or newer: its streams are the history, instead
                      of --data; redis://127.0.0.1:6379/ (needs --features redis); a password in
                      the URL is in the list of processes
  --nats URL          the same behind NATS JetStream: nats://127.0.0.1:4222 (--features nats)
  --tls               HTTPS and HTTP/2, with a certificate for localhost, 127.0.0.1 and ::1 that is
                      made for this run
  --host NAME         a name of this server, beside those of the loopback interface: example.com
                      behind TLS, http://example.com:9001 without; repeatable
  --origin ORIGIN     pages of this other server may connect: https://www.example.com; repeatable
  --token TOKEN       clients must have this token of 16 or more characters; the page asks for it
  --token-file FILE   the same, in a file: TOKEN is in the list of processes
  --forwarded         behind a proxy: the last address of X-Forwarded-For is the client's, and
                      X-Forwarded-Proto: https makes the cookie Secure
  --per-address N     WebSockets of one address, but for those of loopback; a page has three
                      [default: 50]
  --rate N            messages a second that a connection may send, and twice as many at once
                      [default: 50]
  -h, --help          this text

Ctrl-C or SIGTERM closes every connection with code 1001; a second Ctrl-C exits at once.";

/// The address to listen on, and the settings of the hub.
pub(crate) struct Arguments {
    pub(crate) listen: String,
    pub(crate) settings: Settings,
}

impl Arguments {
    /// Returns `None` after `--help`.
    pub(crate) fn parse(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Option<Self>, Failure> {
        let mut listen = "127.0.0.1:9001".to_owned();
        let (mut data, mut is_in_memory) = (None, false);
        let mut settings = Settings::new();
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("listen") => listen = host_and_port(parser.value()?.string()?)?,
                Long("data") => data = Some(parser.value()?.into()),
                Long("memory") => is_in_memory = true,
                Long("redis" | "nats") if settings.broker.is_some() => {
                    return Err("--redis and --nats: a hub has one broker".into());
                }
                Long("redis") => {
                    let url = redis_url(parser.value()?.string()?)?;
                    settings.broker = Some(Address::Redis(url));
                }
                Long("nats") => settings.broker = Some(Address::Nats(parser.value()?.string()?)),
                Long("tls") => settings.tls = true,
                Long("host") => settings.hosts.push(parser.value()?.string()?),
                Long("origin") => settings.origins.push(parser.value()?.string()?),
                Long("token") => settings.token = Some(parser.value()?.string()?),
                Long("token-file") => {
                    settings.token = Some(read(Path::new(&parser.value()?))?);
                }
                Long("forwarded") => settings.forwarded = true,
                Long("per-address") => {
                    settings.per_address = number(&mut parser, "--per-address")?;
                }
                Long("rate") => settings.rate = number(&mut parser, "--rate")?,
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        if settings.rate == 0 || settings.per_address == 0 {
            return Err("--rate and --per-address are at least 1".into());
        }
        if settings.token.as_deref().is_some_and(|token| !auth::is_valid(token)) {
            return Err("a --token has 16 to 256 of the characters A-Z a-z 0-9 - . _ ~".into());
        }
        settings.data = match (data, is_in_memory, &settings.broker) {
            (Some(_), _, Some(_)) => {
                return Err("--data is for one hub: behind --redis or --nats, the broker has \
                     the history"
                    .into());
            }
            (Some(_), true, _) => {
                return Err("--data and --memory: the store is one of them".into());
            }
            (None, true, _) => None,
            (None, false, _) => Some("hub-data".into()),
            (data, false, None) => data,
        };
        Ok(Some(Self { listen, settings }))
    }
}

fn number<N: FromStr>(parser: &mut lexopt::Parser, option: &str) -> Result<N, Failure> {
    let text = parser.value()?.string()?;
    text.parse().map_err(|_| format!("{option} is a number, not {text:?}").into())
}

fn host_and_port(address: String) -> Result<String, Failure> {
    match address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        true => Ok(address),
        false => Err(format!("--listen is HOST:PORT, not {address:?}").into()),
    }
}

/// Checks the scheme alone: the client of Redis checks the rest. No error shows the URL, which may
/// have a password.
fn redis_url(url: String) -> Result<String, Failure> {
    match url.split_once(':') {
        Some(("redis" | "rediss" | "redis+unix" | "unix", _)) => Ok(url),
        Some(("valkey" | "valkeys" | "valkey+unix", _)) => Ok(url),
        _ => Err("--redis is a URL such as redis://127.0.0.1:6379/".into()),
    }
}

/// Reads the token in a file, which may end with a line break.
fn read(file: &Path) -> Result<String, Failure> {
    let token = fs::read_to_string(file)
        .map_err(|error| format!("can't read {} (see --token-file): {error}", file.display()))?;
    Ok(token.trim_end().to_owned())
}
