"""Builds the server on uWebSockets, of a checkout that the variable UWEBSOCKETS names."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from processes import Failed

VARIABLE = "UWEBSOCKETS"
SOURCE = Path(__file__).resolve().parent / "server_uwebsockets.cpp"

# As its own build, without `-march=native`: the other servers are built for every x86-64, too.
OPTIMISED = ["-O3", "-flto=auto", "-DLIBUS_NO_SSL", "-DUWS_NO_ZLIB"]
C, CPP = ["cc", "-std=c11", *OPTIMISED], ["c++", "-std=c++20", *OPTIMISED]

# The folders of uSockets with the sources of epoll; those of TLS are empty without a library of TLS.
FOLDERS = ["", "eventing", "crypto"]

# Seconds for one compilation.
COMPILATION = 120


def checkout() -> Path | None:
    """The checkout, if the variable is set."""
    path = os.environ.get(VARIABLE)
    return Path(path).resolve() if path else None


def build(folder: Path, processes) -> Path:
    """The server program, compiled into `folder`: the checkout is left as it is."""
    sources = checkout() / "src"
    sockets = checkout() / "uSockets" / "src"
    for needed in (sources / "App.h", sockets / "libusockets.h"):
        if not needed.exists():
            raise Failed(f"{VARIABLE}: there is no {needed}")
    program, log = folder / "server", folder / "build.log"
    objects = []
    for source in sorted(file for part in FOLDERS for file in (sockets / part).glob("*.c")):
        objects.append(folder / f"{source.stem}.o")
        processes.run([*C, "-I", sockets, "-c", source, "-o", objects[-1]], log, COMPILATION)
    processes.run([*CPP, "-I", sources, "-I", sockets, SOURCE, *objects, "-o", program], log, COMPILATION)
    return program


def version() -> str:
    """The tag of the checkout, if git knows it."""
    if not (checkout() / ".git").exists():
        return "(unknown)"
    describe = ["git", "-C", checkout(), "describe", "--tags", "--always", "--dirty"]
    return subprocess.run(describe, capture_output=True, text=True).stdout.strip() or "(unknown)"
