//! The resources that a server has used, by the kernel.

use std::fs;
use std::time::Duration;

use nix::time::ClockId;
use nix::unistd::Pid;

use crate::Failure;

pub struct Process {
    pid: i32,
    clock: ClockId,
}

impl Process {
    pub fn new(pid: i32) -> Result<Self, Failure> {
        Ok(Self { pid, clock: ClockId::pid_cpu_clock_id(Pid::from_raw(pid))? })
    }

    /// CPU time of all threads, in user mode and in the kernel; in nanoseconds, not in the ticks of
    /// `/proc/PID/stat`.
    pub fn cpu(&self) -> Result<Duration, Failure> {
        Ok(self.clock.now()?.into())
    }

    /// Resident memory in bytes. Exact: other files of `/proc` lag by some pages for each thread.
    pub fn resident(&self) -> Result<u64, Failure> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid))?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("Rss:"))
            .ok_or("smaps_rollup has no Rss")?;
        let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kibibytes * 1024)
    }
}
