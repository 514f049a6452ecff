//! Clients that connect and send nothing more, on tokio's paused clock, and the program.

mod counts;
mod program;
mod silence;
