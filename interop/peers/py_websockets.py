"""Python's `websockets`, with its asyncio API."""

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from cases import REASON, Closed, main


class Client:
    @classmethod
    async def open(cls, url, subprotocols):
        self = cls()
        self.socket = await connect(url, subprotocols=subprotocols or None, proxy=None)
        self.subprotocol = self.socket.subprotocol
        return self

    async def send(self, message):
        await self.socket.send(message)

    async def recv(self):
        try:
            return await self.socket.recv()
        except ConnectionClosed as closed:
            raise Closed(closed.rcvd.code, closed.rcvd.reason) from None

    async def ping(self):
        await (await self.socket.ping())

    async def fragments(self, chunks):
        await self.socket.send(chunks)

    async def close(self, code, reason):
        await self.socket.close(code, reason)


async def handler(socket):
    try:
        async for message in socket:
            if message == "ping":
                await (await socket.ping())
                await socket.send("pong")
            elif message == "fragments":
                await socket.send(["one ", "two ", "three"])
            elif message == "close":
                await socket.close(3002, REASON)
            else:
                await socket.send(message)
    except ConnectionClosed:
        pass
    print("closed", socket.close_code, socket.close_reason, flush=True)


def process_request(connection, request):
    if request.path == "/refuse":
        return connection.respond(403, "not for you\n")


def select_subprotocol(connection, offered):
    return "chat.v2" if "chat.v2" in offered else None


async def server():
    options = {"select_subprotocol": select_subprotocol, "process_request": process_request}
    async with serve(handler, "127.0.0.1", 0, **options) as listening:
        print("listening on", listening.sockets[0].getsockname()[1], flush=True)
        await listening.serve_forever()


main(Client, server)
