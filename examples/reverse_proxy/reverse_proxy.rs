//! A reverse proxy for WebSocket: `cargo run --release --example reverse_proxy -- --help`

fn main() -> std::process::ExitCode {
    sansocket_reverse_proxy::main()
}
