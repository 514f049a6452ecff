"""Counts the system calls of a process while a command runs: by perf if it is permitted, else by strace."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from processes import Failed, Processes, wait_for_line

EVENT = "raw_syscalls:sys_enter"
INSTALL = ["apt-get", "install", "--yes", "--quiet", "strace"]


class Counter:
    def __init__(self, processes: Processes, logs: Path):
        self.processes, self.logs = processes, logs
        self.tool = self._find()

    def count(self, pid: int, run) -> tuple:
        """The calls of `pid` while `run(prefix)` runs a command with that prefix, and what `run` returns."""
        return self._by_perf(pid, run) if self.tool == "perf" else self._by_strace(pid, run)

    def _by_perf(self, pid: int, run) -> tuple:
        counts = self.logs / "perf.csv"
        outcome = run(["perf", "stat", "-x", ",", "-e", EVENT, "-p", pid, "-o", counts, "--"])
        return int(re.search(rf"^(\d+),.*{EVENT}", counts.read_text(), re.MULTILINE)[1]), outcome

    def _by_strace(self, pid: int, run) -> tuple:
        log, counts = self.logs / "strace.log", self.logs / "strace.txt"
        strace = self.processes.start(["strace", "-f", "-c", "-o", counts, "-p", pid], log)
        try:
            wait_for_line(strace, log, "attached", 10)
            outcome = run([])
        finally:
            self.processes.stop(strace)
        return int(re.search(r"^100\.00\s+\S+\s+(?:\d+\s+)?(\d+)\s.*total$", counts.read_text(), re.MULTILINE)[1]), outcome

    def _find(self) -> str | None:
        probe = ["perf", "stat", "-x", ",", "-e", EVENT, "--", "true"]
        if shutil.which("perf"):
            probed = subprocess.run(probe, capture_output=True, text=True)
            if probed.returncode == 0 and "not supported" not in probed.stderr:
                return "perf"
        if not shutil.which("strace") and shutil.which("apt-get") and os.geteuid() == 0:
            try:
                self.processes.run(INSTALL, self.logs / "apt.log", 120)
            except Failed:
                return None
        return "strace" if shutil.which("strace") else None
