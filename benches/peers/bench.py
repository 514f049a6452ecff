"""Starts a server on one processor and the load on another, and measures the cells in turn."""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path

import certificate
import counts
import peers
import profiles
from cells import CELLS, COUNTED, Cell
from peers import Commands, Peer, Unavailable
from processes import Failed, Processes, wait_for_line
from syscalls import Counter

# The maximum duration of a load, in seconds.
TIMEOUT = 120

# Connections of the cells `memory` and `subscribers`, and file descriptors that are reserved for other uses.
HELD, HELD_QUICK, SUBSCRIBERS, SPARE_FILES = 9_500, 2_000, 20_000, 100

# A higher priority. Each program has a session of its own: with the kernel's autogroups, the niceness of a process is
# relative to its session, which needs one as well.
AUTOGROUP = "/proc/self/autogroup"
PRIORITY = ["sh", "-c", f'[ ! -w {AUTOGROUP} ] || echo -10 2>/dev/null >{AUTOGROUP}; exec nice -n -10 "$@"', "sh"]


class Bench:
    def __init__(self, target: Path, processes: Processes, chosen: list, quick: bool, rounds: int):
        self.work, self.processes, self.quick, self.rounds = target / "peers", processes, quick, rounds
        self.programs = target / "release"
        self.problems, self.commands, self.peers, self.certificate = [], {}, [], None
        self.server_core, self.load_core = cores()
        self.files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))
        commands = Commands(self.programs, self.work, processes)
        self.env = {**os.environ, **commands.env}
        for peer in chosen:
            try:
                self.commands[peer] = commands.of(peer)
                self.peers.append(peer)
            except (Unavailable, Failed) as why:
                print(f"{peer.name} is left out: {why}")
        self.floors = {peer.name: peer for peer in self.peers if peer.kind == "floor"}

    def about(self) -> dict:
        """The machine, and the measured peers."""
        model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split(" (")[0]
        about = {peer.name: {"kind": peer.kind, "floor": peer.floor, "version": peers.version(peer)} for peer in self.peers}
        return {
            "machine": f"{model[1] if model else platform.machine()}, {os.cpu_count()} processors",
            "system": f"{platform.system()} {platform.release()}, {rustc}, Python {platform.python_version()}",
            "when": time.strftime("%Y-%m-%d") + (", quickly" if self.quick else ""),
            "peers": about,
        }

    def cell(self, cell: Cell) -> dict:
        """Rounds of one cell: each measures all peers once, and begins with another one."""
        chosen = [peer for peer in self.peers if peer.serves(cell.kind)]
        measured = []
        for number in range(self.rounds):
            start = number * len(chosen) // self.rounds
            tell(f"{cell.name}: round {number + 1} of {self.rounds}")
            turn = {peer.name: self._turn(peer, cell) for peer in chosen[start:] + chosen[:start]}
            measured.append({name: outcome for name, outcome in turn.items() if outcome})
        tell("")
        return {"title": cell.title, "peers": [peer.name for peer in chosen], "rounds": measured}

    def _turn(self, peer: Peer, cell: Cell) -> dict | None:
        """One server and its floor, in turn."""
        warmup, seconds = (0.05, 0.15) if self.quick else (0.15, 0.4)
        arguments = [*cell.arguments, "--warmup", max(warmup, peer.warmup), "--seconds", seconds]
        with self.noting(peer, cell.name), ExitStack() as stack:
            if peer.kind != "floor":
                floor, address = stack.enter_context(self.server(self.floors[peer.floor], cell.kind))
                arguments += ["--floor-addr", address, "--floor-pid", floor.pid]
            server = stack.enter_context(self.server(peer, cell.kind))
            load = "echo" if cell.kind == "tls" else cell.kind
            return self.load(peer, server, load, *arguments, *self._trust(cell.kind))

    def memory(self) -> dict:
        """The memory of idle connections in each server."""
        return self._memory("echo")

    def tls_memory(self) -> dict:
        """The same over TLS."""
        return self._memory("tls")

    def _memory(self, kind: str) -> dict:
        # With more handshakes of TLS, the first connections would get a keep-alive ping before the last is open.
        few = self.quick or kind == "tls"
        most = min(HELD_QUICK if few else HELD, self.files - SPARE_FILES)
        measured = {}
        for peer in (peer for peer in self.peers if peer.serves(kind)):
            tell(f"memory: {peer.name}")
            arguments = ["--connections", min(most, peer.holds), "--seconds", 0.5 if self.quick else 2]
            with self.noting(peer, "memory"), self.server(peer, kind) as server:
                measured[peer.name] = self.load(peer, server, "memory", *arguments, *self._trust(kind))
        tell("")
        return measured

    def subscribers(self) -> dict:
        """A broadcast of 1 KiB to as many clients as the system allows: by peer, the results of all rounds."""
        subscribers = min(SUBSCRIBERS, self.files - SPARE_FILES)
        warmup, seconds = (0.2, 1) if self.quick else (0.5, 3)
        arguments = ["--size", 1024, "--connections", subscribers, "--warmup", warmup, "--seconds", seconds]
        measured = {}
        for number, peer in product(range(self.rounds), (peer for peer in self.peers if peer.broadcasts)):
            tell(f"subscribers: round {number + 1} of {self.rounds}, {peer.name}")
            with self.noting(peer, "subscribers"), self.server(peer, "broadcast") as server:
                outcome = self.load(peer, server, "subscribers", *arguments)
                measured.setdefault(peer.name, []).append(outcome)
        tell("")
        return measured

    def syscalls(self) -> dict:
        """System calls per message, by cell and peer: those of a longer run minus those of a shorter one."""
        counter = Counter(self.processes, self.work / "logs")
        if not counter.tool:
            print("syscalls are left out: neither perf nor strace can be used")
            return {}
        measured = {}
        for cell in (cell for cell in CELLS if cell.name in COUNTED):
            tell(f"syscalls: {cell.name}")
            for peer in (peer for peer in self.peers if peer.echoes):
                with self.noting(peer, f"syscalls, {cell.name}"), self.server(peer) as server:
                    runs = []
                    for seconds in (0, 0.2):
                        echo = ["echo", *cell.arguments, "--seconds", seconds]
                        runs.append(counter.count(server[0].pid, lambda prefix: self.load(peer, server, *echo, prefix=prefix)))
                    (few_calls, few), (calls, many) = runs
                    each = (calls - few_calls) / (many["messages"] - few["messages"])
                    measured.setdefault(cell.name, {})[peer.name] = each
        tell("")
        return measured

    def handshake_counts(self) -> dict:
        """Instructions and cache misses in user mode for a connection that is opened and closed."""
        return self._counts("handshake", "echo", 0.3, 1, "--connections", 0)

    def broadcast_counts(self) -> dict:
        """The same for a message that is delivered to one of 1,000 clients."""
        return self._counts("broadcast", "broadcast", 1, 3, "--depth", 1, "--size", 1024, "--connections", 1000, "--warmup", 0)

    def _counts(self, load: str, kind: str, few: float, many: float, *arguments) -> dict:
        """By peer, what a message costs: the counts of a longer run minus those of a shorter one."""
        if not shutil.which("valgrind"):
            print(f"{load}-counts are left out: no valgrind")
            return {}
        measured = {}
        for peer in (peer for peer in self.peers if peer.serves(kind) and peer.kind not in ("npm", "pip")):
            tell(f"{load}-counts: {peer.name}")
            with self.noting(peer, f"{load}-counts"):
                runs = []
                for seconds in (few, many):
                    with self.server(peer, kind, prefix=counts.CALLGRIND) as server:
                        outcome = self.load(peer, server, load, *arguments, "--seconds", seconds)
                    # It prints the sums when the server is stopped.
                    runs.append((outcome["messages"], counts.read(self._log(peer).read_text())))
                measured[peer.name] = counts.of_a_message(*runs)
        tell("")
        return measured

    def profiles(self) -> dict:
        """The cost relative to the baseline, which has our own profile: by cell, peer and profile."""
        programs = {}
        for profile in profiles.PROFILES:
            tell(f"profiles: building {profiles.name(profile)}")
            programs[profile] = profiles.build(profile, self.work / "profiles")
        measured = {cell.name: {} for cell in profiles.MEASURED}
        for cell, number in product(profiles.MEASURED, range(self.rounds)):
            for profile, program in programs.items():
                tell(f"profiles: {cell.name}, round {number + 1} of {self.rounds}, {profiles.name(profile)}")
                for peer in profiles.peers_of(profile, program, self.peers):
                    self.commands[peer] = [program, profiles.original(peer)]
                    outcome = self._turn(peer, cell)
                    if outcome and outcome["times"]:
                        rows = measured[cell.name].setdefault(profiles.original(peer), {})
                        rows.setdefault(profiles.name(profile), []).append(outcome["times"])
        tell("")
        return measured

    def kernels(self) -> list:
        """The time of functions that process every byte, without a server."""
        tell("kernels")
        command = [*pinned_to(self.server_core), self.programs / "kernels"]
        measured = json.loads(self.processes.run(command, self.work / "logs" / "kernels.log", TIMEOUT))
        tell("")
        return measured

    def load(self, peer: Peer, server: tuple, kind: str, *arguments, prefix=()) -> dict:
        """The result of one load."""
        process, address = server
        raw = ["--raw"] if peer.kind == "floor" else []
        command = [*prefix, *pinned_to(self.load_core), self.programs / "load", kind, "--addr", address, "--pid", process.pid]
        return json.loads(self.processes.run([*command, *raw, *arguments], self.work / "logs" / "load.log", TIMEOUT))

    def _log(self, peer: Peer) -> Path:
        return self.work / "logs" / f"{peer.name.split()[0]}.log"

    def _mode(self, kind: str) -> list:
        """The options of a server of this kind."""
        if kind == "tls":
            return ["--tls", self._certificate()]
        return ["--broadcast"] if kind == "broadcast" else []

    def _trust(self, kind: str) -> list:
        """The options of a load that talks to a server of this kind."""
        return ["--tls", self._certificate() / "certificate.pem"] if kind == "tls" else []

    def _certificate(self) -> Path:
        """The folder with the certificate of all servers, made anew for this run."""
        if not self.certificate:
            self.certificate = self.work / "tls"
            certificate.make(self.certificate, self.work / "logs" / "certificate.log", self.processes)
        return self.certificate

    @contextmanager
    def noting(self, peer: Peer, what: str):
        """Notes a failure, and continues."""
        try:
            yield
        except (Failed, ValueError, ArithmeticError) as why:
            self.problems.append(f"{peer.name}, {what}: {why}")

    @contextmanager
    def server(self, peer: Peer, kind: str = "echo", prefix=()):
        """A running server and its address."""
        log = self._log(peer)
        *program, name = self.commands[peer]
        command = [*pinned_to(self.server_core), *prefix, *program, *self._mode(kind), name]
        process = self.processes.start(command, log, self.env)
        try:
            yield process, wait_for_line(process, log, r"^listening on (\S+)$", 30)[1]
        finally:
            self.processes.stop(process)


def cores() -> tuple:
    """Two processors that this process may use."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Failed("two processors are needed: one for the server, one for the load")
    return allowed[0], allowed[1]


def pinned_to(core: int) -> list:
    """The prefix that pins a program to one processor, with a higher priority if that is permitted."""
    return [*(PRIORITY if os.geteuid() == 0 else []), "taskset", "-c", core]


def tell(progress: str) -> None:
    """A line of progress, overwritten by the next."""
    if sys.stdout.isatty():
        print("\r" + progress.ljust(60), end="\r" if not progress else "", flush=True)
