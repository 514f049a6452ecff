"""The measured servers: baselines, the library, its peers; how each is started, and its baseline."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

import uwebsockets

HERE = Path(__file__).resolve().parent
WS = "ws@8.23.0"
WEBSOCKETS = "websockets==17.4"

# Seconds for an installation.
INSTALLATION = 300


@dataclass(frozen=True)
class Peer:
    name: str
    # The server with the same reads and writes, and without WebSocket.
    floor: str
    # Its origin: "floor", "ours", "crate NAME", "npm", "pip" or "source".
    kind: str
    # Its number of connections in the memory cell, if not all.
    holds: int = 1_000_000
    # Seconds to warm up.
    warmup: float = 0
    # Whether its server echoes.
    echoes: bool = True
    # Whether its server can also broadcast.
    broadcasts: bool = False
    # Whether its server is also measured over TLS.
    tls: bool = False
    # The server program of another build, to compare the two.
    program: Path | None = None

    def serves(self, kind: str) -> bool:
        """Whether it has a server for a kind of cell."""
        return {"broadcast": self.broadcasts, "tls": self.tls}.get(kind, self.echoes)


def on_tokio(crate: str, feed: bool = False, broadcasts: bool = False, tls: bool = False) -> list:
    names = [crate, f"{crate}-feed"] if feed else [crate]
    return [Peer(name, "raw-tokio", f"crate {crate}", broadcasts=broadcasts, tls=tls) for name in names]


PEERS = [
    Peer("raw-epoll", "raw-epoll", "floor", broadcasts=True),
    Peer("raw-tokio", "raw-tokio", "floor", broadcasts=True, tls=True),
    Peer("sansocket-tokio", "raw-tokio", "ours", broadcasts=True),
    Peer("sansocket-tokio-cork", "raw-tokio", "ours"),
    Peer("sansocket-tokio-feed", "raw-tokio", "ours", broadcasts=True, tls=True),
    Peer("sansocket-topic", "raw-tokio", "ours", echoes=False, broadcasts=True),
    Peer("sansocket-tokio-with", "raw-tokio", "ours", tls=True),
    # Upgraded by an HTTP server.
    Peer("sansocket-hyper", "raw-tokio", "ours"),
    Peer("sansocket-hyper-with", "raw-tokio", "ours"),
    Peer("sansocket-axum", "raw-tokio", "ours"),
    Peer("sansocket-epoll", "raw-epoll", "ours"),
    Peer("sansocket-blocking", "raw-epoll", "ours", holds=2_000),
    *on_tokio("tokio-tungstenite", feed=True, broadcasts=True, tls=True),
    *on_tokio("fastwebsockets", tls=True),
    *on_tokio("axum"),
    *on_tokio("tokio-websockets", feed=True, broadcasts=True),
    *on_tokio("yawc", feed=True),
    *on_tokio("sockudo-ws", feed=True, broadcasts=True),
    *on_tokio("soketto"),
    *on_tokio("wtx"),
    *on_tokio("web-socket"),
    Peer("web-socket-buf", "raw-tokio", "crate web-socket"),
    Peer("uwebsockets", "raw-epoll", "source", broadcasts=True),
    Peer("ws (node)", "raw-epoll", "npm", warmup=0.8),
    Peer("websockets (python)", "raw-epoll", "pip", holds=3_000),
]


def select(patterns: list) -> list:
    """Peers by name, and their baselines."""
    if not patterns:
        return PEERS
    chosen = [peer for peer in PEERS if any(fnmatch(peer.name, pattern) for pattern in patterns)]
    floors = {peer.floor for peer in chosen}
    return [peer for peer in PEERS if peer in chosen or peer.name in floors]


def with_before(chosen: list, program: Path | None) -> list:
    """The peers, and those of ours again, as another build has them."""
    if not program:
        return chosen
    ours = [peer for peer in chosen if peer.kind == "ours"]
    return chosen + [replace(peer, name=f"{peer.name} before", program=program) for peer in ours]


class Unavailable(Exception):
    """A peer is not available on this machine."""


class Commands:
    """The commands that start the servers. Packages of npm and pip are installed below `work`."""

    def __init__(self, programs: Path, work: Path, processes):
        self.programs, self.work, self.processes = programs, work, processes
        self.env = {"NODE_PATH": str(work / "node_modules"), "PYTHONPATH": str(work / "python")}

    def of(self, peer: Peer) -> list:
        if peer.kind == "npm":
            return self._ws()
        if peer.kind == "pip":
            return self._websockets()
        if peer.kind == "source":
            return [self._uwebsockets(), peer.name]
        return [peer.program or self.programs / "server", peer.name.split()[0]]

    def _ws(self) -> list:
        if not shutil.which("npm"):
            raise Unavailable("no npm, which installs it")
        flags = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", self.work]
        self._install(self.work / "node_modules" / "ws", ["npm", "install", *flags, WS])
        return ["node", HERE / "server_ws.js"]

    def _websockets(self) -> list:
        target = self.work / "python"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", target]
        self._install(target / "websockets", [*pip, WEBSOCKETS])
        return [sys.executable, HERE / "server_websockets.py"]

    def _uwebsockets(self) -> Path:
        if not uwebsockets.checkout():
            raise Unavailable(f"{uwebsockets.VARIABLE} does not name a checkout of uWebSockets")
        return uwebsockets.build(self.work / "uwebsockets", self.processes)

    def _install(self, probe: Path, command: list) -> None:
        if not probe.exists():
            self.processes.run(command, self.work / "logs" / "install.log", INSTALLATION)


def version(peer: Peer) -> str:
    """The measured versions, by the lock file, the pins above or the checkout; for the library itself, also the commit."""
    if peer.kind in ("npm", "pip"):
        return re.split("[@=]+", WS if peer.kind == "npm" else WEBSOCKETS)[1]
    if peer.kind == "source":
        return uwebsockets.version()
    crate = {"floor": "tokio", "ours": "sansocket"}.get(peer.kind) or peer.kind.split()[1]
    lock = (HERE / "Cargo.lock").read_text()
    number = re.search(rf'^name = "{crate}"\nversion = "(.*)"$', lock, re.MULTILINE)[1]
    if peer.program:
        return "another build"
    return f"{number} ({commit()})" if peer.kind == "ours" else number


def commit() -> str:
    described = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True)
    return described.stdout.strip() or "not in git"
