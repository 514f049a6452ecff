"""autobahn-python on asyncio."""

import asyncio

from autobahn.asyncio.websocket import (
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
    PerMessageDeflateResponseAccept,
)
from autobahn.websocket.types import ConnectionDeny

from cases import REASON, Closed, main


class Protocol(WebSocketClientProtocol):
    """Callbacks as a queue."""

    def __init__(self):
        super().__init__()
        loop = asyncio.get_running_loop()
        self.inbox, self.opened, self.ponged = (
            asyncio.Queue(),
            loop.create_future(),
            loop.create_future(),
        )

    def onOpen(self):
        self.opened.set_result(self.websocket_protocol_in_use)

    def onMessage(self, payload, isBinary):
        self.inbox.put_nowait(payload if isBinary else payload.decode())

    def onPong(self, payload):
        self.ponged.set_result(payload)

    def onClose(self, wasClean, code, reason):
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(reason))
        self.inbox.put_nowait(Closed(self.remoteCloseCode, self.remoteCloseReason))


class Client:
    @classmethod
    async def open(cls, url, subprotocols):
        self = cls()
        factory = WebSocketClientFactory(url, protocols=subprotocols)
        factory.protocol = Protocol
        accept = lambda response: PerMessageDeflateResponseAccept(response)
        options = {
            "perMessageCompressionOffers": [PerMessageDeflateOffer()],
            "perMessageCompressionAccept": accept,
        }
        factory.setProtocolOptions(**options)
        connection = asyncio.get_running_loop().create_connection(
            factory, "127.0.0.1", factory.port
        )
        _, self.protocol = await connection
        self.subprotocol = await self.protocol.opened
        return self

    async def send(self, message):
        binary = isinstance(message, bytes)
        self.protocol.sendMessage(message if binary else message.encode(), binary)

    async def recv(self):
        message = await self.protocol.inbox.get()
        if isinstance(message, Closed):
            raise message
        return message

    async def ping(self):
        self.protocol.sendPing(b"hello")
        assert await self.protocol.ponged == b"hello"

    async def fragments(self, chunks):
        self.protocol.beginMessage()
        for chunk in chunks:
            self.protocol.sendMessageFrame(chunk.encode())
        self.protocol.endMessage()

    async def close(self, code, reason):
        self.protocol.sendClose(code, reason)
        assert isinstance(await self.protocol.inbox.get(), Closed)


class Server(WebSocketServerProtocol):
    def onConnect(self, request):
        if request.path == "/refuse":
            raise ConnectionDeny(403, "not for you")
        return "chat.v2" if "chat.v2" in request.protocols else None

    def onMessage(self, payload, isBinary):
        if payload == b"ping":
            self.sendPing(b"hello")
        elif payload == b"fragments":
            self.beginMessage()
            for chunk in [b"one ", b"two ", b"three"]:
                self.sendMessageFrame(chunk)
            self.endMessage()
        elif payload == b"close":
            self.sendClose(3002, REASON)
        else:
            self.sendMessage(payload, isBinary)

    def onPong(self, payload):
        self.sendMessage(b"pong")

    def onClose(self, wasClean, code, reason):
        print("closed", self.remoteCloseCode, self.remoteCloseReason, flush=True)


async def server():
    def accept(offers):
        return PerMessageDeflateOfferAccept(offers[0])

    factory = WebSocketServerFactory(protocols=["chat.v2"])
    factory.protocol = Server
    factory.setProtocolOptions(perMessageCompressionAccept=accept)
    listening = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
    print("listening on", listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


main(Client, server)
