"""Peers over TLS: their clients with `wss_echo`, and their servers with `interop_client`.

Every client verifies the server's certificate, and has its authority the way its users give it one;
no switch turns that off. Python and OpenSSL read `SSL_CERT_FILE`, and so does our client, by the
verifier of the platform.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import certificate
from processes import Failed


class OverTls:
    def __init__(self, interop):
        self.interop = interop
        folder = interop.work / "tls"
        self.trusted, self.key = certificate.make(folder, interop.log(), interop.processes)
        # `wss_echo` makes it anew at every start.
        self.authority = folder / "authority.pem"

    def both_ways(self, name: str, command: list) -> None:
        self._with_our_server(f"{name}, client", self._client(command))
        server = [*command, "server", json.dumps({}), self.trusted, self.key]
        ours = {"balance": self._our_client, "nothing trusted": self._our_distrustful_client}
        for preset, client in ours.items():
            names = (f"{name}, server, TLS", f"client, {preset}")
            self.interop.exchange(*names, server, client, relayed=False)

    def chromium(self, command: list) -> None:
        """It trusts what is in the user's database of certificates."""

        self._browser("chromium", command, ".pki/nssdb")

    def firefox(self, command: list) -> None:
        """It trusts what is in its profile."""

        self._browser("firefox", command, ".")

    def _browser(self, name: str, command: list, database: str) -> None:
        """With the authority in the browser's database, which is in the profile; and without it."""

        trusting = lambda profile: self._trust(profile / database)
        distrustful = lambda profile: None
        said = self.interop.run(command[0], "--version")
        version = re.search(r"(?:Chromium|Firefox) (\S+)", said)[1]
        open_page = lambda url, prepare: self.interop.page(command, url, prepare)
        page = lambda port, prepare: open_page(f"wss://localhost:{port}/", prepare)
        self._with_our_server(f"{name} {version}, client", lambda port, _: page(port, trusting))
        # RFC 6455 §7.4.1: 1015 is for "a failure to perform a TLS handshake"; Chromium has 1006.
        sign = "closed with (1006|1015) after 0 messages"
        refused = lambda port, _: refusal(lambda: page(port, distrustful), sign)
        self._with_our_server(f"{name} {version}, nothing trusted", refused)

    def _with_our_server(self, name: str, client) -> None:
        options = ["--listen", "127.0.0.1:0", "--deflate", "--write-ca", self.authority]
        command = [self.interop.programs / "wss_echo", *options]
        self.interop.exchange(f"{name}, TLS", "server, tokio", command, client, relayed=False)

    def _client(self, command: list):
        trust = {"SSL_CERT_FILE": str(self.authority), "NODE_EXTRA_CA_CERTS": str(self.authority)}
        options = json.dumps({})
        command = [*command, "client", options]
        return lambda port, _: self.interop.run(*command, f"wss://localhost:{port}/", env=trust)

    def _our_client(self, port: int, _) -> str:
        command = [self.interop.programs / "interop_client", "balance", f"wss://localhost:{port}/"]
        return self.interop.run(*command, env={"SSL_CERT_FILE": str(self.trusted)})

    def _our_distrustful_client(self, port: int, _) -> str:
        """Without the certificate, it must refuse the server."""
        command = [self.interop.programs / "interop_client", "balance", f"wss://localhost:{port}/"]
        return refusal(lambda: self.interop.run(*command), "certificate")

    def _trust(self, database: Path) -> None:
        database.mkdir(parents=True, exist_ok=True)
        certutil = ["certutil", "-d", f"sql:{database}"]
        self.interop.run(*certutil, "-N", "--empty-password")
        self.interop.run(*certutil, "-A", "-n", "wss_echo", "-t", "C,,", "-i", self.authority)


def refusal(attempt, sign: str) -> str:
    """The outcome of a client that must not trust the server: its failure matches `sign`."""
    try:
        attempt()
    except Failed as why:
        if re.search(sign, str(why)):
            return "refused"
        raise
    raise Failed("it trusts a certificate that nothing vouches for")
