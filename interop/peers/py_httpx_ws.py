"""httpx-ws as the client, and uvicorn as the server of an ASGI application; both with wsproto."""

import socket

import httpx
import uvicorn
from httpx_ws import WebSocketDisconnect, aconnect_ws
from wsproto.events import TextMessage

from cases import REASON, Closed, main


class Client:
    @classmethod
    async def open(cls, url, subprotocols):
        self = cls()
        self.client = httpx.AsyncClient(trust_env=False)
        self.context = aconnect_ws(
            url, self.client, subprotocols=subprotocols or None, max_message_size_bytes=1 << 21
        )
        self.socket = await self.context.__aenter__()
        self.subprotocol = self.socket.subprotocol
        return self

    async def send(self, message):
        await (self.socket.send_text if isinstance(message, str) else self.socket.send_bytes)(
            message
        )

    async def recv(self):
        try:
            event = await self.socket.receive()
        except WebSocketDisconnect as closed:
            raise Closed(closed.code, closed.reason) from None
        return event.data if isinstance(event, TextMessage) else bytes(event.data)

    async def ping(self):
        await (await self.socket.ping()).wait()

    async def fragments(self, chunks):
        for chunk in chunks:
            await self.socket.send(TextMessage(data=chunk, message_finished=chunk == chunks[-1]))

    async def close(self, code, reason):
        await self.socket.close(code, reason)
        await self.context.__aexit__(None, None, None)


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    if scope["path"] == "/refuse":
        await send({"type": "websocket.close"})
        return
    chosen = "chat.v2" if "chat.v2" in scope["subprotocols"] else None
    await send({"type": "websocket.accept", "subprotocol": chosen})
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            print("closed", event["code"], event.get("reason"), flush=True)
            return
        if event.get("text") == "close":
            await send({"type": "websocket.close", "code": 3002, "reason": REASON})
        else:
            await send({**event, "type": "websocket.send"})


async def server():
    listening = socket.create_server(("127.0.0.1", 0))
    print("listening on", listening.getsockname()[1], flush=True)
    config = uvicorn.Config(app, ws="wsproto", lifespan="off", log_level="warning")
    await uvicorn.Server(config).serve([listening])


main(Client, server)
