"""A certificate for loopback that signs itself, made by openssl for one run."""

from __future__ import annotations

from pathlib import Path

from processes import Processes

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"
# The certificate of a server, not of an authority: else rustls refuses it as the former.
LEAF = "basicConstraints=critical,CA:FALSE"


def make(folder: Path, log: Path, processes: Processes) -> tuple:
    """Makes `certificate.pem` and `key.pem` in a folder, and returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    contents = ["-days", "7", "-subj", "/CN=localhost", "-addext", NAMES, "-addext", LEAF]
    files = ["-keyout", key, "-out", certificate]
    processes.run(["openssl", "req", "-x509", *curve, *contents, *files], log, 30)
    return certificate, key
