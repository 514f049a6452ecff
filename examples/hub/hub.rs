//! The program: see the library beside it. `cargo run --release --example hub -- --help` lists the
//! options.

fn main() -> std::process::ExitCode {
    sansocket_hub::main()
}
