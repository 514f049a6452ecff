"""The cell `profiles`: the same servers, built with the profiles that applications use."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from itertools import product
from pathlib import Path

from cells import Cell
from peers import HERE, Peer
from processes import Failed

# LTO, codegen units and optimisation.
PROFILES = [*product(("off", "thin", "fat"), (1, 16), (2, 3))]

# Work for each byte, and work for each message.
MEASURED = [Cell(1, "1M", 1), Cell(16, "1K", 10)]

# What is built and measured, of what was chosen.
BUILT = ("sansocket-tokio-with", "sansocket-tokio-feed", "sansocket-epoll", "fastwebsockets", "tokio-websockets")

BUILD = ["cargo", "build", "--release", "--locked", "--quiet", "--no-default-features", "--bin", "server"]


def name(profile: tuple) -> str:
    lto, units, level = profile
    return f"{lto}, {units} unit{'s' * (units > 1)}, O{level}"


def build(profile: tuple, folder: Path) -> Path:
    """The server program, built with a profile."""
    lto, units, level = profile
    target = folder / f"{lto}-{units}-{level}"
    settings = {"LTO": lto, "CODEGEN_UNITS": str(units), "OPT_LEVEL": str(level)}
    variables = {f"CARGO_PROFILE_RELEASE_{setting}": value for setting, value in settings.items()}
    environment = {**os.environ, **variables, "CARGO_TARGET_DIR": str(target)}
    if subprocess.run(BUILD, cwd=HERE, env=environment).returncode:
        raise Failed(f"the server can't be built with {name(profile)}")
    return target / "release" / "server"


def peers_of(profile: tuple, program: Path, chosen: list) -> list:
    """The chosen peers, as that program has them."""
    built = [peer for peer in chosen if peer.name in BUILT]
    return [replace(peer, name=f"{peer.name} {name(profile)}", program=program) for peer in built]


def original(peer: Peer) -> str:
    return peer.name.split()[0]
