"""Ports for programs that can't choose one themselves, and the wait until such a program listens."""

from __future__ import annotations

import socket
import subprocess
import time
from itertools import chain
from pathlib import Path

from processes import Failed, ending, tail

HOST = "127.0.0.1"

# The seconds until a program has to listen.
START = 30

# Where a port is looked for.
PORTS = range(10_000, 65_536)

# The UDP ports of the same numbers, kept until this process ends: other runs and tests look there.
_locks = []


def reserve_port() -> int:
    """A port that nobody else takes, also before its program listens.

    The system gives none of these to clients, nor to servers that leave the choice to it. If it gives all,
    one of those.
    """
    dynamic = dynamic_ports()
    for port in chain((port for port in PORTS if port not in dynamic), dynamic):
        lock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            lock.bind((HOST, port))
        except OSError:
            lock.close()
            continue
        if not is_listening(port):
            _locks.append(lock)
            return port
        lock.close()
    raise Failed(f"every port from {PORTS.start} on is taken")


def dynamic_ports() -> range:
    """The ports of which the system takes one where a program asks for none."""
    try:
        first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    except OSError:
        # Linux has its own range; others have IANA's.
        first, last = 49_152, 65_535
    return range(first, last + 1)


def is_listening(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True


def wait_for_port(port: int, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START
    while not is_listening(port):
        if process.poll() is not None:
            raise Failed(f"the program did not start: {ending(process.returncode)}\n{tail(log)}")
        if time.monotonic() > deadline:
            raise Failed(f"the program does not listen after {START} s\n{tail(log)}")
        time.sleep(0.05)
