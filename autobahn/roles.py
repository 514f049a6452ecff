"""Runs the suite against our servers, and our clients against the suite.

Either way the suite's log tells how far it has come, and the suite writes its report only at
the end. So a server or client that hangs is stopped alone: the others' results are kept.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import certificate
from ports import START, reserve_port, wait_for_port
from processes import Closed, Failed, Processes, ending, tail, wait_for_line
from suite import Suite

# The seconds without a new case after which a peer is stopped. The suite waits for at most 10
# in an ordinary case; the heavy ones of 9.* take a few.
STALL = 120

# The maximum of seconds of an average case: bounds a run in which every case times out. On two
# busy cores the suite's Python takes up to 10 for a case of 12.*.
PER_CASE = 12


# The driver whose servers and clients talk TLS, to a suite that does.
OVER_TLS = "tokio-tls"

# A route of an HTTP server: the example of axum, which always agrees on compression. There is no such client.
IN_AXUM = "axum"


def agent(driver: str) -> str:
    """The name of a driver in the suite's reports."""
    return f"sansocket-{driver}"


@dataclass
class Bench:
    """Shared by both roles."""

    work: Path
    binaries: Path
    suite: Suite
    processes: Processes
    drivers: list
    cases: list
    stall: int = STALL

    @property
    def scheme(self) -> str:
        return "wss" if self.drivers == [OVER_TLS] else "ws"


@dataclass
class Progress:
    """The suite's progress, from its log."""

    log: Path
    started: dict = field(default_factory=dict)
    moved: float = field(default_factory=time.monotonic)
    _read: int = 0
    _rest: bytes = b""

    LINE = re.compile(rb"^Running test case ID (\S+) for agent (\S+) from peer", re.MULTILINE)

    def update(self) -> None:
        with self.log.open("rb") as log:
            log.seek(self._read)
            new = log.read()
        self._read += len(new)
        lines, newline, self._rest = (self._rest + new).rpartition(b"\n")
        for case, name in self.LINE.findall(lines + newline):
            self.started.setdefault(name.decode(), set()).add(case.decode())
            self.moved = time.monotonic()

    def count(self, driver: str) -> int:
        return len(self.started.get(agent(driver), ()))

    def quiet(self) -> float:
        return time.monotonic() - self.moved


class Role(threading.Thread):
    """A running role. `problems` has the failures that are not failed cases."""

    name: str

    @staticmethod
    def program(driver: str) -> str:
        """The example program of a driver."""
        raise NotImplementedError

    def __init__(self, bench: Bench):
        super().__init__(daemon=True)
        self.bench = bench
        self.problems = []
        self.reports = bench.work / "reports" / self.name
        self.logs = bench.work / "logs" / self.name
        self.progress = Progress(self.logs / "suite.log")
        self.deadline = time.monotonic() + bench.stall + PER_CASE * len(bench.cases) * len(bench.drivers)

    def run(self) -> None:
        try:
            for folder in (self.reports, self.logs):
                # A report of an earlier run must not be mistaken for this one.
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
            self.exercise()
        except Closed:
            pass
        except Failed as why:
            self.problem(str(why))
        except Exception:  # noqa: BLE001 - a thread's error counts as a failure
            self.problem(traceback.format_exc())

    def exercise(self) -> None:
        raise NotImplementedError

    def problem(self, text: str) -> None:
        self.problems.append(f"{self.name} role: {text}")

    def start_suite(self, mode: str, spec: dict, port: int | None = None) -> subprocess.Popen:
        path = self.logs / "spec.json"
        # The suite's patterns match more than ours, so each case is passed by name.
        rest = {
            "outdir": str(self.reports),
            "cases": self.bench.cases,
            "exclude-cases": [],
            "exclude-agent-cases": {},
            "options": {"failByDrop": False},
        }
        path.write_text(json.dumps({**spec, **rest}, indent=2))
        suite = self.bench.suite
        self.progress.moved = time.monotonic()
        return self.bench.processes.start(suite.command(mode, path, port), self.progress.log, suite.env)

    def start_driver(self, driver: str, options: list, env: dict | None = None) -> tuple:
        log = self.logs / f"{driver}.log"
        command = [self.bench.binaries / self.program(driver), *options]
        return self.bench.processes.start(command, log, env), log

    def overdue(self) -> bool:
        """Whether the whole role takes too long."""
        return time.monotonic() > self.deadline

    def summary(self) -> str:
        total = len(self.bench.cases)
        return ", ".join(f"{driver} {self.progress.count(driver)}/{total}" for driver in self.bench.drivers)


