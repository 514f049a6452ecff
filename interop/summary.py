"""The tables of a run, and its last line."""

from __future__ import annotations

from harness import CASES, NOT_TESTED, Row
from relay import short


class Summary:
    def __init__(self):
        self.rows: list[Row] = []
        # Tables of other shapes, as text below a heading.
        self.tables: list[str] = []
        self.failures = []
        # The reasons of parts that could not be installed, by name.
        self.skipped: dict[str, str] = {}
        self.passed = self.differences = 0

    @property
    def failed(self) -> int:
        return len(self.failures)

    def add(self, *rows: Row) -> None:
        for row in rows:
            self._add(row)

    def _add(self, row: Row) -> None:
        self.rows.append(row)
        for case, verdict in row.verdicts().items():
            if verdict == "passed":
                self.passed += 1
            elif verdict == "difference":
                self.differences += 1
            elif not row.why or self._is_own(row, case):
                self.failures.append(f"{row.peer.name}, {row.role}, {case}: {verdict}")
        if row.why:
            self.fail(f"{row.peer.name}, {row.role}", row.why)

    @staticmethod
    def _is_own(row: Row, case: str) -> bool:
        """Whether a failure is more than the end of the program, which is reported once."""
        return row.outcomes.get(case, NOT_TESTED) != NOT_TESTED

    def fail(self, what: str, why: str) -> None:
        self.failures.append(f"{what}: {why}")

    def skip(self, name: str, missing: list[str]) -> None:
        packages = ", ".join(need.partition(":")[2] for need in missing)
        self.skipped[name] = f"can't install {packages}"

    def text(self) -> str:
        parts = [self.cases(), self.listed(), *self.tables]
        parts += [f"FAILED {failure}" for failure in self.failures]
        parts += [f"skipped {name}: {why}" for name, why in self.skipped.items()]
        return "\n\n".join(part for part in parts if part)

    def cases(self) -> str:
        """peer × case: + passed, d is a difference that is listed, X failed."""
        if not self.rows:
            return ""
        head = ["peer", "version", "role", *CASES.values(), "more", "negotiated"]
        lines = [head]
        for row in self.rows:
            verdicts = row.verdicts()
            signs = {
                case: {"passed": "+", "difference": "d"}.get(verdict, "X")
                for case, verdict in verdicts.items()
            }
            more = "".join(sign for case, sign in signs.items() if case not in CASES)
            lines.append(
                [
                    row.peer.name,
                    row.version,
                    row.role,
                    *[signs.get(case, "") for case in CASES],
                    more,
                    " | ".join(sorted(map(short, row.extensions - {""}))),
                ]
            )
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
            for line in lines
        )

    def listed(self) -> str:
        """The differences that occurred, by their reason."""
        reasons = {}
        for row in self.rows:
            for case, verdict in row.verdicts().items():
                if verdict == "difference":
                    difference = row.listed[case]
                    who = reasons.setdefault((case, difference.reason), [])
                    who.append(f"{row.peer.name} {row.role}")
        lines = [f"d {case}: {reason}: {', '.join(who)}" for (case, reason), who in reasons.items()]
        return "\n".join([f"{self.differences} differences, as listed:", *lines])

    def last_line(self) -> str:
        skipped = f", {len(self.skipped)} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def listing(parts) -> str:
    lines = []
    for part in parts:
        needs = ", ".join(part.needs) or "nothing to install"
        lines.append(f"{part.name.ljust(22)} {'quick' if part.quick else '     '}  {needs}")
    return "\n".join(lines)
