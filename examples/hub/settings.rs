//! The settings of a hub.

use std::path::PathBuf;
use std::time::Duration;

use crate::broker::Address;

/// The settings of a hub. The command line sets those before `history`; tests set all.
#[derive(Clone)]
pub struct Settings {
    /// The directory of the store; `None` keeps everything in memory.
    pub data: Option<PathBuf>,
    /// The broker of several hubs, which then has what would be in the store.
    pub broker: Option<Address>,
    /// HTTPS, with a certificate that is made for this run.
    pub tls: bool,
    /// Names of this server, besides those of the loopback interface: see `Guard::hosts`.
    pub hosts: Vec<String>,
    /// Origins of other servers' pages that may connect: see `Guard::origin`.
    pub origins: Vec<String>,
    /// The token that clients must have.
    pub token: Option<String>,
    /// Whether a proxy reports its clients in `X-Forwarded-For` and `X-Forwarded-Proto`.
    pub forwarded: bool,
    /// The maximum number of WebSockets of one address that is not the loopback interface's. The
    /// limit of connections of an address is twice as high.
    pub per_address: usize,
    /// The number of messages a second that a connection may send, and half of its burst.
    pub rate: u32,
    /// The number of chat messages that are kept.
    pub history: u64,
    /// The time between two changes of prices.
    pub tick: Duration,
    /// The time between two `stats` messages.
    pub stats: Duration,
}

impl Settings {
    /// The defaults of the command line, with a store in memory.
    #[must_use]
    pub fn new() -> Self {
        Self {
            data: None,
            broker: None,
            tls: false,
            hosts: vec![],
            origins: vec![],
            token: None,
            forwarded: false,
            per_address: 50,
            rate: 50,
            history: 10_000,
            tick: Duration::from_millis(100),
            stats: Duration::from_secs(5),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}
