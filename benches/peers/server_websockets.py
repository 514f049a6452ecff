"""An echo server on Python's `websockets`, which validates text itself."""

import asyncio

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

LIMIT = 16 << 20


async def echo(socket):
    try:
        async for message in socket:
            await socket.send(message)
    except ConnectionClosed as why:
        print("a connection ended:", why)


async def main():
    async with serve(echo, "127.0.0.1", 0, compression=None, max_size=LIMIT) as listening:
        print(f"listening on 127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
        await listening.serve_forever()


asyncio.run(main())
