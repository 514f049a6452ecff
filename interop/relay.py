"""A relay on loopback that inspects the frames it passes on: which side marks messages as compressed (RSV1)."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field


@dataclass
class Seen:
    """The counts of one direction."""

    messages: int = 0
    compressed: int = 0
    # RSV1 on a frame that is not the first of a message, or any other reserved bit.
    misplaced: int = 0
    # `Sec-WebSocket-Extensions` of each connection.
    extensions: list = field(default_factory=list)


class Scanner:
    """Parses one direction of a connection, in pieces of any size."""

    def __init__(self, seen: Seen):
        self.seen = seen
        self.buffer = bytearray()
        # A response whose end is not known: what follows is not looked at.
        self.is_lost = False
        self.to_skip = 0

    def feed(self, data: bytes) -> None:
        self.buffer += data
        while not self.is_lost and self._step():
            pass

    def _step(self) -> bool:
        skipped = min(self.to_skip, len(self.buffer))
        del self.buffer[:skipped]
        self.to_skip -= skipped
        if self.to_skip:
            return False
        # `GET` or `HTTP`, also behind a refusal; no frame begins so, because of its reserved bits.
        return self._head() if self.buffer[:1] in (b"G", b"H") else self._header()

    def _head(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        first, *lines = self.buffer[:end].decode("latin-1").split("\r\n")
        length = None
        for line in lines:
            name, _, value = line.partition(":")
            if name.lower() == "sec-websocket-extensions":
                self.seen.extensions.append(value.strip())
            elif name.lower() == "content-length":
                length = int(value)
        if first.startswith("HTTP/") and " 101 " not in f"{first} ":
            self.is_lost, self.to_skip = length is None, length or 0
        del self.buffer[: end + 4]
        return True

    def _header(self) -> bool:
        if len(self.buffer) < 2:
            return False
        first, second = self.buffer[:2]
        length, size = second & 0x7F, 2
        if length > 125:
            size = 4 if length == 126 else 10
            if len(self.buffer) < size:
                return False
            length = int.from_bytes(self.buffer[2:size], "big")
        if first & 0x0F in (1, 2):
            self.seen.messages += 1
            self.seen.compressed += bool(first & 0x40)
            self.seen.misplaced += bool(first & 0x30)
        else:
            self.seen.misplaced += bool(first & 0x70)
        del self.buffer[:size]
        self.to_skip = length + (4 if second & 0x80 else 0)
        return True


class Relay:
    """Passes connections on to one address; ends with the `with` block."""

    def __init__(self, target: tuple):
        self.target = target
        self.to_server = Seen()
        self.to_client = Seen()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._streams = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self.target, 10)
            except OSError:
                return
            server.settimeout(None)
            self._streams += [client, server]
            for source, sink, seen in [(client, server, self.to_server), (server, client, self.to_client)]:
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pump, args=(source, sink, Scanner(seen)), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket, scanner: Scanner) -> None:
        try:
            while data := source.recv(65536):
                scanner.feed(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_):
        for stream in self._streams:
            stream.close()


def short(answer: str) -> str:
    """`server 12; client no takeover`: a server's window of 12 bits, no takeover by the client."""
    words = {
        "permessage-deflate": "",
        "_max_window_bits=": " ",
        "_no_context_takeover": " no takeover",
    }
    for long, word in words.items():
        answer = answer.replace(long, word)
    return answer.strip("; ") or "nothing more"
