//! Tries a WebSocket server with many connections: `cargo run --release --example load -- --help`

fn main() -> std::process::ExitCode {
    sansocket_load::main()
}
