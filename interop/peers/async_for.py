"""Python's `websockets` the way introductions show it: a loop over the messages."""

import asyncio
import sys

from websockets.asyncio.client import connect


async def main(url):
    received = []
    async with connect(url, proxy=None) as websocket:
        await websocket.send("Hello world!")
        async for message in websocket:
            received.append(message)
            if len(received) == 3:
                await websocket.close()
            else:
                await websocket.send(f"{message} {len(received)}")
    # The loop ends after a clean closing handshake.
    expected = ["Hello world!", "Hello world! 1", "Hello world! 1 2"]
    assert received == expected, f"received {received}"


try:
    asyncio.run(main(sys.argv[2]))
    print("ok use of async for")
except Exception as why:
    print(f"no use of async for: {why!r}")
