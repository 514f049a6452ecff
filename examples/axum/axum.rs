//! A page, files, HTTP routes and WebSocket on one port:
//! `cargo run --release --example axum -- --help`

fn main() -> std::process::ExitCode {
    sansocket_axum::main()
}
