//! The instructions and allocations of each operation equal those in `counts.txt`, so a review
//! shows a regression more reliably than a clock. `cargo test --release -p sansocket-benches`;
//! `UPDATE=1` rewrites the file.
//!
//! valgrind counts instructions, for its simulated processor. Without valgrind, only allocations
//! are compared.
#![cfg(not(debug_assertions))]
#![allow(missing_docs)]

use std::fmt::Write;
use std::fs;
use std::process::Command;

use sansocket_benches::operations::{OPERATIONS, SIZES};

/// The tolerance of instructions, for other compilers and C libraries.
const TOLERANCE: f64 = 0.1;

/// The number of repetitions; the instructions are the difference between twice and once as many.
const TIMES: u32 = 1000;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.txt");

const HEAD: &str = "\
# For one repetition: instructions, allocations, allocated bytes; or, for a value that exists once for each connection: its size in
# bytes. Made by `UPDATE=1 cargo test --release -p sansocket-benches`.
";

fn output(command: &mut Command) -> (String, String) {
    let output = command.output().expect("it can be run");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn instructions(name: &str, times: u32) -> u64 {
    let mut valgrind = Command::new("valgrind");
    valgrind.args([
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        env!("CARGO_BIN_EXE_operation"),
        name,
    ]);
    let (_, said) = output(valgrind.arg(times.to_string()));
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    collected.and_then(|(_, count)| count.parse().ok()).expect("callgrind tells what it collected")
}

/// The expected content of the file; without valgrind, without instructions.
fn measure(with_instructions: bool) -> String {
    let mut text = HEAD.to_owned();
    for (name, _) in OPERATIONS {
        let each = if with_instructions {
            format!(
                "{:7}",
                (instructions(name, 2 * TIMES) - instructions(name, TIMES)) / u64::from(TIMES)
            )
        } else {
            "      ?".to_owned()
        };
        let (memory, _) =
            output(Command::new(env!("CARGO_BIN_EXE_operation")).args([*name, &TIMES.to_string()]));
        let (taken, bytes) = memory.trim().split_once(' ').expect("two figures");
        writeln!(text, "{each} {taken:>6} {bytes:>9}  {name}").expect("it is in memory");
    }
    for (name, size) in SIZES {
        writeln!(text, "{:>24}  {name}", size()).expect("it is in memory");
    }
    text
}

/// Whether the counts equal the file's; instructions within the tolerance.
fn agree(written: &str, counted: &str) -> bool {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (written, counted) = (words(written), words(counted));
    // A line of instructions has two more figures; one of a size has none.
    let has_instructions = written.get(1).is_some_and(|second| second.parse::<f64>().is_ok());
    let near = match (written[0].parse::<f64>(), counted[0].parse::<f64>()) {
        (Ok(written), Ok(counted)) if has_instructions => {
            (written - counted).abs() <= written * TOLERANCE
        }
        _ => written[0] == counted[0] || counted[0] == "?",
    };
    near && written[1..] == counted[1..]
}

#[test]
fn operations_take_what_is_written() {
    let valgrind = Command::new("valgrind").arg("--version").output().is_ok();
    if !valgrind {
        eprintln!("valgrind is not installed: instructions are not counted");
    }
    let counted = measure(valgrind);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(FILE, &counted).expect("the file can be written");
    }
    let written = fs::read_to_string(FILE).expect("the file is there");
    let differ: Vec<_> = written
        .lines()
        .zip(counted.lines())
        .filter(|(written, counted)| !agree(written, counted))
        .collect();
    assert!(differ.is_empty(), "written, and counted: {differ:#?}");
    assert_eq!(written.lines().count(), counted.lines().count());
}
