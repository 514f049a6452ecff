"""websocat, a command line on rust-websocket: messages are its standard input and output.

`websocat.py PROGRAM client URL`, or `websocat.py PROGRAM server`. The server runs
`websocat.py PROGRAM handler` for each connection. Messages have their length before them, and
their kind, T or B, as the first byte.
"""

import asyncio
import re
import shlex
import socket
import struct
import sys

from cases import REASON, Closed, main

PROGRAM = sys.argv.pop(1)
# With what it receives in close frames, which it logs.
OPTIONS = ["-vv", "--binary", "--text-prefix=T", "--binary-prefix=B", f"--buffer-size={2 << 20}"]
# With its stdin and stdout nonblocking, it stops within a message of 1 MiB.
STDIO = ["--no-async-stdio", "--exit-on-eof"]
CLOSED = r'Some\(CloseData { status_code: (\d+), reason: "(.*)" }\)'


def packed(data):
    return struct.pack(">I", len(data)) + data


class Client:
    @classmethod
    async def open(cls, url, subprotocols):
        self = cls()
        self.url = url
        options = [f"--protocol={', '.join(subprotocols)}"] if subprotocols else []
        await self.start(options)
        match = re.search(r"(?i)Sec-WebSocket-Protocol: (\S+)", self.said)
        self.subprotocol = match and match[1]
        return self

    async def start(self, options):
        self.said, self.said_more = "", asyncio.Event()
        pipes = dict.fromkeys(["stdin", "stdout", "stderr"], asyncio.subprocess.PIPE)
        command = [PROGRAM, *OPTIONS, *STDIO, *options, "lengthprefixed:-", self.url]
        self.process = await asyncio.create_subprocess_exec(*command, **pipes)
        self.log = asyncio.create_task(self.read_log())
        # The end of the response's head, which it logs.
        await self.wait_for(r"^, }$", "no connection")

    async def read_log(self):
        while data := await self.process.stderr.read(65536):
            self.said += data.decode(errors="replace")
            self.said_more.set()
        self.said_more.set()

    async def wait_for(self, pattern, otherwise):
        while not (match := re.search(pattern, self.said, re.MULTILINE)):
            if self.log.done():
                raise ConnectionError(f"{otherwise}: {self.said[-300:]}")
            await self.said_more.wait()
            self.said_more.clear()
        return match

    async def send(self, message):
        data = b"T" + message.encode() if isinstance(message, str) else b"B" + message
        self.process.stdin.write(packed(data))
        await self.process.stdin.drain()

    async def recv(self):
        try:
            length = struct.unpack(">I", await self.process.stdout.readexactly(4))[0]
            data = await self.process.stdout.readexactly(length)
        except asyncio.IncompleteReadError:
            code, reason = (await self.wait_for(CLOSED, "no close frame")).groups()
            raise Closed(int(code), reason) from None
        return data[1:].decode() if data[:1] == b"T" else data[1:]

    async def ping(self):
        """It sends pings by the clock, so this is a connection of its own."""
        self.process.stdin.close()
        await self.process.wait()
        await self.start(["--ping-interval=1", "--print-ping-rtts"])
        await self.wait_for("^RTT ", "no pong")

    async def close(self, code, reason):
        """The code and the reason are options: a connection that must close with others begins
        again."""
        if code != 1000:
            self.process.stdin.close()
            await self.process.wait()
            await self.start([f"--close-status-code={code}", f"--close-reason={reason}"])
        self.process.stdin.close()
        await self.process.wait()


async def server():
    handler = shlex.join([sys.executable, *sys.argv[:1], PROGRAM, "handler"])
    close = ["--close-status-code=3002", f"--close-reason={REASON}", "--restrict-uri=/"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    listening = ["--stdout-announce-listening-ports", f"ws-l:127.0.0.1:{port}"]
    command = [PROGRAM, *OPTIONS, *close, *listening, f"lengthprefixed:cmd:{handler}"]
    both = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.STDOUT}
    process = await asyncio.create_subprocess_exec(*command, **both)
    async for line in process.stdout:
        line = line.decode()
        if line.startswith("LISTEN "):
            print("listening on", port, flush=True)
        elif match := re.search(CLOSED, line):
            print("closed", *match.groups(), flush=True)


def handle():
    """Sends every message back, and ends after `close`."""
    while length := sys.stdin.buffer.read(4):
        data = sys.stdin.buffer.read(*struct.unpack(">I", length))
        if data == b"Tclose":
            return
        sys.stdout.buffer.write(packed(data))
        sys.stdout.buffer.flush()


handle() if sys.argv[1] == "handler" else main(Client, server)
