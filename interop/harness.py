"""Runs programs and reads their output, for all parts of `interop/run`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from processes import Failed, Processes, tail, wait_for_line
from relay import Relay

HERE = Path(__file__).resolve().parent

# How a server tells its port.
LISTENING = r"listening on \D*?([\d.]*:)?(\d+)"

# The time limits in seconds of one exchange and of an installation.
EXCHANGE, INSTALLATION = 120, 300


class Harness:
    def __init__(self, work: Path, programs: Path, processes: Processes, name: str):
        self.name = name
        self.work, self.programs, self.processes = work, programs, processes
        self.env = {
            **os.environ,
            "NODE_PATH": str(work / "node_modules"),
            "PYTHONPATH": str(work / "python"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.logs = 0

    def log(self) -> Path:
        self.logs += 1
        return self.work / "logs" / f"{self.name}-{self.logs:03}.log"

    def run(self, *command, timeout=EXCHANGE, env=None) -> str:
        return self.processes.run(list(command), self.log(), timeout, {**self.env, **(env or {})})

    def version(self, package: str) -> str:
        """The upstream version of an installed Debian package."""
        return re.match(
            r"(?:\d+:)?([\d.]+)", self.run("dpkg-query", "-W", "-f", "${Version}", package)
        )[1]


# The cases of clients, in the order of the table, with its headings; the relay sees `compression`.
CASES = {
    "text": "txt",
    "unicode": "uni",
    "empty text": "e-t",
    "empty binary": "e-b",
    "binary": "bin",
    "json": "json",
    "burst": "1000",
    "client pings": "ping→",
    "server pings": "←ping",
    "client fragments": "frag→",
    "server fragments": "←frag",
    "client closes": "close→",
    "server closes": "←close",
    "refusal": "403",
    "subprotocol": "proto",
    "compression": "defl",
}


# The outcome of a case that no program has printed.
NOT_TESTED = "not tested"


@dataclass(frozen=True)
class Difference:
    """A known difference of a peer: the reason, and a pattern that the whole outcome matches."""

    reason: str
    outcome: str

    def verdict(self, outcome: str) -> str:
        if not outcome:
            return f"passed, but is listed as a difference: {self.reason}"
        if outcome == NOT_TESTED or not re.fullmatch(self.outcome, outcome, re.DOTALL):
            return f"{outcome}; the listed difference is another: {self.reason}"
        return "difference"


# Our servers, by the role of their clients: on the blocking adapter, and as a route of axum.
SERVERS = {"client": "interop_server", "client of axum": "interop_axum"}


class Row:
    """The outcomes of one peer in one role, by case: "" for success."""

    def __init__(self, peer, role: str, version: str, cases=CASES):
        self.peer, self.role, self.version, self.cases = peer, role, version, cases
        self.outcomes: dict[str, str] = {}
        # The negotiated extensions, from the servers' responses.
        self.extensions: set[str] = set()
        self.why = ""

    def take(self, printed: str) -> None:
        for verdict, case, why in re.findall(
            r"^(ok|no) ([^:\n]+?)(?:: (.*))?$", printed, re.MULTILINE
        ):
            self.outcomes[case] = "" if verdict == "ok" else why or "failed"

    @property
    def listed(self) -> dict[str, Difference]:
        """The differences of the role's first word, by case: a client is the same to each of ours."""
        return self.peer.differences.get(self.role.split()[0], {})

    def verdicts(self) -> dict[str, str]:
        """`passed`, `difference`, or what is wrong."""
        verdicts, listed = {}, self.listed
        for case in dict.fromkeys([*self.cases, *self.outcomes, *listed]):
            outcome = self.outcomes.get(case, NOT_TESTED)
            if case in listed:
                verdicts[case] = listed[case].verdict(outcome)
            else:
                verdicts[case] = outcome or "passed"
        return verdicts


def exchange(harness: Harness, row: Row, server: list, client) -> Row:
    """Starts the server, and runs `client(port)`, which returns its output, through a relay."""
    log = harness.log()
    try:
        process = harness.processes.start(server, log, harness.env)
    except OSError as error:
        row.why = f"{server[0]}: {error.strerror}"
        return row
    try:
        match = wait_for_line(process, log, LISTENING, 30)
        with Relay(("127.0.0.1", int(match[2]))) as relay:
            row.take(client(relay.port))
            if "compression" in row.cases:
                row.outcomes["compression"] = compression(relay.to_server, relay.to_client)
                row.extensions = set(relay.to_client.extensions)
        if row.outcomes.get("client closes") == "":
            row.outcomes["client closes"] = closed(process, log)
    except Failed as why:
        row.why = f"{why}\n{tail(log)}"
    finally:
        harness.processes.stop(process)
    return row


def exchange_as_client(harness: Harness, peer, version: str, client) -> list[Row]:
    """The exchanges of a peer's client with each of our servers."""
    return [
        exchange(harness, Row(peer, role, version), [harness.programs / program], client)
        for role, program in SERVERS.items()
    ]


def closed(process, log: Path) -> str:
    """Whether the server has received the client's code and reason, which it prints."""
    try:
        wait_for_line(process, log, "^closed 3001 操作完成$", 10)
    except Failed:
        return f"the server did not print the code and the reason\n{tail(log)}"
    return ""


def compression(there, back) -> str:
    if there.misplaced or back.misplaced:
        return "reserved bits where they don't belong"
    if not any(back.extensions):
        return "not negotiated"
    both = there.compressed and back.compressed
    return "" if both else "messages of one direction only are compressed"
