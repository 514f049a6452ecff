"""All that a run can test, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from browsers import BROWSERS, DEBUGGERS
from hub import HUBS
from middle import MIDDLES
from matrix import WEBSOCKETS, WS, Matrix, table
from table import TABLE
from uses import USES


@dataclass(frozen=True)
class MatrixPart:
    """One peer of the matrix of compression, or the messages over TLS."""

    name: str
    needs: tuple
    method: Callable
    quick: bool = False

    def test(self, harness, outcome) -> None:
        matrix = Matrix(harness.work, harness.programs, harness.processes, self.name)
        self.method(matrix)
        outcome.tables.append(table(matrix.rows))
        for row in matrix.rows:
            if row["outcome"] == "FAILED":
                outcome.fail(f"{row['peer']}, {row['ours']}", row["why"])
            else:
                outcome.passed += 1


MATRIX = [
    MatrixPart("deflate-ws", (f"npm:{WS}",), Matrix.ws, quick=True),
    MatrixPart("deflate-websockets", (f"pip:{WEBSOCKETS}",), Matrix.websockets, quick=True),
    MatrixPart(
        "deflate-nhooyr",
        ("apt:golang-nhooyr-websocket-dev", "apt:golang-go"),
        Matrix.nhooyr,
        quick=True,
    ),
    MatrixPart(
        "deflate-netty", ("apt:libnetty-java", "apt:default-jdk-headless"), Matrix.netty, quick=True
    ),
    MatrixPart("deflate-mojolicious", ("apt:libmojolicious-perl",), Matrix.mojolicious, quick=True),
    MatrixPart("deflate-chromium", ("apt:chromium",), Matrix.chromium),
    MatrixPart("wss", (f"npm:{WS}", f"pip:{WEBSOCKETS}"), Matrix.wss, quick=True),
    MatrixPart(
        "wss-browsers",
        ("apt:chromium", "apt:firefox-esr", "apt:libnss3-tools"),
        Matrix.wss_browsers,
    ),
]

# Other implementations; the rest uses these, or stands between two of ours.
PEERS = {peer.name for peer in [*TABLE, *BROWSERS]}

ALL = [*TABLE, *BROWSERS, *DEBUGGERS, *USES, *MIDDLES, *HUBS, *MATRIX]
