"""Pages in browsers, which the example `browser` drives over WebSocket."""

from __future__ import annotations

import http.server
import json
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

from harness import EXCHANGE, Harness
from processes import Failed

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

# Without background traffic. `browser` adds that there is no window, the profile, and the port.
CHROMIUM = """chromium --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update
    --disable-sync --disable-default-apps""".split()
FIREFOX = ["firefox-esr", "--no-remote"]
PROTOCOLS = {"chromium": "cdp", "firefox-esr": "bidi"}


def drive(harness: Harness, command: list, commands: list, prepare=lambda profile: None) -> list:
    """Runs commands of `browser.rs` in a browser with a new profile; returns their answers.

    A command that fails is a failure of all. `prepare` is called with the folder of the profile.
    """
    profiles = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with profiles as profile:
        prepare(Path(profile))
        log = harness.log()
        script = log.with_suffix(".in")
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text("".join(json.dumps(one) + "\n" for one in commands))
        start = [harness.programs / "browser", PROTOCOLS[command[0]], profile, *command]
        env = {**harness.env, "HOME": profile}
        printed = harness.processes.run(start, log, EXCHANGE, env, script)
    lines = [line for line in printed.splitlines() if line.startswith(('{"value":', '{"error":'))]
    answers = [json.loads(line) for line in lines]
    for one, answer in zip(commands, answers):
        if "error" in answer:
            raise Failed(f"{one[0]}: {answer['error']}")
    if len(answers) != len(commands) + 1:
        raise Failed(f"{len(answers)} answers to {len(commands)} commands\n{printed[-1000:]}")
    return [answer["value"] for answer in answers[:-1]]


class Files(http.server.BaseHTTPRequestHandler):
    """Serves the files of one folder."""

    def do_GET(self):
        file = self.server.folder / self.path.lstrip("/")
        if file.parent != self.server.folder or file.suffix not in TYPES or not file.exists():
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", TYPES[file.suffix])
        self.end_headers()
        self.wfile.write(file.read_bytes())

    def log_message(self, *_):
        pass


@contextmanager
def serve(folder: Path):
    """Serves a folder as long as the block runs, which gets the origin."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as files:
        files.folder = folder
        threading.Thread(target=files.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{files.server_address[1]}"
        finally:
            files.shutdown()


def test_page(harness: Harness, command: list, file: Path, url: str, prepare=lambda _: None) -> str:
    """Opens a page, and returns the result of its function `test(url)`."""
    with serve(file.parent) as origin:
        page = f"{origin}/{file.name}"
        commands = [["open", page], ["call", "(url) => test(url)", url], ["console"]]
        return drive(harness, command, commands, prepare)[1]
