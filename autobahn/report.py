"""The list of cases, and the comparison of the suite's report with the expected results.

The cases are listed here and not taken from the report, so that one that was not run is missed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

# Every subgroup and its number of cases, which are numbered from 1 without gaps.
CASES = {
    "1.1": 8, "1.2": 8, "2": 11, "3": 7, "4.1": 5, "4.2": 5, "5": 20,
    "6.1": 3, "6.2": 4, "6.3": 2, "6.4": 4, "6.5": 5, "6.6": 11, "6.7": 4, "6.8": 2,
    "6.9": 4, "6.10": 3, "6.11": 5, "6.12": 8, "6.13": 5, "6.14": 10, "6.15": 1, "6.16": 3,
    "6.17": 5, "6.18": 5, "6.19": 5, "6.20": 7, "6.21": 8, "6.22": 34, "6.23": 7,
    "7.1": 6, "7.3": 6, "7.5": 1, "7.7": 13, "7.9": 9, "7.13": 2,
    "9.1": 6, "9.2": 6, "9.3": 9, "9.4": 9, "9.5": 6, "9.6": 6, "9.7": 6, "9.8": 6, "10.1": 1,
    "12.1": 18, "12.2": 18, "12.3": 18, "12.4": 18, "12.5": 18,
    "13.1": 18, "13.2": 18, "13.3": 18, "13.4": 18, "13.5": 18, "13.6": 18, "13.7": 18,
}

GROUPS = {
    "1": "framing",
    "2": "pings and pongs",
    "3": "reserved bits",
    "4": "opcodes",
    "5": "fragmentation",
    "6": "UTF-8",
    "7": "closing",
    "9": "limits and performance",
    "10": "automatic fragmentation",
    "12": "compression, payloads",
    "13": "compression, parameters",
}

# The maximum of differences printed for one table; the HTML report has all.
SHOWN = 25


class BadInput(Exception):
    """The command line or expected.json names a case that does not exist."""


def all_cases() -> list:
    return [f"{group}.{number}" for group, count in CASES.items() for number in range(1, count + 1)]


def select(patterns: list, without: list) -> list:
    """The cases that match one of `patterns` and none of `without`."""
    for pattern in patterns:
        if any(fnmatchcase(case, pattern) for case in all_cases()):
            continue
        group = any(case.startswith(f"{pattern}.") for case in all_cases())
        hint = f"did you mean '{pattern}.*'?" if group else "write them like '1.*,6.4.*,7.1.6'"
        raise BadInput(f"--cases: no case matches '{pattern}'; {hint}")
    matched = [case for case in all_cases() if matches(case, patterns)]
    chosen = [case for case in matched if not matches(case, without)]
    if not chosen:
        raise BadInput(f"--fast leaves out {', '.join(without)}: no case is left. Drop --fast or widen --cases.")
    return chosen


def matches(case: str, patterns: list) -> bool:
    return any(fnmatchcase(case, pattern) for pattern in patterns)


@dataclass(frozen=True)
class Outcome:
    """The suite's two results of a case: its behavior, and its close."""

    behavior: str
    close: str

    def __str__(self) -> str:
        return self.behavior if self.behavior == self.close else f"{self.behavior}, close {self.close}"

    def column(self) -> str:
        if self == OK:
            return "OK"
        if self == MISSING:
            return "missing"
        if self.close not in ("OK", "INFORMATIONAL"):
            return "failed"
        return {"INFORMATIONAL": "info", "NON-STRICT": "non-strict"}.get(self.behavior, "failed")


OK = Outcome("OK", "OK")
MISSING = Outcome("not run", "not run")
COLUMNS = ["OK", "info", "non-strict", "failed", "missing"]


def expectations(path: Path, role: str) -> dict:
    """The cases that are not expected to be a strict OK."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        unknown = set(content) - {"both", "server", "client"}
        named = {**content.get("both", {}), **content.get(role, {})}
        expected = {case: Outcome(entry["behavior"], entry["behaviorClose"]) for case, entry in named.items()}
        without_reason = [case for case, entry in named.items() if not entry.get("reason")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path}: {type(error).__name__}: {error}") from error
    if unknown:
        raise BadInput(f"{path}: {', '.join(sorted(unknown))}: only both, server and client are known")
    if strangers := set(expected) - set(all_cases()):
        raise BadInput(f"{path}: no such case: {', '.join(sorted(strangers))}")
    if without_reason:
        raise BadInput(f"{path}: no reason given for {', '.join(without_reason)}")
    if needless := [case for case, outcome in expected.items() if outcome == OK]:
        raise BadInput(f"{path}: a strict OK needs no entry: {', '.join(needless)}")
    return expected


@dataclass
class Difference:
    case: str
    expected: str
    got: str
    page: Path | None


class Verdict:
    """One agent's report, compared with the selected cases and the expected results."""

    def __init__(self, title: str, folder: Path, agent: str, cases: list, expected: dict):
        report = read(folder).get(agent, {})
        self.title = title
        self.outcomes = {}
        self.differences = []
        for case in cases:
            entry = report.get(case)
            got = Outcome(entry["behavior"], entry["behaviorClose"]) if entry else MISSING
            self.outcomes[case] = got
            wanted = expected.get(case, OK)
            if got != wanted:
                self.differences.append(Difference(case, str(wanted), str(got), page(folder, entry)))
        self.passed = len(cases) - len(self.differences)
        for case in sorted(set(report) - set(cases)):
            self.differences.append(Difference(case, "not selected", "run", page(folder, report[case])))
        self.failed = len(self.differences)

    def table(self) -> str:
        rows = [self._row(group, f"{group:>2}  {title}") for group, title in GROUPS.items()]
        head = f"  {self.title:<30}" + "".join(f"{column:>12}" for column in COLUMNS)
        return "\n".join([head, *filter(None, rows), self._row("*", "    all"), *self._differences()])

    def _row(self, group: str, label: str) -> str:
        columns = [o.column() for case, o in self.outcomes.items() if group in ("*", case.split(".")[0])]
        if not columns:
            return ""
        return f"  {label:<30}" + "".join(f"{columns.count(column) or '.':>12}" for column in COLUMNS)

    def _differences(self) -> list:
        differing = [it for it in self.differences if it.got != str(MISSING)]
        lines = [
            f"    {it.case:<8} expected {it.expected}, got {it.got}" + (f"  {it.page}" if it.page else "")
            for it in differing[:SHOWN]
        ]
        if len(differing) > SHOWN:
            lines.append(f"    … and {len(differing) - SHOWN} more")
        if missing := stretches(list(self.outcomes), {it.case for it in self.differences if it.got == str(MISSING)}):
            lines.append(f"    missing: {', '.join(missing)}")
        return lines


def stretches(cases: list, chosen: set) -> list:
    """`chosen` as ranges of `cases`, so that hundreds of missing ones fit on a line."""
    found = []
    for missing, stretch in groupby(cases, key=chosen.__contains__):
        first, *rest = stretch
        if missing:
            found.append(f"{first} to {rest[-1]}" if rest else first)
    return found


def read(folder: Path) -> dict:
    """The suite's report; empty if it has not written one."""
    try:
        return json.loads((folder / "index.json").read_text())
    except (OSError, ValueError):
        return {}


def page(folder: Path, entry: dict | None) -> Path | None:
    return (folder / entry["reportfile"]).with_suffix(".html") if entry else None
