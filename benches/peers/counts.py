"""Counts instructions and cache misses of a server, for valgrind's simulated processor."""

from __future__ import annotations

import re

# The first cache of most processors; but that of the code holds all of it.
CACHES = ["--cache-sim=yes", "--I1=262144,8,64", "--D1=32768,8,64", "--LL=33554432,16,64"]
CALLGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *CACHES]


def read(log: str) -> tuple:
    """Instructions, and cache lines of data that were not in the first cache, as the log has them."""
    *_, last = re.finditer(r"Collected : ([\d ]+)", log)
    instructions, _reads, _writes, _code, read_misses, write_misses, *_ = map(int, last[1].split())
    return instructions, read_misses + write_misses


def of_a_message(fewer: tuple, more: tuple) -> list:
    """What each message of the longer run costs that the shorter one had not."""
    (few, before), (many, after) = fewer, more
    return [(late - early) / (many - few) for early, late in zip(before, after)]
