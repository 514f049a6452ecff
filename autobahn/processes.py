"""Starts programs, each with its own log, and stops all of them at the end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

# The seconds that a program may take to end after SIGTERM.
GRACE = 5


class Closed(Exception):
    """The run has ended: no program is started."""


class Failed(Exception):
    """A program failed; the message has the end of its log."""


class Processes:
    """The programs of one run. The end of the `with` block stops those that still run."""

    def __init__(self):
        self._lock = threading.Lock()
        self._running = []
        self._closed = False

    def start(
        self, command: list, log: Path, env: dict | None = None, stdin: Path = Path(os.devnull)
    ) -> subprocess.Popen:
        with self._lock:
            if self._closed:
                raise Closed
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("wb") as output, stdin.open("rb") as given:
                # A session of its own: a program's children end with it, and Ctrl-C in the
                # terminal reaches this script alone, which then ends the others in order.
                process = subprocess.Popen(
                    [str(word) for word in command],
                    stdin=given,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=env,
                    start_new_session=True,
                )
            self._running.append(process)
            return process

    def run(
        self,
        command: list,
        log: Path,
        timeout: float,
        env: dict | None = None,
        stdin: Path = Path(os.devnull),
    ) -> str:
        """Runs a program to its end and returns what it printed."""
        try:
            process = self.start(command, log, env, stdin)
        except OSError as error:
            raise Failed(f"{command[0]}: {error.strerror}") from error
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"no end within {timeout:.0f} s: {shown(command)}\n{tail(log)}") from None
        finally:
            self.stop(process)
        if status != 0:
            raise Failed(f"{ending(status)}: {shown(command)}\n{tail(log)}")
        return log.read_text(errors="replace")

    def stop(self, process: subprocess.Popen) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is not None:
                break
            try:
                os.killpg(process.pid, number)
                process.wait(GRACE)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        with self._lock:
            if process in self._running:
                self._running.remove(process)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_):
        # A second Ctrl-C must not interrupt the cleanup.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        with self._lock:
            self._closed = True
            left = list(self._running)
        for process in left:
            self.stop(process)


def wait_for_line(process: subprocess.Popen, log: Path, pattern: str, timeout: float) -> re.Match:
    """Waits until a program has printed a line that matches `pattern`."""
    deadline = time.monotonic() + timeout
    while True:
        status = process.poll()
        match = re.search(pattern, log.read_text(errors="replace"), re.MULTILINE)
        if match:
            return match
        if status is not None:
            raise Failed(f"ended with {ending(status)} before it was ready\n{tail(log)}")
        if time.monotonic() > deadline:
            raise Failed(f"not ready within {timeout:.0f} s\n{tail(log)}")
        time.sleep(0.05)


def ending(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log, indented, under its path."""
    text = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([f"    {log}:"] + [f"    | {line[:300]}" for line in text or ["(empty)"]])


def shown(command: list) -> str:
    words = [str(word) for word in command]
    return " ".join(word if len(word) < 80 else word[:77].split("\n")[0] + "..." for word in words)
