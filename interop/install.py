"""Installs what the chosen peers need: `apt:NAME`, `npm:NAME@VERSION`, `pip:NAME==VERSION`,
`pip-alone:…` in a folder of its own, or `cargo:NAME@VERSION`, a program. Missing packages are
installed with one command for each of apt-get, npm and pip; if that fails, one by one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from harness import INSTALLATION, Harness
from processes import Failed

# Netty's jars in Debian, and its packages for Go.
NETTY = ":".join(
    f"/usr/share/java/netty-{part}.jar"
    for part in ["common", "buffer", "transport", "codec", "codec-http", "handler", "resolver"]
)
# websocat without TLS, which needs OpenSSL's headers.
CARGO_FEATURES = ["--no-default-features", "--features", "signal_handler,tokio-process,unix_stdio"]
GO = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode"}


class Installer:
    def __init__(self, harness: Harness):
        self.harness, self.updated = harness, False

    def install(self, needs: set[str]) -> None:
        for kind in ["apt", "npm", "pip"]:
            self._install(
                kind,
                sorted(
                    need for need in needs if need.startswith(f"{kind}:") and not self.has(need)
                ),
            )
        for need in sorted(needs):
            kind = need.partition(":")[0]
            if kind in ("pip-alone", "cargo") and not self.has(need):
                self._install(kind, [need])

    def has(self, need: str) -> bool:
        kind, _, package = need.partition(":")
        if kind == "apt":
            return bool(shutil.which("dpkg-query")) and "installed" in subprocess.run(
                ["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
                capture_output=True,
                text=True,
            ).stdout.split("\n")
        if kind == "npm":
            name, _, version = package.rpartition("@")
            manifest = self.harness.work / "node_modules" / name / "package.json"
            return manifest.exists() and json.loads(manifest.read_text())["version"] == version
        if kind == "cargo":
            records = self.harness.work / "cargo" / ".crates.toml"
            name, _, version = package.partition("@")
            return records.exists() and f'"{name} {version} ' in records.read_text()
        name, _, version = package.partition("==")
        name = re.sub(r"[-_.]+", "[-_.]", name)
        there = self.folder(need).glob("*.dist-info") if self.folder(need).exists() else []
        return any(
            re.fullmatch(f"{name}-{re.escape(version)}.dist-info", path.name, re.IGNORECASE)
            for path in there
        )

    def folder(self, need: str) -> Path:
        alone = need.startswith("pip-alone:")
        return self.harness.work / (need.partition(":")[2].partition("=")[0] if alone else "python")

    def _install(self, kind: str, needs: list[str]) -> None:
        if not needs:
            return
        print("installing:", *[need.partition(":")[2] for need in needs], flush=True)
        try:
            self._command(kind, needs)
        except Failed as why:
            print(why)
            if len(needs) > 1:
                for need in needs:
                    self._install(kind, [need])

    def _command(self, kind: str, needs: list[str]) -> None:
        run, work = self.harness.run, self.harness.work
        packages = [need.partition(":")[2] for need in needs]
        if kind == "apt":
            if os.geteuid() != 0 or not shutil.which("apt-get"):
                return
            env = {"DEBIAN_FRONTEND": "noninteractive"}
            if not self.updated:
                # With an old list of packages, the installation may still succeed.
                self.updated = True
                try:
                    run("apt-get", "-qq", "update", timeout=INSTALLATION)
                except Failed as why:
                    print(why)
            # Another installation may be under way: wait for its lock.
            lock = ["-o", f"DPkg::Lock::Timeout={INSTALLATION}"]
            flags = ["-qq", "-y", "--no-install-recommends", *lock]
            command = ["apt-get", "install", *flags, *packages]
            run(*command, timeout=2 * INSTALLATION, env=env)
        elif kind == "npm":
            if shutil.which("npm"):
                # Recorded in the folder's package.json: npm removes other packages.
                flags = ["--save-exact", "--no-audit", "--no-fund", "--prefix", work]
                run("npm", "install", *flags, *packages, timeout=INSTALLATION)
        elif kind == "cargo":
            root = work / "cargo"
            flags = ["--quiet", "--locked", "--root", root, "--target-dir", root / "build"]
            command = ["cargo", "install", *flags, *CARGO_FEATURES, *packages]
            run(*command, timeout=2 * INSTALLATION)
        else:
            pip = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-warn-conflicts",
            ]
            run(
                *pip,
                "--upgrade",
                "--target",
                self.folder(needs[0]),
                *packages,
                timeout=INSTALLATION,
            )
