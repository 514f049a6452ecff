"""Installs the Autobahn test suite.

The suite is a Python 2.7 program, and hardly any machine has Python 2.7. So there are
several routes to it, tried in order; the first suite that starts is used. All files are
below one folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import sys
import zipfile
from pathlib import Path

from processes import Failed, Processes

VERSION = "25.10.1"
IMAGE = f"crossbario/autobahn-testsuite:{VERSION}"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")

# The last versions for Python 2.7, used as unpacked wheels.
INSTALLER = ["pip==20.3.4", "setuptools==44.0.0", "wheel==0.37.1"]

# The last Debian with Python 2.7, and its packages: interpreter, headers, libraries.
DEBIAN = "bullseye"
DEBIAN_PACKAGES = """
    python2.7 python2.7-minimal python2.7-dev
    libpython2.7 libpython2.7-minimal libpython2.7-stdlib libpython2.7-dev
    libssl1.1 libffi7
""".split()

# The time limit in seconds of a step that may download or compile.
STEP = 600

WAYS_OUT = f"""\
One of these is needed:
  - CPython 2.7 with its headers, and gcc; it is found as python2.7 on PATH or below
    ~/.pyenv/versions ('pyenv install 2.7.18'). Other packages are installed by pip.
  - A docker daemon that can run {IMAGE}.
  - Debian with apt-get, dpkg, gcc and pip, and a mirror that still has {DEBIAN}; no root needed.
  - Another installation: WSTEST=/path/to/wstest autobahn/run ..."""


class Unavailable(Exception):
    """A route does not work on this machine; the message has the reason."""


class NoSuite(Exception):
    """No route works."""


class Suite:
    """A suite that can be started."""

    # The name of this machine for the suite, and the address that the suite listens on.
    peer = own = "127.0.0.1"

    def __init__(self, origin: str, wstest: list, env: dict | None = None):
        self.origin = origin
        self.wstest = wstest
        self.env = {**(env or os.environ), "PYTHONUNBUFFERED": "1"}

    def command(self, mode: str, spec: Path, port: int | None = None) -> list:
        # Without the suite's web server, which would need port 8080 (-u).
        return [*self.wstest, "-m", mode, "-s", spec, "-u", "0"]


class DockerSuite(Suite):
    """The suite in its own container. Without Linux, 'localhost' there is another machine."""

    def __init__(self, work: Path):
        super().__init__(f"docker image {IMAGE}", ["docker"])
        self.work = work
        if sys.platform != "linux":
            self.peer, self.own = "host.docker.internal", "0.0.0.0"

    def command(self, mode: str, spec: Path, port: int | None = None) -> list:
        network = ["--network", "host"]
        if sys.platform != "linux":
            network = ["-p", f"127.0.0.1:{port}:{port}"] if port else []
        # The reports belong to the user, and their folder has the same path inside and outside.
        user = ["--user", f"{os.getuid()}:{os.getgid()}", "-v", f"{self.work}:{self.work}"]
        run = ["docker", "run", "--rm", "--init", "-e", "PYTHONUNBUFFERED=1", *user, *network, IMAGE]
        return [*run, "wstest", "-m", mode, "-s", spec, "-u", "0"]


def get(work: Path, processes: Processes, say=print) -> Suite:
    """The suite of the first route that works. `AUTOBAHN_ROUTE` selects a single route."""
    only = os.environ.get("AUTOBAHN_ROUTE")
    if only and only not in ROUTES:
        raise NoSuite(f"AUTOBAHN_ROUTE={only}: no such route; there are {', '.join(ROUTES)}")
    routes = Routes(work / "suite", processes, say)
    tried = []
    for name in [only] if only else ROUTES:
        try:
            return getattr(routes, name)()
        except (Unavailable, Failed) as why:
            tried.append(f"  {name}: {why}")
    raise NoSuite("\n".join(["No Autobahn suite could be had. Tried:", *tried, WAYS_OUT]))


# The user's choice first, then installed suites, then the quickest installation.
ROUTES = ["given", "path", "cached", "python2", "docker", "debian"]


class Routes:
    """One method for each of `ROUTES`."""

    def __init__(self, home: Path, processes: Processes, say):
        self.home = home
        self.processes = processes
        self.say = say

    def given(self) -> Suite:
        value = os.environ.get("WSTEST")
        if not value:
            raise Unavailable("$WSTEST is not set")
        command = [value] if Path(value).exists() else shlex.split(value)
        try:
            return self._checked(Suite(f"$WSTEST, {value}", command))
        except Failed as why:
            # The user's choice must not be replaced silently.
            raise NoSuite(f"WSTEST={value} does not run the suite: {why}\n{WAYS_OUT}") from why

    def path(self) -> Suite:
        wstest = shutil.which("wstest")
        if not wstest:
            raise Unavailable("no wstest on PATH")
        return self._checked(Suite(f"wstest on PATH, {wstest}", [wstest]))

    def cached(self) -> Suite:
        for route in (self._cached_python2, self._cached_debian):
            try:
                return route()
            except (Unavailable, Failed):
                continue
        raise Unavailable("none installed by an earlier run")

    def python2(self) -> Suite:
        try:
            return self._cached_python2()
        except (Unavailable, Failed):
            pass
        python = self._find_python2()
        need_tools("gcc")
        self.say(f"installing the suite for {python} (about half a minute)")
        with Workshop(self, "python2") as folder:
            self._install(folder, python, python_env())
        return self._cached_python2()

    def docker(self) -> Suite:
        need_tools("docker")
        self._run("docker", ["docker", "info"], 30)
        try:
            self._run("docker", ["docker", "image", "inspect", IMAGE], 30)
        except Failed:
            self.say(f"pulling {IMAGE}")
            self._run("docker", ["docker", "pull", IMAGE], STEP)
        return DockerSuite(self.home.parent)

    def debian(self) -> Suite:
        try:
            return self._cached_debian()
        except (Unavailable, Failed):
            pass
        need_tools("apt-get", "dpkg", "gcc")
        mirrors = self._debian_mirrors()
        self.say(f"installing the suite with Debian {DEBIAN}'s Python 2.7 (about a minute)")
        with Workshop(self, "debian") as folder:
            self._unpack_debian(folder, mirrors)
            self._install(folder, *debian_python(folder))
        return self._cached_debian()

    def _cached_python2(self) -> Suite:
        folder = self._ready("python2")
        return self._installed(folder, self._find_python2(), python_env())

    def _cached_debian(self) -> Suite:
        folder = self._ready("debian")
        return self._installed(folder, *debian_python(folder))

    def _ready(self, name: str) -> Path:
        """The folder of a route, if its installation was completed with the current pins."""
        folder = self.home / name
        marker = folder / "pins"
        if not marker.exists() or marker.read_text() != pins():
            raise Unavailable("not installed yet")
        return folder

    def _installed(self, folder: Path, python: Path, env: dict) -> Suite:
        wstest = [python, "-s", "-c", BOOT.format(site=str(folder / "site"))]
        return self._checked(Suite(f"{VERSION} on {python}", wstest, env))

    def _checked(self, suite: Suite) -> Suite:
        said = self._run("version", [*suite.wstest, "-a"], 60, suite.env)
        version = re.search(r"AutobahnTestSuite (\S+)", said)
        if not version:
            raise Failed(f"{suite.origin} does not answer '-a' like the suite")
        if version[1] != VERSION:
            self.say(f"note: {suite.origin} is {version[1]}; the cases are listed for {VERSION}")
        return suite

    def _find_python2(self) -> Path:
        pyenv = Path(os.environ.get("PYENV_ROOT") or Path("~/.pyenv").expanduser())
        on_path = [shutil.which(name) for name in ("python2.7", "python2")]
        found = [Path(path) for path in on_path if path]
        found += sorted(pyenv.glob("versions/2.7*/bin/python2.7"))
        for python in found:
            try:
                # A version manager's shim may exist without an interpreter.
                probe = "import ssl, sys; assert sys.version_info[:2] == (2, 7)"
                self._run("python2", [python, "-c", probe], 60, python_env())
            except Failed:
                continue
            return python
        raise Unavailable("no working python2.7 on PATH or below ~/.pyenv/versions")

    def _install(self, folder: Path, python: Path, env: dict) -> None:
        """Installs the suite into `site` below a folder, with a pip that runs from unpacked wheels."""
        wheels, installer, temporary = (folder / name for name in ("wheels", "installer", "tmp"))
        temporary.mkdir()
        quiet = {
            "TMPDIR": str(temporary),
            "PIP_NO_CACHE_DIR": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_PYTHON_VERSION_WARNING": "1",
            # The user's pip configuration may forbid these packages.
            "PIP_REQUIRE_VIRTUALENV": "0",
            "PIP_USER": "0",
        }
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
        self._run("pip-download", [*pip, "-d", wheels, *INSTALLER], STEP, {**os.environ, **quiet})
        for wheel in wheels.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(installer)
        env = {**env, **quiet, "PYTHONPATH": str(installer)}
        pip = [python, "-s", "-m", "pip", "install", "-q", "--no-compile", "--no-build-isolation", "--no-deps"]
        self._run("pip-install", [*pip, "--target", folder / "site", "-r", REQUIREMENTS], STEP, env)
        for leftover in (wheels, installer, temporary):
            shutil.rmtree(leftover)

    def _debian_mirrors(self) -> list:
        """The mirrors in the machine's apt configuration."""
        text = Path("/etc/os-release").read_text() if Path("/etc/os-release").exists() else ""
        release = dict(line.split("=", 1) for line in shlex.split(text, comments=True) if "=" in line)
        if release.get("ID") != "debian":
            raise Unavailable("not a Debian")
        # Without release info, apt-get prints its mirrors even if 'apt-get update' never ran.
        query = ["apt-get", "--no-release-info", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)"]
        rows = self._run("apt-mirrors", [*query, "Created-By: Packages"], 60).splitlines()
        wanted = f"{release.get('VERSION_CODENAME')} main "
        mirrors = {row[len(wanted) :]: None for row in rows if row.startswith(wanted)}
        if not mirrors:
            raise Unavailable("apt-get names no mirror of this Debian")
        return list(mirrors)

    def _unpack_debian(self, folder: Path, mirrors: list) -> None:
        """Unpacks Python 2.7 from Debian's packages, without installing them; needs no root."""
        apt = folder / "apt"
        for name in ("lists/partial", "cache/archives/partial", "debs"):
            (apt / name).mkdir(parents=True)
        # Empty: otherwise apt-get rejects old libraries because newer ones are installed.
        (apt / "status").touch()
        sources = apt / "sources.list"
        sources.write_text(
            "".join(
                f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror} {DEBIAN} main\n"
                for mirror in mirrors
            )
        )
        options = {
            "Dir::State::status": apt / "status",
            "Dir::State::lists": apt / "lists",
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "/nonexistent",
            "Dir::Cache": apt / "cache",
            "APT::Sandbox::User": "root",
        }
        apt_get = ["apt-get", "-q", *(f"-o{name}={value}" for name, value in options.items())]
        self._run("apt-update", [*apt_get, "update"], STEP)
        fetch = ["sh", "-c", 'cd "$0" && exec "$@"', apt / "debs", *apt_get, "download"]
        self._run("apt-download", [*fetch, *DEBIAN_PACKAGES], STEP)
        for package in sorted((apt / "debs").glob("*.deb")):
            self._run("dpkg", ["dpkg", "-x", package, folder / "root"], 120)
        shutil.rmtree(apt)

    def _run(self, name: str, command: list, timeout: float, env: dict | None = None) -> str:
        return self.processes.run(command, self.home / "logs" / f"{name}.log", timeout, env)


