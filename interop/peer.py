"""One peer in its two roles: how its programs are made and started, and the exchange with ours."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from harness import INSTALLATION, Harness, Row, exchange, exchange_as_client
from install import GO

PEERS = Path(__file__).resolve().parent / "peers"
MANIFEST = PEERS.parent / "rust" / "Cargo.toml"


@dataclass(frozen=True)
class Program:
    """A command that takes `client URL` or `server`, and the command that makes it, if any.

    `{work}` in both is the folder of the run.
    """

    command: tuple
    build: tuple = ()


def python(file: str) -> Program:
    return Program((sys.executable, PEERS / file))


def debians_python(file: str) -> Program:
    """The interpreter that the bindings of Debian's packages are for."""
    return Program(("env", "-u", "PYTHONPATH", "/usr/bin/python3", PEERS / file))


def node(file: str) -> Program:
    return Program(("node", PEERS / file))


def go(name: str) -> Program:
    environment = [f"{key}={value}" for key, value in GO.items()]
    sources = [PEERS / f"{name}.go", PEERS / "cases.go"]
    build = ("go", "build", "-o", f"{{work}}/{name}", *sources)
    return Program((f"{{work}}/{name}",), ("env", *environment, "GOCACHE={work}/go", *build))


def java(name: str, jars: str = "") -> Program:
    folder = f"{{work}}/java-{name}"
    sources = [PEERS / "Cases.java", PEERS / f"{name}.java"]
    path = f"{folder}:{jars}"
    # Sources and output are UTF-8, whatever the locale; short runs need no second compiler.
    command = (
        "java",
        "-Djava.io.tmpdir={work}",
        "-Dfile.encoding=UTF-8",
        "-XX:TieredStopAtLevel=1",
    )
    command = (*command, "-cp", path, name)
    return Program(command, ("javac", "-encoding", "UTF-8", "-d", folder, "-cp", path, *sources))


def c(name: str, *libraries: str) -> Program:
    build = ("gcc", "-O1", "-o", f"{{work}}/{name}", PEERS / f"{name}.c", *libraries)
    return Program((f"{{work}}/{name}",), build)


def cpp(name: str, *libraries: str) -> Program:
    source = PEERS / f"{name}.cpp"
    build = ("g++", "-std=c++17", "-O0", "-o", f"{{work}}/{name}", source, *libraries)
    return Program((f"{{work}}/{name}",), build)


def rust(name: str) -> Program:
    """One of the workspace's programs; the first builds all."""
    build = ("cargo", "build", "--quiet", "--locked", "--release", "--manifest-path", MANIFEST)
    return Program((f"{{work}}/rust/release/{name}",), (*build, "--target-dir", "{work}/rust"))


@dataclass(frozen=True)
class Peer:
    name: str
    program: Program
    # The packages to install; the version is that of the first.
    needs: tuple = ()
    # The differences of each role, by case; `None` if it has not that role.
    client: dict | None = None
    server: dict | None = None
    quick: bool = False
    # The version, if `needs` has none.
    pinned: str = ""

    @property
    def differences(self) -> dict:
        return {"client": self.client, "server": self.server}

    def test(self, harness: Harness, outcome) -> None:
        filled = lambda command: [str(word).format(work=harness.work) for word in command]
        if self.program.build:
            harness.run(*filled(self.program.build), timeout=INSTALLATION)
        theirs, version = filled(self.program.command), self.version(harness)
        if self.client is not None:
            client = lambda port: harness.run(*theirs, "client", f"ws://127.0.0.1:{port}/")
            outcome.add(*exchange_as_client(harness, self, version, client))
        if self.server is not None:
            ours = harness.programs / "interop_cases"
            client = lambda port: harness.run(ours, f"ws://127.0.0.1:{port}/")
            row = Row(self, "server", version)
            outcome.add(exchange(harness, row, [*theirs, "server"], client))

    def version(self, harness: Harness) -> str:
        if self.pinned:
            return self.pinned
        kind, _, package = self.needs[0].partition(":")
        return harness.version(package) if kind == "apt" else re.split("@|==", package)[-1]
