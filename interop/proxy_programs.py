"""The proxies of `interop/proxies`: how each is installed and started, with a password and without.

None of them needs a user or a file of the system: dante, which takes passwords from the system's files only, sees private
ones in a mount namespace of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from processes import Failed, Processes

# The time limit in seconds of one command of apt-get.
INSTALLATION = 300

USER, PASSWORD = "user", "word"

TINYPROXY = """
Listen 127.0.0.1
Port {port}
Timeout 60
{access}
"""

SQUID = """
http_port 127.0.0.1:{port}
visible_hostname localhost
pid_filename none
access_log none
cache_log /dev/null
cache deny all
cache_mem 0
netdb_filename none
pinger_enable off
shutdown_lifetime 0 seconds
{access}
"""

DANTE = """
logoutput: stderr
internal: 127.0.0.1 port = {port}
external: lo
clientmethod: none
socksmethod: {method}
user.privileged: root
user.unprivileged: nobody
client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 protocol: tcp }}
"""

# The users whom dante sees, in place of the system's.
PASSWD = f"""root:x:0:0::/:/bin/false
nobody:x:65534:65534::/:/bin/false
{USER}:x:65533:65534::/:/bin/false
"""


def hashed(kind: str) -> str:
    """The password as files have it."""
    return subprocess.run(["openssl", "passwd", kind, PASSWORD], check=True, capture_output=True, text=True).stdout.strip()


def tinyproxy(folder: Path, port: int, password: bool) -> list:
    access = f"BasicAuth {USER} {PASSWORD}" if password else ""
    settings = folder / "tinyproxy.conf"
    settings.write_text(TINYPROXY.format(port=port, access=access))
    return ["tinyproxy", "-d", "-c", settings]


def microsocks(_: Path, port: int, password: bool) -> list:
    command = ["microsocks", "-i", "127.0.0.1", "-p", port]
    return command + (["-u", USER, "-P", PASSWORD] if password else [])


def squid(folder: Path, port: int, password: bool) -> list:
    access = "http_access allow all"
    if password:
        passwords = folder / "passwords"
        passwords.write_text(f"{USER}:{hashed('-apr1')}\n")
        access = f"auth_param basic program /usr/lib/squid/basic_ncsa_auth {passwords}\n"
        access += "auth_param basic children 1\nacl known proxy_auth REQUIRED\nhttp_access allow known"
    settings = folder / "squid.conf"
    settings.write_text(SQUID.format(port=port, access=access))
    return ["squid", "-N", "-d", "1", "-f", settings]


def dante(folder: Path, port: int, password: bool) -> list:
    settings = folder / "danted.conf"
    settings.write_text(DANTE.format(port=port, method="username" if password else "none"))
    command = ["danted", "-N", "1", "-f", settings]
    if not password:
        return command
    passwd, shadow = folder / "passwd", folder / "shadow"
    passwd.write_text(PASSWD)
    shadow.write_text("".join(f"{name}:{hashed('-6') if name == USER else '*'}:19000:0:99999:7:::\n"
                              for name in ["root", "nobody", USER]))
    script = 'mount --bind "$1" /etc/passwd && mount --bind "$2" /etc/shadow && shift 2 && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh", passwd, shadow, *command]


@dataclass
class Program:
    name: str
    package: str
    schemes: list[str]
    # A word of the client's message about a proxy that wants a password, and about one that wants another.
    wants: str
    rejects: str
    command: Callable[[Path, int, bool], list]
    needs_root: bool = False

    def is_usable(self) -> bool:
        return bool(shutil.which(self.name)) and not (self.needs_root and os.geteuid() != 0)


PROGRAMS = [
    Program("tinyproxy", "tinyproxy-bin", ["http"], "407", "401", tinyproxy),
    Program("squid", "squid", ["http"], "407", "407", squid),
    Program("microsocks", "microsocks", ["socks5h", "socks5"], "requires authentication", "rejects the user name", microsocks),
    Program("danted", "dante-server", ["socks5h", "socks5"], "requires authentication", "rejects the user name", dante, needs_root=True),
]


def install(processes: Processes, logs: Path) -> None:
    """Installs what is missing, if that is possible."""
    missing = [program.package for program in PROGRAMS if not shutil.which(program.name)]
    if not missing or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # One after the other: a package that can't be had does not keep the others away.
    for command in [["update"], *(["install", "-y", "--no-install-recommends", package] for package in missing)]:
        try:
            processes.run(["apt-get", "-qq", *command], logs / f"apt-{command[-1]}.log", INSTALLATION, env)
        except Failed as why:
            print(why, flush=True)
