"""aiohttp's client, and its server's `WebSocketResponse`."""

import asyncio

import aiohttp
from aiohttp import WSMsgType, web

from cases import REASON, Closed, main


class Client:
    @classmethod
    async def open(cls, url, subprotocols):
        self = cls()
        self.session = aiohttp.ClientSession()
        try:
            self.socket = await self.session.ws_connect(url, protocols=subprotocols, compress=15)
        except BaseException:
            await self.session.close()
            raise
        self.subprotocol = self.socket.protocol
        return self

    async def send(self, message):
        await (self.socket.send_str if isinstance(message, str) else self.socket.send_bytes)(
            message
        )

    async def recv(self):
        message = await self.socket.receive()
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            return message.data
        await self.session.close()
        raise Closed(self.socket.close_code, message.extra)

    async def close(self, code, reason):
        await self.socket.close(code=code, message=reason.encode())
        await self.session.close()


async def handler(request):
    if request.path == "/refuse":
        raise web.HTTPForbidden
    socket = web.WebSocketResponse(protocols=["chat.v2"], autoping=False)
    await socket.prepare(request)
    while True:
        message = await socket.receive()
        if message.type is WSMsgType.PING:
            await socket.pong(message.data)
        elif message.type is WSMsgType.PONG:
            await socket.send_str("pong")
        elif message.data == "ping":
            await socket.ping(b"hello")
        elif message.data == "close":
            await socket.close(code=3002, message=REASON.encode())
        elif message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
        else:
            print("closed", socket.close_code, message.extra, flush=True)
            return socket


async def server():
    app = web.Application()
    app.add_routes([web.get("/", handler), web.get("/refuse", handler)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print("listening on", runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


main(Client, server)
