//! What a server holds of clients that do not go on, on tokio's paused clock, and the program.

mod counts;
mod program;
mod silence;
