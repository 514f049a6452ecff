"""Reverse proxies between our client and our server."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from harness import Harness, Row, exchange
from ports import reserve_port, wait_for_port

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
            "port": reserve_port(),
            "second": reserve_port(),
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
