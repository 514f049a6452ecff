"""Programs as introductions show them: Socket.IO, servers of Node's `ws`, a loop in Python."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

from harness import Harness, Row, exchange

PEERS = Path(__file__).resolve().parent / "peers"


@dataclass(frozen=True)
class Use:
    name: str
    needs: tuple
    program: str
    # The uses that each role prints.
    uses: dict
    version: str
    interpreter: str = "node"
    quick: bool = True
    differences: dict = field(default_factory=dict)

    def test(self, harness: Harness, outcome) -> None:
        for role, uses in self.uses.items():
            row = Row(self, role, self.version, [f"use of {use}" for use in uses])
            program = [self.interpreter, PEERS / self.program]
            if role == "client":
                server = [harness.programs / "interop_server"]
                client = lambda port: harness.run(*program, "client", f"ws://127.0.0.1:{port}/")
            else:
                server = [*program, "server"]
                client = lambda port: harness.run(
                    harness.programs / "interop_uses", self.name, f"ws://127.0.0.1:{port}/"
                )
            outcome.add(exchange(harness, row, server, client))


USES = [
    Use(
        "socket.io",
        ("npm:socket.io@4.8.4", "npm:socket.io-client@4.8.4"),
        "socket_io.js",
        {"client": ["Socket.IO"], "server": ["Socket.IO"]},
        "4.8.4",
    ),
    Use(
        "express",
        ("npm:express@5.3.0", "npm:ws@8.23.0"),
        "express.js",
        {
            "server": [
                "wss.on('connection')",
                "broadcast to wss.clients",
                "Express on the same port",
            ]
        },
        "5.3.0",
    ),
    Use(
        "ws-alone",
        ("npm:ws@8.23.0",),
        "ws_alone.js",
        {"server": ["wss.on('connection')"]},
        "8.23.0",
    ),
    Use(
        "async-for",
        ("pip:websockets==17.4",),
        "async_for.py",
        {"client": ["async for"]},
        "17.4",
        sys.executable,
    ),
]
