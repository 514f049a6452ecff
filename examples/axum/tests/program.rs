//! The program itself.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// The example, which `cargo test` builds together with the tests.
fn path() -> std::path::PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join("examples").join("axum");
    assert!(path.exists(), "{} is not built: run all of `cargo test`", path.display());
    path
}

#[test]
fn usage_error_names_the_help() {
    for arguments in [&["--nonsense"][..], &["--cert", "c"]] {
        let output = Command::new(path()).args(arguments).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.starts_with("axum: ") && text.ends_with("; see --help\n"), "{text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn soft_limit_of_open_files_is_raised_to_the_hard_one() {
    let limited = "ulimit -Sn 64; exec \"$0\" --listen 127.0.0.1:0";
    let mut command = Command::new("sh");
    command.args(["-c", limited]).arg(path()).stdout(Stdio::piped());
    let mut program = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let limits = fs::read_to_string(format!("/proc/{}/limits", program.id()));
    program.kill().unwrap();
    program.wait().unwrap();
    assert!(line.starts_with("listening on "), "{line}");
    let limits = limits.unwrap();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let [soft, hard, _] = files.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{limits}")
    };
    assert_eq!(soft, hard);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_also_without_a_reader_of_its_output() {
    let mut command = Command::new(path());
    let mut program =
        command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let kill = format!("kill -INT {}", program.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    assert_eq!(program.wait().unwrap().code(), Some(0), "{line}");
}
