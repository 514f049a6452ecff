"""libcurl's `ws_send` and `ws_recv`, by pycurl."""

import select

import pycurl

from cases import Closed, main

CHUNK = 65536


class Client:
    @classmethod
    async def open(cls, url, subprotocols):
        self = cls()
        self.curl, self.subprotocol = pycurl.Curl(), None
        self.curl.setopt(pycurl.URL, url)
        self.curl.setopt(pycurl.CONNECT_ONLY, 2)
        self.curl.setopt(pycurl.HEADERFUNCTION, self.header)
        self.curl.setopt(pycurl.NOPROXY, "*")
        if subprotocols:
            self.curl.setopt(
                pycurl.HTTPHEADER, ["Sec-WebSocket-Protocol: " + ", ".join(subprotocols)]
            )
        self.curl.perform()
        return self

    def header(self, line):
        name, _, value = line.decode().partition(":")
        if name.lower() == "sec-websocket-protocol":
            self.subprotocol = value.strip()

    def frame(self, payload, flags):
        while True:
            try:
                return self.curl.ws_send(payload, flags)
            except BlockingIOError:
                pass
            select.select([], [self.curl.getinfo(pycurl.ACTIVESOCKET)], [], 10)

    async def send(self, message):
        if isinstance(message, str):
            self.frame(message.encode(), pycurl.WS_TEXT)
        else:
            self.frame(message, pycurl.WS_BINARY)

    async def fragments(self, chunks):
        for chunk in chunks:
            self.frame(
                chunk.encode(), pycurl.WS_TEXT | (pycurl.WS_CONT if chunk is not chunks[-1] else 0)
            )

    def chunk(self):
        for _ in range(30):
            try:
                return self.curl.ws_recv(CHUNK)
            except BlockingIOError:
                # libcurl writes its pong in the next call, so this does not wait long.
                select.select([self.curl.getinfo(pycurl.ACTIVESOCKET)], [], [], 0.1)
        raise TimeoutError

    async def recv(self):
        payload = b""
        while True:
            data, meta = self.chunk()
            if meta.flags & pycurl.WS_CLOSE:
                raise Closed(int.from_bytes(data[:2], "big"), data[2:].decode())
            if meta.flags & (pycurl.WS_PING | pycurl.WS_PONG):
                continue
            payload += data
            if not meta.bytesleft and not meta.flags & pycurl.WS_CONT:
                return payload.decode() if meta.flags & pycurl.WS_TEXT else payload

    async def ping(self):
        self.frame(b"hello", pycurl.WS_PING)
        data, meta = self.chunk()
        assert meta.flags & pycurl.WS_PONG and data == b"hello", (data, meta.flags)

    async def close(self, code, reason):
        self.frame(code.to_bytes(2, "big") + reason.encode(), pycurl.WS_CLOSE)
        try:
            await self.recv()
        except Closed:
            self.curl.close()


main(Client)