class Workshop:
    """An empty folder that gets a route's name and its mark only if the block succeeds."""

    def __init__(self, routes: Routes, name: str):
        self.final = routes.home / name
        self.folder = routes.home / f"{name}.partial"

    def __enter__(self) -> Path:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return self.folder

    def __exit__(self, kind, *_):
        if kind:
            return
        (self.folder / "pins").write_text(pins())
        shutil.rmtree(self.final, ignore_errors=True)
        self.folder.rename(self.final)


def pins() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def python_env() -> dict:
    """The environment without variables for another Python."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def debian_python(folder: Path) -> tuple:
    root = folder / "root"
    libraries = next((root / "usr/lib").glob("*-linux-gnu*"), None)
    if not libraries:
        raise Unavailable(f"the packages of {DEBIAN} hold no libraries for this machine")
    headers = [root / "usr/include", root / "usr/include/python2.7"]
    env = {
        **python_env(),
        "LD_LIBRARY_PATH": str(libraries),
        "C_INCLUDE_PATH": os.pathsep.join(map(str, headers)),
    }
    return root / "usr/bin/python2.7", env


def need_tools(*names: str) -> None:
    for name in names:
        if not shutil.which(name):
            raise Unavailable(f"no {name} on PATH")


# Python 2.7 code. The folder is first on the path, before the machine's modules; it is also
# a site folder, because zope is a namespace package. The suite's server would listen on every
# address: it is bound to loopback.
BOOT = """
import site, sys
sys.path.insert(0, {site!r})
site.addsitedir({site!r})
from autobahntestsuite import wstest
listen = wstest.reactor.listenTCP
wstest.reactor.listenTCP = lambda port, factory, backlog=50, interface="": listen(port, factory, backlog, "127.0.0.1")
wstest.run()
"""
