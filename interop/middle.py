"""Reverse proxies between our client and our server."""

from __future__ import annotations

import shutil
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from harness import Harness, Row, exchange
from processes import Failed, tail

CONFIGURATIONS = Path(__file__).resolve().parent / "middle"


@dataclass(frozen=True)
class Middle:
    name: str
    needs: tuple
    # `{config}` is the file below `middle/` with `{port}` and the others filled in.
    command: tuple
    config: str = ""
    quick: bool = False
    differences: dict = field(default_factory=dict)

    def test(self, harness: Harness, outcome) -> None:
        kind, _, package = self.needs[0].partition(":")
        row = Row(
            self, "proxy", harness.version(package) if kind == "apt" else package.split("==")[1]
        )

        def client(target: int) -> str:
            port, process, _ = self.start(harness, target)
            try:
                return harness.run(harness.programs / "interop_cases", f"ws://127.0.0.1:{port}/")
            finally:
                harness.processes.stop(process)

        outcome.add(exchange(harness, row, [harness.programs / "interop_server"], client))

    def start(self, harness: Harness, target: int, **more) -> tuple:
        """Starts the proxy; returns its port, the process, and its log."""
        folder = harness.work / "middle" / self.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        words = {
            "folder": folder,
            "port": free_port(),
            "second": free_port(),
            "target": target,
            "work": harness.work,
            # How HAProxy connects to the server: `haproxy_tls.cfg`.
            "backend": "",
            **more,
        }
        if self.config:
            words["config"] = folder / self.config
            words["config"].write_text(self.configured(words))
        command = [word.format(**words) for word in self.command]
        log = harness.log()
        process = harness.processes.start(command, log, {**harness.env, "HOME": str(folder)})
        wait_for_port(words["port"], process, log)
        return words["port"], process, log

    def configured(self, words: dict) -> str:
        return (CONFIGURATIONS / self.config).read_text().format(**words)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for_port(port: int, process, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Failed(f"the program has ended with {process.returncode}\n{tail(log)}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise Failed(f"the program does not listen\n{tail(log)}")


MIDDLES = [
    Middle(
        "nginx",
        ("apt:nginx-light",),
        ("nginx", "-e", "stderr", "-c", "{config}"),
        "nginx.conf",
        quick=True,
    ),
    Middle("haproxy", ("apt:haproxy",), ("haproxy", "-f", "{config}"), "haproxy.cfg", quick=True),
    Middle(
        "haproxy-h2", ("apt:haproxy",), ("haproxy", "-f", "{config}"), "haproxy_h2.cfg", quick=True
    ),
    Middle(
        "caddy",
        ("apt:caddy",),
        ("caddy", "run", "--adapter", "caddyfile", "--config", "{config}"),
        "Caddyfile",
    ),
    Middle(
        "apache", ("apt:apache2",), ("apache2", "-DFOREGROUND", "-f", "{config}"), "apache.conf"
    ),
    Middle(
        "mitmproxy",
        ("pip-alone:mitmproxy==11.0.2",),
        (
            "env",
            "PYTHONPATH={work}/mitmproxy",
            sys.executable,
            "{work}/mitmproxy/bin/mitmdump",
            "--quiet",
        )
        + ("--set", "confdir={folder}", "--mode", "reverse:http://127.0.0.1:{target}")
        + ("--listen-host", "127.0.0.1", "--listen-port", "{port}"),
    ),
]
