"""Starts programs, each with its own log, and stops all of them at the end, or at a deadline."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, nullcontext, suppress
from math import inf
from pathlib import Path

# The seconds that a program may take to end after SIGTERM.
GRACE = 5


class Closed(Exception):
    """The run has ended: no program is started."""


class Failed(Exception):
    """A program failed; the message has the end of its log."""


class Overdue(BaseException):
    """A deadline has passed. Not an `Exception`, which a block could take for a failure of its own."""


class Processes:
    """The programs of one run. The end of the `with` block stops those that still run.

    `limit` are the seconds that the run may take: no block of `within` takes longer.
    """

    def __init__(self, limit: float = inf):
        self._lock = threading.Lock()
        self._running = []
        self._closed = False
        self._limit, self._deadline = limit, time.monotonic() + limit

    @contextmanager
    def within(self, seconds: float):
        """Raises `Failed` if the block does not end in time. What it has started is then stopped.

        Only for the main thread, and not inside another such block.
        """
        why = f"did not end within {seconds:.0f} s"
        left = self._deadline - time.monotonic()
        if left < seconds:
            seconds, why = left, f"the run did not end within {self._limit:.0f} s"
        if seconds <= 0:
            raise Failed(why)
        with self._lock:
            before = list(self._running)
        former = signal.signal(signal.SIGALRM, self._ring)
        try:
            try:
                # It rings again if it may not interrupt.
                signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
                yield
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except Overdue:
            raise Failed(why) from None
        finally:
            signal.signal(signal.SIGALRM, former)
            with self._lock:
                started = [process for process in self._running if process not in before]
            for process in started:
                self.stop(process)

    def _ring(self, *_) -> None:
        # A program that is being started is not yet one of those that are stopped.
        if not self._lock.locked():
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise Overdue

    def build(self, command: list, folder: Path, target: Path) -> None:
        """Builds in a folder with cargo, whose output goes where this program's goes."""
        print("building:", *command, flush=True)
        env = {**os.environ, "CARGO_TARGET_DIR": str(target)}
        process = self.start(command, None, env, folder=folder)
        try:
            if status := process.wait():
                raise Failed(f"it does not build: {ending(status)}")
        finally:
            self.stop(process)

    def start(
        self,
        command: list,
        log: Path | None,
        env: dict | None = None,
        stdin: Path = Path(os.devnull),
        folder: Path | None = None,
    ) -> subprocess.Popen:
        with self._lock:
            if self._closed:
                raise Closed
            if log:
                log.parent.mkdir(parents=True, exist_ok=True)
            with stdin.open("rb") as given, log.open("wb") if log else nullcontext() as output:
                # A session of its own: a program's children end with it, and Ctrl-C in the
                # terminal reaches this script alone, which then ends the others in order.
                process = subprocess.Popen(
                    [str(word) for word in command],
                    stdin=given,
                    stdout=output,
                    stderr=subprocess.STDOUT if log else None,
                    env=env,
                    cwd=folder,
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
        if process.poll() is None:
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, number)
                    process.wait(GRACE)
                    break
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    continue
            # Children of a program that has ended may ignore SIGTERM.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        with self._lock:
            if process in self._running:
                self._running.remove(process)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_):
        # A second Ctrl-C must not interrupt the cleanup.
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        former = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
        with self._lock:
            self._closed = True
            left = list(self._running)
        for process in left:
            self.stop(process)
        for number, handler in former.items():
            signal.signal(number, handler)


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
