"""picows: a parser in Cython, with callbacks for frames."""

import asyncio

from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,
    ws_create_server,
)
from picows import WSUpgradeResponse, WSUpgradeResponseWithListener

from cases import REASON, Closed, main


class Listener(WSListener):
    def __init__(self):
        super().__init__()
        self.inbox, self.ponged, self.parts = asyncio.Queue(), asyncio.Event(), []
        self.kind = None

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame):
        kind = frame.msg_type
        if kind == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif kind == WSMsgType.PONG:
            self.on_pong(transport)
        elif kind == WSMsgType.CLOSE:
            code, reason = frame.get_close_code(), (frame.get_close_message() or b"").decode()
            transport.send_close(code)
            transport.disconnect()
            self.on_close(code, reason)
        else:
            if kind != WSMsgType.CONTINUATION:
                self.kind = kind
            self.parts.append(frame.get_payload_as_bytes())
            if frame.fin:
                payload, self.parts = b"".join(self.parts), []
                self.on_message(
                    transport, payload.decode() if self.kind == WSMsgType.TEXT else payload
                )

    def on_message(self, transport, message):
        self.inbox.put_nowait(message)

    def on_pong(self, transport):
        self.ponged.set()

    def on_close(self, code, reason):
        self.inbox.put_nowait(Closed(code, reason))


def send(transport, message):
    if isinstance(message, str):
        transport.send(WSMsgType.TEXT, message.encode())
    else:
        transport.send(WSMsgType.BINARY, message)


def send_fragments(transport, chunks):
    for number, chunk in enumerate(chunks):
        kind = WSMsgType.CONTINUATION if number else WSMsgType.TEXT
        transport.send(kind, chunk.encode(), fin=number == len(chunks) - 1)


class Client:
    @classmethod
    async def open(cls, url, subprotocols):
        self = cls()
        headers = {"Sec-WebSocket-Protocol": ", ".join(subprotocols)} if subprotocols else None
        self.transport, self.listener = await ws_connect(Listener, url, extra_headers=headers)
        self.subprotocol = self.transport.response.headers.get("Sec-WebSocket-Protocol")
        return self

    async def send(self, message):
        send(self.transport, message)

    async def recv(self):
        message = await self.listener.inbox.get()
        if isinstance(message, Closed):
            raise message
        return message

    async def ping(self):
        self.transport.send_ping(b"hello")
        await self.listener.ponged.wait()

    async def fragments(self, chunks):
        send_fragments(self.transport, chunks)

    async def close(self, code, reason):
        self.transport.send_close(code, reason.encode())
        await self.transport.wait_disconnected()


class Server(Listener):
    def on_message(self, transport, message):
        if message == "ping":
            transport.send_ping(b"hello")
        elif message == "fragments":
            send_fragments(transport, ["one ", "two ", "three"])
        elif message == "close":
            transport.send_close(3002, REASON.encode())
        else:
            send(transport, message)

    def on_pong(self, transport):
        send(transport, "pong")

    def on_close(self, code, reason):
        print("closed", int(code), reason, flush=True)


def accept(request):
    if request.path == b"/refuse":
        return WSUpgradeResponseWithListener(
            WSUpgradeResponse.create_error_response(403, b"not for you"), None
        )
    headers = (
        {"Sec-WebSocket-Protocol": "chat.v2"}
        if "chat.v2" in request.headers.get("Sec-WebSocket-Protocol", "")
        else None
    )
    return WSUpgradeResponseWithListener(WSUpgradeResponse.create_101_response(headers), Server())


async def server():
    listening = await ws_create_server(accept, "127.0.0.1", 0)
    print("listening on", listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


main(Client, server)
