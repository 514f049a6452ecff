"""The cases of a client, for peers in Python.

A peer has a class with `open(url, subprotocols)`, `send`, `recv`, `close` and `subprotocol`; with
`ping` and `fragments` if the library can. `recv` raises `Closed` at the end. A case whose method is
missing, or that is in `cannot`, is not in its API.
"""

import asyncio
import sys

REASON = "操作完成"
JSON = '{"type":"chat","text":"hello again"}' * 200


class Closed(Exception):
    """The connection has ended, with this code and reason."""


async def echo(connect, *messages):
    socket = await connect()
    for message in messages:
        await socket.send(message)
        answer = await socket.recv()
        assert answer == message, f"received {answer[:60]!r}"
    await socket.close(1000, "")


async def burst(connect):
    socket = await connect()
    for number in range(1000):
        await socket.send(f"message {number}")
    for number in range(1000):
        answer = await socket.recv()
        assert answer == f"message {number}", f"received {answer!r}"
    await socket.close(1000, "")


async def ask(connect, word, expected):
    socket = await connect()
    await socket.send(word)
    answer = await socket.recv()
    assert answer == expected, f"received {answer!r}"
    await socket.close(1000, "")


async def client_pings(connect):
    socket = await connect()
    await socket.ping()
    await socket.close(1000, "")


async def client_fragments(connect):
    socket = await connect()
    await socket.fragments(["κόσ", "με ", REASON])
    answer = await socket.recv()
    assert answer == "κόσμε " + REASON, f"received {answer!r}"
    await socket.close(1000, "")


async def client_closes(connect):
    socket = await connect()
    await socket.close(3001, REASON)


async def server_closes(connect):
    socket = await connect()
    await socket.send("close")
    try:
        answer = await socket.recv()
    except Closed as closed:
        assert closed.args == (3002, REASON), f"closed with {closed.args}"
    else:
        raise AssertionError(f"received {answer!r}")


async def refusal(connect):
    try:
        await connect("refuse")
    except Exception as why:
        assert "403" in f"{why!r} {vars(why)}", f"it says {why!r}"
    else:
        raise AssertionError("accepted")


async def subprotocol(connect):
    socket = await connect(subprotocols=["chat.v1", "chat.v2"])
    assert socket.subprotocol == "chat.v2", f"negotiated {socket.subprotocol!r}"
    await socket.close(1000, "")


CASES = {
    "text": lambda connect: echo(connect, "hello"),
    "unicode": lambda connect: echo(connect, "κόσμε 🙂 操作完成"),
    "empty text": lambda connect: echo(connect, ""),
    "empty binary": lambda connect: echo(connect, b""),
    "binary": lambda connect: echo(connect, bytes(range(256)) * 4096),
    "json": lambda connect: echo(connect, JSON),
    "burst": burst,
    "client pings": client_pings,
    "server pings": lambda connect: ask(connect, "ping", "pong"),
    "client fragments": client_fragments,
    "server fragments": lambda connect: ask(connect, "fragments", "one two three"),
    "client closes": client_closes,
    "server closes": server_closes,
    "refusal": refusal,
    "subprotocol": subprotocol,
}


async def run(client, url):
    async def connect(path="", subprotocols=()):
        return await client.open(url + path, list(subprotocols))

    needs = {"client pings": "ping", "client fragments": "fragments"}
    for name, case in CASES.items():
        if (
            name in needs
            and not hasattr(client, needs[name])
            or name in getattr(client, "cannot", ())
        ):
            print(f"no {name}: not in its API", flush=True)
            continue
        try:
            await asyncio.wait_for(case(connect), 20)
            print("ok", name, flush=True)
        except Exception as why:
            print(f"no {name}: {why!r}", flush=True)


def main(client, server=None):
    """`client URL`, or `server`, which prints `listening on PORT`."""
    if sys.argv[1] == "client":
        asyncio.run(run(client, sys.argv[2]))
    else:
        asyncio.run(server())
