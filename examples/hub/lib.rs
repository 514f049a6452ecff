//! A whole program on the library: a chat, prices and a document that several people edit, in a
//! browser.
//!
//! ```text
//!   page ──┬── /rooms/chat ─────► chat ──────► store (redb) ──► group commit, then ack
//!          ├── /rooms/prices ───► prices ◄──── a clock
//!          └── /rooms/document ─► document ──► store (redb)
//! ```
//!
//! | file | contents |
//! |---|---|
//! | arguments, settings, signals | the command line, what it sets, and Ctrl-C |
//! | server, routes, assets | HTTP, the end, the page |
//! | auth, visitor, forwarded | who may enter, and who enters |
//! | log | a line for each refusal |
//! | room, outbox | what the rooms share: limits, `ping`, `stats`, refusals, answers |
//! | chat, presence | messages, and people |
//! | prices, quotes | a topic for each symbol, and what a price is |
//! | document | its room, messages, copy, and cursors |
//! | store | what outlives the process |
//! | broker, journal, hubs | several hubs: a broker instead of the store, and what hubs publish |
//!
//! # Protocol
//!
//! A client opens a WebSocket for each room: `/rooms/ROOM?client=…&name=…`. The query has
//!
//! | field | contents |
//! |---|---|
//! | `client` | 1 to 64 of `A-Z a-z 0-9 _ -`: random, kept by the client, and secret |
//! | `name` | 1 to 32 characters, for others to see; not needed for `prices` |
//! | `since` | chat: `seq` of the last message that the client has; else 0 or nothing |
//! | `store` | chat: `store` of an earlier `welcome`; if it is another now, `since` is 0 |
//!
//! Messages are texts with a JSON object, whose field `type` is the third column. Those of the
//! document are binary, and those of y-protocols (see `document/sync.rs`).
//!
//! | room | from | type | other fields |
//! |---|---|---|---|
//! | all | client | `ping` | `at`: a number |
//! | all | hub | `pong` | `at`, as it came |
//! | all | hub | `stats` | at first and every 5 s: `roundTrip` in ms, `compression`, `dropped`, |
//! | | | | and `received` and `sent` bytes |
//! | all | hub | `refused` | `reason`, and `id` of the message or null |
//! | all | hub | `broker` | of several hubs: `state` is `connected` or `lost` |
//! | chat | client | `say` | `id`: 1, 2, 3 …, above `lastId`; `text`: 1 to 4000 characters |
//! | chat | client | `typing` | `typing`: true or false |
//! | chat | hub | `welcome` | first: `name`, `you`, `store`, `next`, `latest`, `lastId` |
//! | chat | hub | `said` | `seq`, `client`, `id`, `name`, `text`, `at` in ms since 1970 |
//! | chat | hub | `ack` | it is stored: `id`, `seq`; a resend has the same `seq` |
//! | chat | hub | `people` | `count`, and up to 200 `people`: `client`, `name`, `typing` |
//! | prices | client | `subscribe`, `unsubscribe` | `symbols`: a list of names |
//! | prices | hub | `symbols` | first: `symbols`, each with `symbol` and `name` |
//! | prices | hub | `history` | after `subscribe`: `symbol`, `points` of `[at, price]` |
//! | prices | hub | `price` | `symbol`, `price`, `at` |
//! | document | hub | `ack` | a text: this many `updates` of the connection are stored |
//!
//! `you`, and `client` of others, is a hash of the secret one. After `welcome`, the history begins
//! with the message `next`; the last one is `latest`.
//!
//! | code | the hub closes because |
//! |---|---|
//! | 1001 | it ends |
//! | 1003 | of a binary message, or, in the document, a text that is no `ping` |
//! | 1007 | the document: not y-protocols, or an update that can't be applied |
//! | 1008 | messages came faster than `--rate`, or more than 20 a minute had to be refused |
//! | 1008 | the document: a client id, a cursor or a name of another page, or too many cursors |
//! | 1009 | of a message above 16 KiB, or 1 MiB in the document |
//! | 1011 | the store failed |
//! | 1013 | the client lags, or the hub or the broker does: connect again, later |
//! | 1013 | the document: the connection has added 20,000 pieces: connect again |
//!
//! Before that, HTTP's 400 is a wrong query, 401 a missing token (`Authorization: Bearer …`, or the
//! cookie of `POST /login`), 403 and 421 a wrong `Origin` and `Host`, 429 and 503 too many
//! connections.
//!
//! # Several hubs
//!
//! `--redis URL` or `--nats URL` puts hubs behind one broker. Its streams are the history, so a
//! client may connect to any hub at any time.
//!
//! Promised:
//!
//! * An acknowledged message is in the broker, and as durable as the broker is. Redis loses nothing
//!   with `appendonly yes` and `appendfsync always`. JetStream 2.9 syncs its files every 2 minutes:
//!   against power cuts, create its streams with replicas.
//! * Every hub delivers each message once, and all hubs in the same order; `since` works on any
//!   hub.
//! * A resend is stored once, also by another hub, and the document converges.
//! * People add up; a hub that is silent for 15 s is gone with its people.
//! * While the broker is away, hubs serve what they have, and tell their clients
//!   `{"type":"broker","state":"lost"}`. Messages wait, or their connection is closed with 1013.
//! * Prices are the same on all hubs: they are a function of the time, by each hub's clock when it
//!   was started.
//!
//! Not promised:
//!
//! * Messages that were not acknowledged (the page sends them again), and more than the last
//!   10,000.
//! * With NATS, that a resend is stored once if the broker stored it, and then was away for more
//!   than 2 minutes. It is delivered once.
//! * Cursors: they are published, not kept; one that is lost comes again within 5 s.
//! * That the limit of the document is exact if several hubs reach it at the same time.
//! * The document to a page that is opened while an edit on the same hub waits for the broker: it
//!   comes when that is stored.
//!
//! # A full document
//!
//! A document has at most 1 MiB of text, and 100,000 pieces. Deleted pieces always count, too: text
//! that a page has typed offline may refer to them. One connection adds at most 20,000 of them, but
//! a client with many connections can fill the document. The hub then refuses each update with "the
//! document would have too many pieces", and a restart does not help. To begin with an empty
//! document:
//!
//! 1. Copy the text that is to be kept, and close all pages: a page that is open could bring the
//!    old document back.
//! 2. End all hubs.
//! 3. With `--data`, choose another directory; the chat begins anew, too. With Redis, delete
//!    `{hub}:document`, `{hub}:document:last` and `{hub}:document:snapshot`. With NATS, delete the
//!    stream `HUB_DOCUMENT` and its object store.
//! 4. Start the hubs. With `--token`, only clients that know the token can fill the document again.
//!
//! # A broker that has lost data
//!
//! If a broker comes back without entries that a hub has read, or with another history, the hub
//! ends with an error: the broker would give the numbers of those entries a second time.

