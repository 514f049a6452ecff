"""Starts a server on one processor and the load on another, and has the cells measured in turn."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import peers
from cells import Cell
from peers import Commands, Peer, Unavailable
from processes import Failed, Processes, wait_for_line

# Seconds that a load may take at most.
PATIENCE = 120


class Bench:
    def __init__(self, target: Path, processes: Processes, chosen: list, quick: bool):
        self.work, self.processes, self.quick = target / "peers", processes, quick
        self.programs = target / "release"
        self.problems, self.commands, self.peers = [], {}, []
        self.server_core, self.load_core = cores()
        commands = Commands(self.programs, self.work, processes)
        self.env = {**os.environ, **commands.env}
        for peer in chosen:
            try:
                self.commands[peer] = commands.of(peer)
                self.peers.append(peer)
            except (Unavailable, Failed) as why:
                print(f"{peer.name} is left out: {why}")

    def about(self) -> dict:
        """The machine, and who is measured."""
        model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split(" (")[0]
        about = {peer.name: {"kind": peer.kind, "floor": peer.floor, "version": peers.version(peer)} for peer in self.peers}
        return {
            "machine": f"{model[1] if model else platform.machine()}, {os.cpu_count()} processors",
            "system": f"{platform.system()} {platform.release()}, {rustc}, Python {platform.python_version()}",
            "when": time.strftime("%Y-%m-%d"),
            "peers": about,
        }

    def echo(self, cell: Cell, rounds: int) -> list:
        """Rounds of one cell: in each all peers once, every time in another order."""
        seconds = ["--warmup", 0.15, "--seconds", 0.4] if self.quick else ["--warmup", 0.3, "--seconds", 1]
        measured = []
        for number in range(rounds):
            start = number * len(self.peers) // rounds
            tell(f"{cell.name}: round {number + 1} of {rounds}")
            turn = {peer.name: self.load(peer, "echo", *cell.arguments, *seconds) for peer in rotated(self.peers, start)}
            measured.append({name: outcome for name, outcome in turn.items() if outcome})
        tell("")
        return measured

    def load(self, peer: Peer, kind: str, *arguments) -> dict | None:
        """What one load told of a fresh server; `None` if something broke, which is among the problems then."""
        try:
            with self.server(peer) as (process, address):
                raw = ["--raw"] if peer.kind == "floor" else []
                command = [*pinned_to(self.load_core), self.programs / "load", kind]
                command += ["--addr", address, "--pid", process.pid, *raw, *arguments]
                return json.loads(self.processes.run(command, self.work / "logs" / "load.log", PATIENCE))
        except (Failed, ValueError) as why:
            self.problems.append(f"{peer.name}, {kind} {' '.join(map(str, arguments))}: {why}")
            return None

    @contextmanager
    def server(self, peer: Peer):
        """A running server and its address."""
        log = self.work / "logs" / f"{peer.name.split()[0]}.log"
        command = [*pinned_to(self.server_core), *self.commands[peer]]
        process = self.processes.start(command, log, self.env)
        try:
            yield process, wait_for_line(process, log, r"^listening on (\S+)$", 30)[1]
        finally:
            self.processes.stop(process)


def cores() -> tuple:
    """Two processors that this may run on."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Failed("two processors are needed: one for the server, one for the load")
    return allowed[0], allowed[1]


def pinned_to(core: int) -> list:
    """What keeps a program on one processor, and before others there, if that may be asked for."""
    return [*(["nice", "-n", "-10"] if os.geteuid() == 0 else []), "taskset", "-c", core]


def rotated(items: list, start: int) -> list:
    return items[start:] + items[:start]


def tell(progress: str) -> None:
    """A line of progress, overwritten by the next."""
    if sys.stdout.isatty():
        print("\r" + progress.ljust(60), end="\r" if not progress else "", flush=True)
