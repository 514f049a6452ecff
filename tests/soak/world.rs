//! Resources of the process before and after a test: file descriptors, tasks, memory.

use std::fs;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};

use support::allocator::process as heap;

/// Time limit of a whole test.
pub const LONG: Duration = Duration::from_secs(90);

/// How late a timeout may be on a loaded machine.
pub const SLACK: Duration = Duration::from_secs(8);

/// Heap bytes that may remain at the end, for caches of the standard library.
const LEFT: usize = 16 * 1024;

/// Runs `little` first, so that one-time allocations exist already, and then `all`. Asserts that no
/// descriptor, task or memory leaks.
pub fn soak(what: &str, little: impl Future<Output = ()>, all: impl Future<Output = ()>) {
    if !fs::exists("/proc/self/fd").unwrap() {
        return println!("{what}: skipped, since there is no /proc");
    }
    run(little);
    let (begun, open, start, resident_before) =
        (Instant::now(), descriptors(), heap::live(), resident());
    heap::reset_peak();
    run(all);
    let (held, more) = (heap::live() as isize - start as isize, resident() - resident_before);
    println!(
        "{what}: {:.1} s; above the start at most {} KiB held, {held} bytes at the end, {more} KiB resident; no task or descriptor left",
        begun.elapsed().as_secs_f64(),
        (heap::peak() - start) / 1024,
    );
    assert_eq!(descriptors(), open);
    assert!(held <= LEFT as isize, "{held} bytes are held");
}

/// Runs the work in a runtime of its own, whose threads keep read buffers until they end.
fn run(work: impl Future<Output = ()>) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let open = descriptors();
        tokio::time::timeout(LONG, work).await.expect("a deadlock");
        until("all tasks to end", || Handle::current().metrics().num_alive_tasks() == 0).await;
        until("all descriptors to be closed", || descriptors() == open).await;
    });
}

/// Polls a condition until it is true.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + SLACK;
    while !condition() {
        if Instant::now() >= deadline {
            let tasks = Handle::current().metrics().num_alive_tasks();
            panic!("waited for {what}; {} descriptors, {tasks} tasks", descriptors());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// In KiB.
fn resident() -> isize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The number of connections, at most `requested`, for which the descriptor limit suffices with both
/// ends in this process. Raising the limit would take `unsafe`.
pub fn affordable(requested: usize) -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line
        .and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok())
        .unwrap_or(usize::MAX);
    let allowed =
        std::env::var("SOAK_CONNECTIONS").map_or(usize::MAX, |most| most.parse().unwrap());
    let requested = requested.min(allowed);
    let count = requested.min(soft.saturating_sub(100) / 2);
    if count < requested {
        println!(
            "only {count} connections instead of {requested}: no more than {soft} files may be open (ulimit -n)"
        );
    }
    count
}