mod arguments;
mod assets;
mod auth;
// Without a broker's feature, nothing connects to one.
#[cfg_attr(not(any(feature = "redis", feature = "nats")), allow(dead_code))]
mod broker;
mod chat;
mod document;
mod forwarded;
mod hubs;
mod journal;
mod log;
mod outbox;
mod presence;
mod prices;
mod quotes;
mod room;
mod routes;
mod server;
mod settings;
mod signals;
mod store;
mod visitor;

use std::error::Error;
use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use self::arguments::{Arguments, HELP};
pub use self::broker::Address;
pub use self::server::Server;
pub use self::settings::Settings;
use self::signals::Signals;

/// Why a hub can't serve.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Runs the program.
pub fn main() -> ExitCode {
    let parsed = Arguments::parse(std::env::args_os().skip(1));
    let run = || match parsed.map_err(|error| format!("{error}; see --help"))? {
        Some(arguments) => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(run(arguments)),
        None => Ok(writeln!(io::stdout(), "{HELP}")?),
    };
    run().map_or_else(
        |error: Failure| {
            let _ = writeln!(io::stderr(), "hub: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { listen, settings } = arguments;
    let scheme = if settings.tls { "https" } else { "http" };
    let listener = TcpListener::bind(&listen)
        .await
        .map_err(|error| format!("can't listen on {listen} (see --listen in --help): {error}"))?;
    let address = listener.local_addr()?;
    if let Some(warning) = warning(address.ip(), &settings) {
        let _ = writeln!(io::stderr(), "hub: {warning}");
    }
    // A connection is a descriptor. The usual soft limit is 1024, and the hard one much higher.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let server = Server::new(settings).await?;
    // A program that reads the next line may send a signal at once.
    let mut signals = Signals::new();
    writeln!(io::stdout(), "listening on {scheme}://{address}/")?;
    if let Some(authority) = server.authority() {
        writeln!(io::stdout(), "clients have to trust {}", authority.display())?;
    }
    io::stdout().flush()?;
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(async move {
        signals.next().await;
        let _ = stop.send(());
        signals.next().await;
        std::process::exit(130);
    });
    server
        .serve(listener, async {
            let _ = stopped.await;
        })
        .await
}

/// Returns a warning if the hub listens beyond loopback and has no name: clients would get 421.
fn warning(listen: IpAddr, settings: &Settings) -> Option<&'static str> {
    let is_named = listen.is_loopback() || !settings.hosts.is_empty();
    (!is_named).then_some("the rooms answer 421 to other names than localhost: see --host")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hub_without_a_name_beyond_loopback_warns() {
        let unnamed = Settings::new();
        let named = Settings { hosts: vec!["example.com".into()], ..Settings::new() };
        let rows = [
            ("0.0.0.0", &unnamed, true),
            ("::", &unnamed, true),
            ("0.0.0.0", &named, false),
            ("127.0.0.1", &unnamed, false),
        ];
        for (listen, settings, warns) in rows {
            assert_eq!(warning(listen.parse().unwrap(), settings).is_some(), warns, "{listen}");
        }
    }
}
