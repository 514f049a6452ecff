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
//! | auth, visitor | who may enter, and who enters |
//! | room | what the rooms share: limits, `ping`, `stats`, refusals |
//! | chat, presence | messages, and people |
//! | prices, quotes | a topic for each symbol, and what a price is |
//! | document, sync, replica, cursors | the document: its room, messages, copy, and editors |
//! | store | what outlives the process |

mod arguments;
mod assets;
mod auth;
mod chat;
mod cursors;
mod document;
mod presence;
mod prices;
mod quotes;
mod replica;
mod room;
mod routes;
mod server;
mod settings;
mod signals;
mod store;
mod sync;
mod visitor;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use self::arguments::{Arguments, HELP};
pub use self::server::Server;
pub use self::settings::Settings;
use self::signals::Signals;

/// Why a hub can't serve.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Runs the program.
pub fn main() -> ExitCode {
    let run = || match Arguments::parse(std::env::args_os().skip(1))? {
        Some(arguments) => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(run(arguments)),
        None => Ok(writeln!(io::stdout(), "{HELP}")?),
    };
    run().map_or_else(
        |error: Failure| {
            eprintln!("hub: {error}");
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
        .map_err(|error| format!("can't listen on {listen} (see --listen): {error}"))?;
    let server = Server::new(settings)?;
    println!("listening on {scheme}://{}/", listener.local_addr()?);
    if let Some(authority) = server.authority() {
        println!("clients have to trust {}", authority.display());
    }
    io::stdout().flush()?;
    let ((stop, stopped), mut signals) = (oneshot::channel(), Signals::new());
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
        .await;
    Ok(())
}
