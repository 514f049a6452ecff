"""Chromium and Firefox as clients: a page runs `peers/whatwg.js` and posts what came of it."""

from __future__ import annotations

import http.server
import re
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import certificate
from harness import CHROMIUM_FLAGS, PATIENCE, Harness, Row, exchange
from middle import Middle
from processes import Failed

PEERS = Path(__file__).resolve().parent / "peers"
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.partition("?")[0].lstrip("/")
        if name not in ("whatwg.html", "whatwg.js"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", TYPES[Path(name).suffix])
        self.end_headers()
        self.wfile.write((PEERS / name).read_bytes())

    def do_POST(self):
        self.server.outcome = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.send_response(204)
        self.end_headers()
        self.server.done.set()

    def log_message(self, *_):
        pass


def open_page(harness: Harness, command: list, url: str, prepare=lambda profile: None) -> str:
    """Opens the page in the browser; returns what it posts.

    `{profile}` in the command is a new folder.
    """
    profiles = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as pages, profiles as profile:
        pages.done, pages.outcome = threading.Event(), ""
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        page = f"http://127.0.0.1:{pages.server_address[1]}/whatwg.html?url={quote(url, safe='')}"
        log = harness.log()
        prepare(Path(profile))
        command = [word.format(profile=profile) for word in command]
        browser = harness.processes.start([*command, page], log, {**harness.env, "HOME": profile})
        try:
            if not pages.done.wait(PATIENCE):
                raise Failed(
                    f"the page has posted no result\n{log.read_text(errors='replace')[-1000:]}"
                )
        finally:
            harness.processes.stop(browser)
            pages.shutdown()
    return pages.outcome


@dataclass(frozen=True)
class Browser:
    name: str
    needs: tuple
    command: tuple
    differences: dict = field(default_factory=dict)
    quick: bool = False

    def test(self, harness: Harness, outcome) -> None:
        version = re.search(
            r"(?:Chromium|Firefox) (\d+\.\d+)", harness.run(self.command[0], "--version")
        )[1]
        row = Row(self, "client", version)
        client = lambda port: open_page(harness, [*self.command], f"ws://127.0.0.1:{port}/")
        outcome.add(exchange(harness, row, [harness.programs / "interop_server"], client))


@dataclass(frozen=True)
class OverHttp2(Browser):
    """Through HAProxy, by TLS, to which the browser speaks HTTP/2."""

    def test(self, harness: Harness, outcome) -> None:
        version = re.search(r"Chromium (\d+\.\d+)", harness.run(self.command[0], "--version"))[1]
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
                printed = open_page(harness, [*self.command], f"wss://localhost:{port}/", trust)
            finally:
                harness.processes.stop(process)
            requests = log.read_text().split("\n")
            if "GET HTTP/2.0 101" not in requests or "GET HTTP/1.1 101" in requests:
                raise Failed(f"not over HTTP/2: {set(requests)}")
            return printed

        row = Row(self, "client", version)
        outcome.add(exchange(harness, row, [harness.programs / "interop_server"], client))


PROXY = Middle("haproxy-tls", (), ("haproxy", "-f", "{config}"), "haproxy_tls.cfg")

NOT_FOR_SCRIPTS = {
    "client": {
        "client pings": "its API can't send pings",
        "client fragments": "its API can't send fragments",
    }
}

BROWSERS = [
    Browser(
        "chromium",
        ("apt:chromium",),
        ("chromium", *CHROMIUM_FLAGS, "--user-data-dir={profile}"),
        NOT_FOR_SCRIPTS,
        quick=True,
    ),
    OverHttp2(
        "chromium-h2",
        ("apt:chromium", "apt:haproxy", "apt:libnss3-tools"),
        ("chromium", *CHROMIUM_FLAGS, "--user-data-dir={profile}"),
        NOT_FOR_SCRIPTS,
        quick=True,
    ),
    Browser(
        "firefox",
        ("apt:firefox-esr",),
        ("firefox-esr", "--headless", "--no-remote", "--profile", "{profile}"),
        NOT_FOR_SCRIPTS,
    ),
]