class ServerRole(Role):
    """The suite is the client ('fuzzingclient'); it connects to our servers one after the other."""

    name = "server"

    @staticmethod
    def program(driver: str) -> str:
        return {OVER_TLS: "wss_echo", IN_AXUM: "axum"}.get(driver, "echo_server")

    def exercise(self) -> None:
        servers = {}
        urls = []
        scheme = self.bench.scheme
        for driver in self.bench.drivers:
            if driver == IN_AXUM:
                choice, path = ["--host", f"{self.bench.suite.peer}:*"], "/ws"
            else:
                # The suite does not verify the certificate.
                choice = ["--write-ca", self.logs / "authority.pem"] if driver == OVER_TLS else ["--driver", driver]
                choice, path = ["--deflate", *choice], ""
            server, log = self.start_driver(driver, ["--listen", "127.0.0.1:0", *choice])
            try:
                port = wait_for_line(server, log, r"^listening on \w+://[^\s]*:(\d+)/", START)[1]
            except Failed as why:
                self.bench.processes.stop(server)
                self.problem(f"the server of '{driver}' did not start: {why}")
                continue
            servers[driver] = server
            urls.append({"agent": agent(driver), "url": f"{scheme}://{self.bench.suite.peer}:{port}{path}"})
        if not servers:
            return
        suite = self.start_suite("fuzzingclient", {"servers": urls})
        self.attend(suite, servers)
        for driver, server in servers.items():
            if server.poll() is not None:
                log = tail(self.logs / f"{driver}.log")
                self.problem(f"the server of '{driver}' died: {ending(server.returncode)}\n{log}")
            self.bench.processes.stop(server)

    def attend(self, suite: subprocess.Popen, servers: dict) -> None:
        """Waits for the end of the suite; stops a server that hangs, and notes it."""
        while suite.poll() is None:
            time.sleep(0.1)
            self.progress.update()
            if self.progress.quiet() < self.bench.stall and not self.overdue():
                continue
            driver = self.held_up_by(servers)
            if self.overdue() or not driver:
                self.problem(f"the suite took too long and was stopped\n{tail(self.progress.log)}")
                self.bench.processes.stop(suite)
                return
            self.bench.processes.stop(servers.pop(driver))
            self.problem(
                f"no new case for {self.bench.stall} s: the server of '{driver}' counts as hung and was stopped\n"
                f"{tail(self.logs / f'{driver}.log')}"
            )
            # The suite notices that this server is stopped, and continues with the next one.
            self.progress.moved = time.monotonic()
        self.progress.update()
        if suite.returncode != 0:
            self.problem(f"the suite broke: {ending(suite.returncode)}\n{tail(self.progress.log)}")

    def held_up_by(self, servers: dict) -> str | None:
        """The first server that has cases left: the suite runs the servers in order."""
        alive = [driver for driver in servers if servers[driver].poll() is None]
        unfinished = [driver for driver in alive if self.progress.count(driver) < len(self.bench.cases)]
        return next(iter(unfinished or alive), None)


class ClientRole(Role):
    """The suite is the server ('fuzzingserver'); our clients connect one after the other.

    Not in parallel: while the suite writes one client's report it does not respond to others,
    whose case may have a time limit of a second.
    """

    name = "client"

    @staticmethod
    def program(driver: str) -> str:
        return "autobahn_client"

    def exercise(self) -> None:
        port, scheme, spec, env, context = reserve_port(), self.bench.scheme, {}, None, None
        if scheme == "wss":
            trusted, key = certificate.make(self.logs, self.logs / "certificate.log", self.bench.processes)
            spec = {"cert": str(trusted), "key": str(key)}
            # The client opens `wss:` by its URL, with the verifier of the platform.
            env = {**os.environ, "SSL_CERT_FILE": str(trusted)}
            context = ssl.create_default_context(cafile=trusted)
        suite = self.start_suite("fuzzingserver", {"url": f"{scheme}://{self.bench.suite.own}:{port}", **spec}, port)
        wait_for_port(port, suite, self.progress.log)
        for driver in self.bench.drivers:
            url = f"wss://localhost:{port}" if scheme == "wss" else f"ws://127.0.0.1:{port}"
            arguments = [url, "--driver", driver.replace("-tls", ""), "--agent", agent(driver)]
            client, log = self.start_driver(driver, arguments, env)
            self.progress.moved = time.monotonic()
            if not self.attend(driver, client, log, suite):
                return
        if self.problems:
            ask_for_report(port, context)
        self.bench.processes.stop(suite)

    def attend(self, driver: str, client: subprocess.Popen, log: Path, suite: subprocess.Popen) -> bool:
        """Waits for the end of a client, and notes failures. False if the suite has ended."""
        while client.poll() is None:
            time.sleep(0.1)
            self.progress.update()
            if suite.poll() is not None:
                self.bench.processes.stop(client)
                self.problem(f"the suite broke: {ending(suite.returncode)}\n{tail(self.progress.log)}")
                return False
            if self.progress.quiet() < self.bench.stall and not self.overdue():
                continue
            self.bench.processes.stop(client)
            why = "the run takes too long" if self.overdue() else f"no new case for {self.bench.stall} s"
            self.problem(f"{why}: the client of '{driver}' was stopped\n{tail(log)}")
            return True
        self.progress.update()
        if client.returncode != 0:
            self.problem(f"the client of '{driver}' broke: {ending(client.returncode)}\n{tail(log)}")
        return True


ROLES = {"server": ServerRole, "client": ClientRole}


def ask_for_report(port: int, context: ssl.SSLContext | None) -> None:
    """Makes the suite write its report, for a client that ended before it could."""
    request = (
        "GET /updateReports?agent=harness HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as plain:
            suite = context.wrap_socket(plain, server_hostname="localhost") if context else plain
            suite.sendall(request.encode())
            # It responds, writes the report, and closes the stream without a close handshake.
            while suite.recv(4096):
                pass
    except ConnectionResetError:
        pass
    except OSError as error:
        raise Failed(f"the suite wrote no report: {error}") from error
