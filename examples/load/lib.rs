//! Tries a WebSocket server with many connections, and measures how long messages take.
//!
//! | file | contents |
//! |---|---|
//! | arguments | the command line |
//! | run | the phases of a run: connections are opened, send, and are closed |
//! | client | one of the connections |
//! | unanswered | the messages that have no answer yet |
//! | mark | how the time of sending is found again in a message |
//! | counts | the counts of all connections |
//! | progress | the progress bar |
//! | report, chart | the results as text and as SVG, and the thresholds |

mod arguments;
mod chart;
mod client;
mod counts;
mod mark;
mod progress;
mod report;
mod run;
mod unanswered;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use self::arguments::{Arguments, HELP};
use self::report::Report;

/// Runs the program.
pub fn main() -> ExitCode {
    let parsed = Arguments::parse(env::args_os().skip(1));
    let run = || match parsed.map_err(|error| format!("{error}; see --help"))? {
        Some(arguments) => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(run(arguments)),
        None => {
            writeln!(io::stdout(), "{HELP}")?;
            Ok(ExitCode::SUCCESS)
        }
    };
    run().unwrap_or_else(|error: Box<dyn Error + Send + Sync>| {
        eprintln!("load: {error}");
        ExitCode::from(1)
    })
}

async fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let run = run::run(arguments).await?;
    let report = Report::of(&run);
    write!(io::stdout(), "{report}")?;
    let exceeded = report.exceeded(&run.arguments);
    for threshold in &exceeded {
        eprintln!("load: {threshold}");
    }
    let chart = run.arguments.svg.as_ref().map_or(Ok(()), |file| chart::write(file, &report));
    match (chart, exceeded.is_empty()) {
        (chart, true) => chart.map(|()| ExitCode::SUCCESS),
        (chart, false) => {
            let _ = chart.inspect_err(|error| eprintln!("load: {error}"));
            Ok(ExitCode::from(2))
        }
    }
}
