"""Compressed messages between sansocket and other libraries, with every setting of theirs and of
ours, and a check of RSV1 on the wire; and the same messages over TLS, without that check.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

from harness import INSTALLATION, LISTENING, Harness
from install import GO, NETTY
from over_tls import OverTls
from page import CHROMIUM, FIREFOX, test_page
from processes import Failed, Processes, wait_for_line
from relay import Relay, short

HERE = Path(__file__).resolve().parent

WS = "ws@8.23.0"
WEBSOCKETS = "websockets==17.4"
DRIVERS = ["core", "blocking", "tokio", "futures"]

# The options of each peer, by their name in the table.
WS_OPTIONS = {
    "its default": {},
    "9/9": {"serverMaxWindowBits": 9, "clientMaxWindowBits": 9},
    "no takeover": {"serverNoContextTakeover": True, "clientNoContextTakeover": True},
}
WEBSOCKETS_OPTIONS = {
    "its default": {},
    "9/9": {"server_max_window_bits": 9, "client_max_window_bits": 9},
    "no takeover": {"server_no_context_takeover": True, "client_no_context_takeover": True},
}
NETTY_OPTIONS = {
    "its default": "default",
    "client no takeover": "client no takeover",
    "server 10": "server 10",
}
NHOOYR_OPTIONS = {"its default": "no takeover", "takeover": "takeover"}
PRESETS = ["speed", "balance", "memory", "9/9", "two offers"]

# The columns of the table.
COLUMNS = ["peer", "ours", "agreed", "sent", "compressed", "outcome"]


class Matrix(Harness):
    def __init__(self, work: Path, programs: Path, processes: Processes, name: str):
        super().__init__(work, programs, processes, name)
        self.rows = []

    def exchange(
        self, name: str, ours: str, server: list, client, ready=LISTENING, relayed=True
    ) -> None:
        """One row: starts the server, runs the client through a relay, and checks the frames."""
        log = self.log()
        process = self.processes.start(server, log, self.env)
        row = {**dict.fromkeys(COLUMNS, ""), "peer": name, "ours": ours}
        self.rows.append(row)
        try:
            match = wait_for_line(process, log, ready, 30)
            if not relayed:
                row["outcome"] = client(int(match[2]), match).strip().splitlines()[-1]
                return
            with Relay(("127.0.0.1", int(match[2]))) as relay:
                row["outcome"] = client(relay.port, match).strip().splitlines()[-1]
                there, back = relay.to_server, relay.to_client
                answers = set(back.extensions)
                row["agreed"] = (
                    short(answers.pop()) if len(answers) == 1 else f"{len(answers)} answers"
                )
                row["sent"] = f"{there.messages} / {back.messages}"
                row["compressed"] = f"{there.compressed} / {back.compressed}"
                if not (back.extensions and there.compressed and back.compressed):
                    raise Failed("nothing was compressed, or in one direction only")
                if there.misplaced or back.misplaced:
                    raise Failed("reserved bits where they don't belong")
        except Failed as why:
            row["outcome"] = "FAILED"
            row["why"] = f"{why}\n{log.read_text(errors='replace')[-1000:]}"
        finally:
            self.processes.stop(process)
        print(".", end="", flush=True)

    def our_server(self, driver: str) -> list:
        return [
            self.programs / "echo_server",
            "--listen",
            "127.0.0.1:0",
            "--driver",
            driver,
            "--deflate",
        ]

    def our_client(self, preset: str):
        return lambda port, _: self.run(
            self.programs / "interop_client", preset, f"ws://127.0.0.1:{port}/"
        )

    def their_client(self, command: list, options: str):
        return lambda port, _: self.run(*command, "client", options, f"ws://127.0.0.1:{port}/")

    def clients(self, name: str, command: list, options: dict) -> None:
        for driver in DRIVERS:
            for setting, chosen in options.items():
                client = self.their_client(command, chosen)
                self.exchange(
                    f"{name}, client, {setting}",
                    f"server, {driver}",
                    self.our_server(driver),
                    client,
                )

    def servers(self, name: str, command: list, options: dict, presets: list) -> None:
        for preset in presets:
            for setting, chosen in options.items():
                server = [*command, "server", chosen]
                self.exchange(
                    f"{name}, server, {setting}",
                    f"client, {preset}",
                    server,
                    self.our_client(preset),
                )

    def both_ways(self, name: str, command: list, options: dict) -> None:
        options = {setting: json.dumps(chosen) for setting, chosen in options.items()}
        self.clients(name, command, options)
        self.servers(name, command, options, PRESETS)

    def ws(self) -> None:
        self.both_ways(WS, ["node", HERE / "peer_ws.js"], WS_OPTIONS)

    def websockets(self) -> None:
        command = [sys.executable, HERE / "peer_websockets.py"]
        self.both_ways(WEBSOCKETS, command, WEBSOCKETS_OPTIONS)
        client = self.their_client(command, json.dumps("every"))
        self.exchange(
            f"{WEBSOCKETS}, client, every window", "server, core", self.our_server("core"), client
        )
        server = [*command, "server", json.dumps({})]
        self.exchange(
            f"{WEBSOCKETS}, server",
            "client, every window and level",
            server,
            self.our_client("every"),
        )

    def netty(self) -> None:
        command = ["java", "-cp", NETTY, HERE / "PeerNetty.java"]
        self.clients(f"netty {self.version('libnetty-java')}", command, NETTY_OPTIONS)

    def nhooyr(self) -> None:
        program, env = self.work / "peer_nhooyr", {**GO, "GOCACHE": str(self.work / "go")}
        self.run(
            "go", "build", "-o", program, HERE / "peer_nhooyr.go", timeout=INSTALLATION, env=env
        )
        name = f"nhooyr {self.version('golang-nhooyr-websocket-dev')}"
        self.clients(name, [program], NHOOYR_OPTIONS)
        # It refuses the handshake if a server's window is requested.
        self.servers(
            name, [program], NHOOYR_OPTIONS, ["speed", "balance", "memory", "two offers", "plain"]
        )

    def mojolicious(self) -> None:
        command = ["perl", HERE / "peer_mojolicious.pl"]
        name = f"mojolicious {self.version('libmojolicious-perl')}"
        self.clients(name, command, {"its default": ""})
        # It answers every offer with no parameter, so what is requested needs the second offer.
        self.servers(
            name, command, {"its default": ""}, ["speed", "balance", "two offers", "plain"]
        )

    def chromium(self) -> None:
        version = re.search(r"Chromium (\S+)", self.run("chromium", "--version"))[1]
        for driver in DRIVERS:
            page = lambda port, _: self.page(CHROMIUM, f"ws://127.0.0.1:{port}/")
            self.exchange(
                f"chromium {version}, client", f"server, {driver}", self.our_server(driver), page
            )
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            # Its debugger is a server of JSON, whose texts are long enough to be compressed.
            def ask(port, match):
                question = json.dumps(
                    {"id": 1, "method": "Browser.getVersion", "params": {}}
                ).ljust(300)
                url = f"ws://127.0.0.1:{port}{match[3]}"
                answer = self.run(self.programs / "ws", "--deflate", "--once", url, question)
                if version not in answer:
                    raise Failed(f"not its version: {answer[:300]}")
                return "1 message"

            ready = r"DevTools listening on ws://(127.0.0.1):(\d+)(/\S+)"
            options = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
            server = [*CHROMIUM, *options, "about:blank"]
            self.exchange(f"chromium {version}, debugger", "client, balance", server, ask, ready)

    def wss(self) -> None:
        tls = OverTls(self)
        tls.both_ways(WS, ["node", HERE / "peer_ws.js"])
        tls.both_ways(WEBSOCKETS, [sys.executable, HERE / "peer_websockets.py"])

    def wss_browsers(self) -> None:
        tls = OverTls(self)
        tls.chromium(CHROMIUM)
        tls.firefox(FIREFOX)

    def page(self, command: list, url: str, prepare=lambda profile: None) -> str:
        """Opens the page in the browser, and returns its result."""
        outcome = test_page(self, command, HERE / "page.html", url, prepare)
        if not re.fullmatch(r"\d+ messages", outcome):
            raise Failed(outcome)
        return outcome


def table(rows: list) -> str:
    head = dict(
        zip(
            COLUMNS, ["peer", "sansocket", "negotiated", "to / from server", "with RSV1", "outcome"]
        )
    )
    widths = {key: max(len(row[key]) for row in [head, *rows]) for key in head}
    lines = [
        "  ".join(row[key].ljust(widths[key]) for key in head).rstrip() for row in [head, *rows]
    ]
    return "\n".join([lines[0], "  ".join("-" * widths[key] for key in head), *lines[1:]])
