"""The measured cells: messages in flight, their size, and the number of connections."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch

SIZES = {"20B": 20, "1K": 1024, "16K": 16 * 1024, "64K": 64 * 1024, "256K": 256 * 1024, "1M": 1024 * 1024}

# Other measurements, by name, and whether they are included if no cell is named.
OTHERS = {
    "syscalls": True, "memory": True, "tls-memory": False, "subscribers": False, "kernels": True, "profiles": False,
    "handshake-counts": False, "broadcast-counts": False,
}


@dataclass(frozen=True)
class Cell:
    depth: int
    size: str
    connections: int
    # Whether `--quick` includes it.
    quick: bool = False
    # "echo"; "broadcast": from one to all; "tls": an echo over TLS; or "handshake": opens and closes connections.
    kind: str = "echo"

    @property
    def name(self) -> str:
        if self.kind == "handshake":
            return self.kind
        kind = "" if self.kind == "echo" else f"{self.kind}-"
        return f"{kind}{self.depth}x{self.size}@{self.connections}"

    @property
    def title(self) -> str:
        if self.kind == "handshake":
            return "a connection that is opened and closed, instead of a message; one at a time"
        what = "one message at a time" if self.depth == 1 else f"{self.depth} messages in flight"
        kind = {"echo": "", "tls": "over TLS, "}.get(self.kind, f"{self.kind}, ")
        return f"{kind}{what}, {self.size}, {self.connections} connections"

    @property
    def arguments(self) -> list:
        return ["--depth", self.depth, "--size", SIZES[self.size], "--connections", self.connections]


CELLS = [
    Cell(1, "20B", 10, quick=True),
    Cell(1, "20B", 100),
    Cell(1, "1K", 10),
    Cell(1, "1K", 100),
    Cell(16, "20B", 10, quick=True),
    Cell(16, "20B", 100),
    Cell(16, "1K", 10, quick=True),
    Cell(16, "1K", 100),
    Cell(16, "16K", 10, quick=True),
    Cell(16, "16K", 100),
    Cell(1, "1M", 10, quick=True),
    Cell(16, "64K", 10),
    Cell(4, "256K", 10),
    Cell(16, "1M", 1),
    Cell(1, "1K", 1000, kind="broadcast"),
    Cell(8, "1K", 1000, kind="broadcast"),
    Cell(1, "20B", 10, kind="tls"),
    Cell(16, "1K", 10, kind="tls"),
    Cell(16, "16K", 10, kind="tls"),
    Cell(1, "1M", 10, kind="tls"),
    Cell(1, "20B", 0, kind="handshake"),
]


# The cells whose system calls are counted.
COUNTED = ["1x20B@10", "16x20B@10", "16x1K@10", "16x16K@10", "1x1M@10"]


def names() -> list:
    """The names of all cells and other measurements."""
    return [*(cell.name for cell in CELLS), *OTHERS]


def select(patterns: list, quick: bool) -> tuple:
    """The cells and names of other measurements that match; without patterns all, or those of `--quick`."""

    def wanted(name: str, in_quick: bool) -> bool:
        return any(fnmatch(name, pattern) for pattern in patterns) if patterns else in_quick or not quick

    others = [name for name, included in OTHERS.items() if (wanted(name, included) if patterns else included)]
    return [cell for cell in CELLS if wanted(cell.name, cell.quick)], others
