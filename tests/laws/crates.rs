//! The crates that each feature brings: the table in the docs of the crate, made by `cargo tree`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::Command;
use std::{env, fs};

/// Features that are built with `std`, which most of them enable.
const FEATURES: [&str; 18] = [
    "simdutf8",
    "tokio",
    "futures-io",
    "async-io",
    "deflate",
    "rustls",
    "rustls-ring",
    "rustls-aws-lc-rs",
    "webpki-roots",
    "socket2",
    "idna",
    "reconnect",
    "tracing",
    "http",
    "hyper",
    "http2",
    "h2",
    "axum",
];

/// What a build with these features compiles and links, besides the crate itself.
fn crates(features: &str) -> BTreeSet<String> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(["tree", "--locked", "-p", "sansocket", "-e", "normal", "--prefix", "none"]);
    command.args(["--no-default-features", "--features", features]);
    // The table is that of one platform, wherever the test runs.
    command.args(["--target", "x86_64-unknown-linux-gnu"]).current_dir(support::repository());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let names = lines.lines().skip(1).filter_map(|line| line.split(' ').next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn table() -> String {
    let mut table = "| features | crates | names |\n|---|---|---|\n".to_owned();
    let mut row = |features: &str, all: &BTreeSet<String>, before: &BTreeSet<String>| {
        let new: Vec<_> = all.difference(before).map(String::as_str).collect();
        writeln!(table, "| {features} | {} | {} |", all.len(), new.join(", ")).unwrap();
    };
    let none = crates("");
    row("none", &none, &BTreeSet::new());
    let std = crates("std");
    row("`std`", &std, &none);
    for feature in FEATURES {
        row(&format!("`std`, `{feature}`"), &crates(&format!("std,{feature}")), &std);
    }
    row("the default", &crates("default"), &std);
    let client = crates("default,tokio,rustls-ring");
    row("the default, `tokio`, `rustls-ring`", &client, &std);
    table
}

#[test]
fn table_of_crates_is_what_cargo_builds() {
    let (path, table) = (support::repository().join("src/crates.md"), table());
    if env::var_os("UPDATE").is_some() {
        fs::write(path, table).unwrap();
        return;
    }
    let written = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert_eq!(table, written, "stale; write it with: UPDATE=1 cargo test --test laws crates::");
}

#[test]
fn every_feature_is_in_the_table_of_crates() {
    let manifest = fs::read_to_string(support::repository().join("Cargo.toml")).unwrap();
    let features = manifest.split("\n[features]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let features = features.lines().filter_map(|line| line.split_once(" = [")).map(|line| line.0);
    let listed = ["default", "std", "testing"].into_iter().chain(FEATURES);
    assert_eq!(features.collect::<BTreeSet<_>>(), listed.collect());
}
