"""What is measured: cells of so many messages in flight, of such a size, on so many connections."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch

SIZES = {"20B": 20, "1K": 1024, "16K": 16 * 1024, "1M": 1024 * 1024}


@dataclass(frozen=True)
class Cell:
    depth: int
    size: str
    connections: int
    # Whether `--quick` has it too.
    quick: bool = False

    @property
    def name(self) -> str:
        return f"{self.depth}x{self.size}@{self.connections}"

    @property
    def title(self) -> str:
        what = "one message at a time" if self.depth == 1 else f"{self.depth} messages in flight"
        return f"{what}, {self.size}, {self.connections} connections"

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
]


def select(patterns: list, quick: bool) -> list:
    """Cells by name; without patterns all, or those of a quick run."""
    if patterns:
        return [cell for cell in CELLS if any(fnmatch(cell.name, pattern) for pattern in patterns)]
    return [cell for cell in CELLS if cell.quick or not quick]
