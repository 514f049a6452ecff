//! What the process holds, before and after: file descriptors, tasks, memory.

use std::fs;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};

use support::allocator::process as heap;

/// Longer than anything here takes that is not to take for ever.
pub const LONG: Duration = Duration::from_secs(90);

/// How much later than the clock says a loaded machine may do what is due.
pub const SLACK: Duration = Duration::from_secs(8);

/// What may be held above the start when all is over: what the standard library keeps.
const LEFT: usize = 16 * 1024;

/// Runs something twice, a little of it before the start, so that what is made once and kept is
/// there already; and sees that nothing is left of it.
pub fn soak(what: &str, little: impl Future<Output = ()>, all: impl Future<Output = ()>) {
    if !fs::exists("/proc/self/fd").unwrap() {
        return println!("{what}: skipped, for there is no /proc here");
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

/// In a runtime that ends with it: its threads keep blocks to read into for as long as they live.
fn run(work: impl Future<Output = ()>) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let open = descriptors();
        tokio::time::timeout(LONG, work).await.expect("it ends");
        until("all tasks to end", || Handle::current().metrics().num_alive_tasks() == 0).await;
        until("all descriptors to be closed", || descriptors() == open).await;
    });
}

/// Waits for a condition that nobody tells of.
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

/// How many of so many connections, with both ends in this process, there are descriptors for:
/// raising the limit takes `unsafe`.
pub fn affordable(wanted: usize) -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line
        .and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok())
        .unwrap_or(usize::MAX);
    let allowed =
        std::env::var("SOAK_CONNECTIONS").map_or(usize::MAX, |most| most.parse().unwrap());
    let wanted = wanted.min(allowed);
    let count = wanted.min(soft.saturating_sub(100) / 2);
    if count < wanted {
        println!(
            "only {count} connections instead of {wanted}: no more than {soft} files may be open (ulimit -n)"
        );
    }
    count
}
