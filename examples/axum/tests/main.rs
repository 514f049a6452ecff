//! What a server holds of clients that do not go on: time on tokio's paused clock.

mod counts;
mod silence;
