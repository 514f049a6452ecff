"""Python's `websockets`, and so C's zlib, as a peer: `server OPTIONS [CERTIFICATE KEY]` echoes, over TLS if it has a
certificate; `client OPTIONS URL` checks an echo."""

import asyncio
import json
import os
import ssl
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

LIMIT = 4 << 20


def payloads():
    """Text and binary of every form of length: repetitive, random, and multi-byte characters."""
    for size in [0, 1, 63, 64, 125, 126, 1000, 65535, 65536, 300_000]:
        yield (json.dumps({"text": "hello again, "}) * (size // 20 + 1))[:size]
        yield "κόσμε 🙂 " * (size // 16)
        yield os.urandom(size)
        yield bytes(size)


async def server(options, *certificate):
    async def echo(socket):
        async for message in socket:
            await socket.send(message)

    extensions = [ServerPerMessageDeflateFactory(**options)]
    settings = {"compression": None, "extensions": extensions, "max_size": LIMIT}
    if certificate:
        settings["ssl"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        settings["ssl"].load_cert_chain(*certificate)
    async with serve(echo, "127.0.0.1", 0, **settings) as listening:
        print("listening on", listening.sockets[0].getsockname()[1], flush=True)
        await listening.serve_forever()


async def client(options, url):
    # zlib does not compress with a window of 8 bits, but must inflate what sansocket compresses for it.
    every = [
        {"server_max_window_bits": ours, "client_max_window_bits": max(ours, 9), flag: True}
        for ours in range(8, 16)
        for flag in ["server_no_context_takeover", "client_no_context_takeover", "neither"]
    ]
    count = 0
    for one in every if options == "every" else [options]:
        one = {"client_max_window_bits": True, **one}
        one.pop("neither", None)
        factory = ClientPerMessageDeflateFactory(**one)
        async with connect(url, compression=None, extensions=[factory], max_size=LIMIT, proxy=None) as socket:
            for payload in payloads():
                await socket.send(payload)
                assert await socket.recv() == payload, f"a message came back changed with {one}"
                count += 1
    print(count, "messages", flush=True)


role, options, *rest = sys.argv[1:]
asyncio.run({"server": server, "client": client}[role](json.loads(options), *rest))
