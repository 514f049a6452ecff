"""Chromium and Firefox as clients: a page runs `peers/whatwg.js`; and as servers of their
debuggers, to which ours is the client.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import certificate
from harness import Harness, Row, exchange_as_client
from middle import Middle
from page import CHROMIUM, FIREFOX, drive, test_page
from processes import Failed
from table import NEITHER

PAGE = Path(__file__).resolve().parent / "peers" / "whatwg.html"


@dataclass(frozen=True)
class Browser:
    name: str
    needs: tuple
    command: list
    differences: dict = field(default_factory=dict)
    quick: bool = False

    def test(self, harness: Harness, outcome) -> None:
        client = lambda port: test_page(harness, self.command, PAGE, f"ws://127.0.0.1:{port}/")
        outcome.add(*exchange_as_client(harness, self, self.version(harness), client))

    def version(self, harness: Harness) -> str:
        printed = harness.run(self.command[0], "--version")
        return re.search(r"(?:Chromium|Firefox) (\d+\.\d+)", printed)[1]


@dataclass(frozen=True)
class OverHttp2(Browser):
    """Through HAProxy, by TLS, to which the browser speaks HTTP/2."""

    def test(self, harness: Harness, outcome) -> None:
        trusted, key = certificate.make(harness.work / "h2", harness.log(), harness.processes)
        both = trusted.with_name("both.pem")
        both.write_text(trusted.read_text() + key.read_text())

        def trust(profile: Path) -> None:
            database = profile / ".pki" / "nssdb"
            database.mkdir(parents=True)
            certutil = ["certutil", "-d", f"sql:{database}"]
            harness.run(*certutil, "-N", "--empty-password")
            harness.run(*certutil, "-A", "-n", "haproxy", "-t", "P,,", "-i", trusted)

        def client(target: int) -> str:
            port, process, log = PROXY.start(harness, target, certificate=both)
            try:
                url = f"wss://localhost:{port}/"
                printed = test_page(harness, self.command, PAGE, url, trust)
            finally:
                harness.processes.stop(process)
            requests = log.read_text().split("\n")
            if "GET HTTP/2.0 101" not in requests or "GET HTTP/1.1 101" in requests:
                raise Failed(f"not over HTTP/2: {set(requests)}")
            return printed

        outcome.add(*exchange_as_client(harness, self, self.version(harness), client))


# What the debugger does for our client, and the command of `browser.rs`, with what it answers.
CONSOLE = "console.log('操作', 1); console.error('late'); 0"
DEBUGGER = {
    "open": (["open", "data:text/html;charset=utf-8,<title>操作完成</title><h1>1</h1>"], None),
    "evaluate": (["eval", "Promise.resolve([document.title, {a: .5}])"], ["操作完成", {"a": 0.5}]),
    "call": (["call", "(a, b) => ({sum: a.x + b})", {"x": 40}, 2], {"sum": 42}),
    "1 MiB": (["call", "(text) => text.length + text", "κ" * 2**19], f"{2**19}{'κ' * 2**19}"),
    "log events": (["eval", CONSOLE], 0),
}
LOGGED = [{"level": "info", "text": "操作 1"}, {"level": "error", "text": "late"}]


@dataclass(frozen=True)
class Debugger(Browser):
    """WebDriver BiDi of Firefox, or the DevTools protocol of Chromium."""

    def test(self, harness: Harness, outcome) -> None:
        row = Row(self, "server", self.version(harness), [*DEBUGGER, "screenshot"])
        try:
            self.fill(harness, row)
        except Failed as why:
            row.why = str(why)
        outcome.add(row)

    def fill(self, harness: Harness, row: Row) -> None:
        commands = [command for command, _ in DEBUGGER.values()]
        with tempfile.TemporaryDirectory() as folder:
            shot = Path(folder) / "shot.png"
            more = [["console"], ["screenshot", str(shot)]]
            answers = drive(harness, self.command, [*commands, *more])
            picture = shot.read_bytes()
        for (case, (_, expected)), answer in zip(DEBUGGER.items(), answers):
            row.outcomes[case] = "" if answer == expected else f"answered {answer!r:.60}"
        if answers[-2] != LOGGED:
            row.outcomes["log events"] = f"logged {answers[-2]}"
        is_png = picture.startswith(b"\x89PNG\r\n") and picture[12:16] == b"IHDR"
        row.outcomes["screenshot"] = "" if is_png else f"no PNG: {picture[:16]}"


PROXY = Middle("haproxy-tls", (), ("haproxy", "-f", "{config}"), "haproxy_tls.cfg")

NOT_FOR_SCRIPTS = {"client": NEITHER}

BROWSERS = [
    Browser("chromium", ("apt:chromium",), CHROMIUM, NOT_FOR_SCRIPTS, quick=True),
    OverHttp2(
        "chromium-h2",
        ("apt:chromium", "apt:haproxy", "apt:libnss3-tools"),
        CHROMIUM,
        NOT_FOR_SCRIPTS,
        quick=True,
    ),
    Browser("firefox", ("apt:firefox-esr",), FIREFOX, NOT_FOR_SCRIPTS, quick=True),
]
DEBUGGERS = [
    Debugger("chromium-devtools", ("apt:chromium",), CHROMIUM, quick=True),
    Debugger("firefox-bidi", ("apt:firefox-esr",), FIREFOX, quick=True),
]
