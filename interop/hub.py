"""nginx and HAProxy before two hubs, with the configurations that the README shows.

The hubs have one Redis, and the clients are `ws`: each receives the messages of the other through the
other hub, and the client of a hub that is killed continues on the one that is left. With `--forwarded`, a
hub sees its clients as the balancer does, whatever header fields they send.
"""

from __future__ import annotations

import http.client
import json
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import handshake
from harness import Harness, Row
from middle import Middle
from ports import reserve_port, wait_for_port
from processes import Failed, tail, wait_for_line

BALANCERS = Path(__file__).resolve().parents[1] / "examples" / "hub" / "balancers"

# The addresses in the configurations: of the balancer, and of the hubs.
WRITTEN = ["127.0.0.1:8080", "127.0.0.1:9001", "127.0.0.1:9002"]

TOKEN = "a-token-of-16-or-more"

# The time limit in seconds for a line of a program's output.
LINE = 30

# Header fields of a client that pretends to be another one, over TLS.
LIES = {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https"}

# Another address than the balancer's. `--per-address` does not limit those of loopback.
LOOPBACK = "127.0.0.2"

# A balancer sends both clients to one hub if the other one is slow to answer its checks. The story
# is then repeated, up to this number of attempts.
ATTEMPTS = 3


class OnOneHub(Failed):
    """Both clients were on one hub."""


@dataclass(frozen=True)
class Balancer(Middle):
    def test(self, harness: Harness, outcome) -> None:
        cases = {
            "messages through the other hub": Story.messages,
            "client of a killed hub": Story.killed,
            "reported address": Story.address,
            "reported scheme": Story.scheme,
        }
        if own_address():
            cases["limit of an address"] = Story.limit
        package = self.needs[0].partition(":")[2]
        row = Row(self, "balancer", harness.version(package), cases)
        for _ in range(ATTEMPTS):
            row.why = ""
            try:
                story = Story(self, harness)
                for case, test in cases.items():
                    row.outcomes[case] = test(story)
            except Failed as why:
                row.why = str(why)
                if isinstance(why, OnOneHub):
                    continue
            break
        outcome.add(row)

    def configured(self, words: dict) -> str:
        text = (BALANCERS / self.config).read_text()
        for written, port in zip(WRITTEN, [words["port"], *words["hubs"]]):
            if written not in text:
                raise Failed(f"{self.config} has no {written}")
            text = text.replace(written, f"127.0.0.1:{port}")
        return text


class Story:
    """A balancer, its hubs and clients, until the end of the part. Each test returns what is wrong."""

    def __init__(self, balancer: Balancer, harness: Harness):
        self.harness, self.clients = harness, {}
        redis, folder = reserve_port(), harness.work / "redis" / balancer.name
        folder.mkdir(parents=True, exist_ok=True)
        broker = ["redis-server", "--bind", "127.0.0.1", "--port", redis, "--save", ""]
        wait_for_port(redis, *self.start(*broker, "--dir", folder))
        hub = [harness.programs / "hub", "--listen", "127.0.0.1:0", "--token", TOKEN]
        hub += ["--redis", f"redis://127.0.0.1:{redis}/", "--forwarded", "--per-address", 1]
        self.hubs = [self.start(*hub) for _ in WRITTEN[1:]]
        listening = r"listening on http://127.0.0.1:(\d+)"
        ports = [wait_for_line(*one, listening, LINE)[1] for one in self.hubs]
        self.port, *_ = balancer.start(harness, 0, hubs=ports)

    def start(self, *command) -> tuple:
        """The process and its log."""
        log = self.harness.log()
        return self.harness.processes.start(list(command), log, self.harness.env), log

    def client(self, name: str) -> tuple:
        """A client that connects again; on each connection it says its name."""
        message = json.dumps({"type": "say", "id": 1, "text": f"of {name}"})
        url = f"ws://127.0.0.1:{self.port}{room(name)}"
        ws = [self.harness.programs / "ws", "--listen", "--reconnect", "--bearer", TOKEN]
        return self.start(*ws, url, message)

    def messages(self) -> str:
        # The least connections: one on each hub.
        self.clients = {name: self.client(name) for name in ["ada", "bo"]}
        for name in self.clients:
            for client in self.clients.values():
                wait_for_line(*client, f'"text":"of {name}"', LINE)
        return ""

    def killed(self) -> str:
        self.hubs[0][0].kill()
        moved = self.first_ended()
        (other,) = [client for client in self.clients.values() if client is not moved]
        # The client sends its message once more, which the other hub knows already.
        for kind in ["welcome", "ack"]:
            wait_for_line(*moved, f'(?s)("type":"{kind}".*){{2}}', LINE)
        self.client("eve")
        for client in [moved, other]:
            wait_for_line(*client, '"text":"of eve"', LINE)
        printed = other[1].read_text()
        if printed.count('"type":"welcome"') > 1:
            raise OnOneHub(f"both were on one hub: {printed}")
        return ""

    def first_ended(self) -> tuple:
        """The client whose connection has ended."""
        deadline = time.monotonic() + LINE
        while time.monotonic() < deadline:
            for client in self.clients.values():
                if "connecting again" in client[1].read_text():
                    return client
            time.sleep(0.05)
        raise OnOneHub("no client lost its connection with the hub that was killed")

    def address(self) -> str:
        with handshake.opened(self.port, room("eve"), LIES, LOOPBACK):
            return self.logged(f"hub: {LOOPBACK} /rooms/chat: 401")

    def scheme(self) -> str:
        """The cookie of a client without TLS is not for TLS alone."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LINE)
        connection.request("POST", "/login", TOKEN, LIES)
        cookie = connection.getresponse().getheader("Set-Cookie", "none")
        connection.close()
        return "" if cookie.endswith("; SameSite=Strict") else f"the cookie is {cookie}"

    def limit(self) -> str:
        """Two clients of one address, which claim to have two."""
        both = []
        for number in [1, 2]:
            lie = {"X-Forwarded-For": f"198.51.100.{number}"}
            token = {"Authorization": f"Bearer {TOKEN}"}
            both.append(handshake.opened(self.port, room("eve"), {**lie, **token}, own_address()))
        with both[0] as first, both[1] as second:
            if (first, second) != (101, 429):
                return f"answered with {first} and {second}"
            return self.logged(f"hub: {own_address()} /rooms/chat: 429")

    def logged(self, line: str) -> str:
        process, log = self.hubs[1]
        try:
            wait_for_line(process, log, f"^{line}", LINE)
        except Failed:
            return f"the hub did not log {line}\n{tail(log)}"
        return ""


def room(client: str) -> str:
    return f"/rooms/chat?client={client}&name={client}&since=0"


def own_address() -> str:
    """The address of this machine in its network, or "". No packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        address = probe.getsockname()[0]
    return "" if address.startswith("127.") else address


NGINX = ("nginx", "-e", "stderr", "-p", "{folder}", "-c", "{config}")
NGINX += ("-g", "daemon off; pid {folder}/pid; error_log stderr;")

HUBS = [
    Balancer("hub-nginx", ("apt:nginx-light", "apt:redis-server"), NGINX, "nginx.conf", True),
    Balancer(
        "hub-haproxy",
        ("apt:haproxy", "apt:redis-server"),
        ("haproxy", "-db", "-f", "{config}"),
        "haproxy.cfg",
        True,
    ),
]
