//! A WebSocket client for the terminal and for scripts:
//! `cargo run --release --example ws --features ws -- --help`

fn main() -> std::process::ExitCode {
    sansocket_ws::main()
}
