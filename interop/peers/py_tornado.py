"""tornado's client and its `WebSocketHandler`."""

import asyncio

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

from cases import REASON, Closed, main


class Client:
    @classmethod
    async def open(cls, url, subprotocols):
        self = cls()
        self.socket = await websocket_connect(
            url, subprotocols=subprotocols or None, compression_options={}
        )
        self.subprotocol = self.socket.selected_subprotocol
        return self

    async def send(self, message):
        await self.socket.write_message(message, binary=isinstance(message, bytes))

    async def recv(self):
        message = await self.socket.read_message()
        if message is None:
            raise Closed(self.socket.close_code, self.socket.close_reason)
        return message

    async def close(self, code, reason):
        self.socket.close(code, reason)
        assert await self.socket.read_message() is None


class Handler(WebSocketHandler):
    def get_compression_options(self):
        return {}

    def select_subprotocol(self, subprotocols):
        return "chat.v2" if "chat.v2" in subprotocols else None

    async def get(self, *args):
        if self.request.path == "/refuse":
            self.send_error(403)
        else:
            await super().get(*args)

    def on_message(self, message):
        if message == "ping":
            self.ping(b"hello")
        elif message == "close":
            self.close(3002, REASON)
        else:
            self.write_message(message, binary=isinstance(message, bytes))

    def on_pong(self, data):
        self.write_message("pong")

    def on_close(self):
        print("closed", self.close_code, self.close_reason, flush=True)


async def server():
    sockets = bind_sockets(0, "127.0.0.1")
    HTTPServer(Application([("/.*", Handler)])).add_sockets(sockets)
    print("listening on", sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


main(Client, server)
