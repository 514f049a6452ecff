//! The program does what its help says: it is run against servers on loopback.

#[cfg(unix)]
mod blocked;
mod outcomes;
#[cfg(unix)]
mod prompt;
mod recordings;
mod requests;
mod retries;
mod run;
mod texts;
