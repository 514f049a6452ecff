"""The peers: how each is installed and started, its roles, and what it does differently there.

A difference has a case, a reason, and the outcome that is expected. One that does not occur is a
failure, as is one that is not listed, or has another outcome. `apt:` installs the version of the
distribution; the differences are those of Debian 12.
"""

from __future__ import annotations

import sys

from harness import Difference
from install import NETTY
from peer import PEERS, Peer, Program, c, cpp, debians_python, go, java, node, python, rust

NO_DEFLATE = {"compression": Difference("it has none", "not negotiated")}

# Of clients: what a program prints for a case that its library has no call for.
ABSENT = "not in its API"
NO_PING = {"client pings": Difference("its API can't send pings", ABSENT)}
NO_FRAGMENTS = {"client fragments": Difference("its API can't send fragments", ABSENT)}
NEITHER = {**NO_PING, **NO_FRAGMENTS}
OFFERS_NO_SUBPROTOCOL = {"subprotocol": Difference("its API has none", ABSENT)}


def no_status(says: str) -> dict:
    return {"refusal": Difference("it reports a refusal without the status", says)}


# Of servers: ours is the client.
SENDS_NO_PING = {
    "server pings": Difference("its API can't send pings", r"received Text\(4 bytes\)")
}
SENDS_NO_FRAGMENTS = {
    "server fragments": Difference("its API can't send fragments", r"received Text\(9 bytes\)")
}
SENDS_NEITHER = {**SENDS_NO_PING, **SENDS_NO_FRAGMENTS}
NO_SUBPROTOCOL = {"subprotocol": Difference("its API has none", "negotiated None")}
NO_REFUSAL = {"refusal": Difference("its API can't refuse", "accepted")}

JDK = "apt:default-jdk-headless"
OKHTTP = "/usr/share/java/okhttp.jar:/usr/share/java/okio.jar"
TOMCAT = "/usr/share/java/*"


def npm(name: str, file: str) -> Program:
    """A runtime that npm installs."""
    return Program((f"{{work}}/node_modules/.bin/{name}", PEERS / file))


TABLE = [
    # JavaScript
    Peer("ws", node("ws.js"), ("npm:ws@8.23.0",), {}, {}, quick=True),
    Peer(
        "websocket-node",
        node("websocket_node.js"),
        ("npm:websocket@1.0.35",),
        {**NO_FRAGMENTS, **NO_DEFLATE},
        {**SENDS_NO_FRAGMENTS, **NO_DEFLATE},
        quick=True,
    ),
    Peer(
        "faye-websocket",
        node("faye.js"),
        ("npm:faye-websocket@0.11.4", "npm:permessage-deflate@0.1.7"),
        NO_FRAGMENTS,
        SENDS_NO_FRAGMENTS,
        quick=True,
    ),
    Peer(
        "undici",
        npm("node", "undici.js"),
        ("npm:node@26.10.0",),
        {
            **NEITHER,
            "compression": Difference(
                "it inflates, but does not compress what it sends",
                "messages of one direction only are compressed",
            ),
        },
        quick=True,
    ),
    Peer("bun", npm("bun", "bun.js"), ("npm:bun@1.4.5",), NEITHER, SENDS_NO_FRAGMENTS, quick=True),
    Peer(
        "deno",
        Program(("{work}/node_modules/.bin/deno", "run", "--allow-all", PEERS / "deno.js")),
        ("npm:deno@2.9.6",),
        {
            **NEITHER,
            **NO_DEFLATE,
            "refusal": Difference("its close event has the code 0, not 1006", "1 errors, 0"),
        },
        {**SENDS_NEITHER, **NO_DEFLATE},
        quick=True,
    ),
    # Python
    Peer("websockets", python("py_websockets.py"), ("pip:websockets==17.4",), {}, {}, quick=True),
    Peer(
        "aiohttp",
        python("py_aiohttp.py"),
        ("pip:aiohttp==3.14.5",),
        NEITHER,
        SENDS_NO_FRAGMENTS,
        quick=True,
    ),
    Peer(
        "tornado",
        python("py_tornado.py"),
        ("pip:tornado==6.6.1",),
        NEITHER,
        SENDS_NO_FRAGMENTS,
        quick=True,
    ),
    Peer("autobahn", python("py_autobahn.py"), ("pip:autobahn==26.10.2",), {}, {}, quick=True),
    Peer(
        "httpx-ws",
        python("py_httpx_ws.py"),
        ("pip:httpx-ws==0.9.0", "pip:uvicorn==0.54.0", "pip:wsproto==1.3.2"),
        NO_DEFLATE,
        SENDS_NEITHER,
        quick=True,
    ),
    Peer(
        "picows",
        python("py_picows.py"),
        ("pip:picows==2.3.1",),
        NO_DEFLATE,
        NO_DEFLATE,
        quick=True,
    ),
    Peer(
        "websocket-client",
        python("py_websocket_client.py"),
        ("pip:websocket-client==1.9.2",),
        NO_DEFLATE,
        quick=True,
    ),
    Peer(
        "pycurl",
        python("py_pycurl.py"),
        ("pip:pycurl==7.49.0",),
        {
            **NO_DEFLATE,
            "server pings": Difference(
                "libcurl keeps its pong until it sends the next message", "TimeoutError.*"
            ),
        },
        quick=True,
    ),
    # Go, Perl
    Peer(
        "gorilla",
        go("gorilla"),
        ("apt:golang-github-gorilla-websocket-dev", "apt:golang-go"),
        NO_FRAGMENTS,
        SENDS_NO_FRAGMENTS,
        quick=True,
    ),
    Peer(
        "nhooyr",
        go("nhooyr"),
        ("apt:golang-nhooyr-websocket-dev", "apt:golang-go"),
        {},
        {},
        quick=True,
    ),
    Peer(
        "mojolicious",
        Program(("perl", PEERS / "mojolicious.pl")),
        ("apt:libmojolicious-perl",),
        {},
        {},
        quick=True,
    ),
    # Java
    Peer("jdk", java("Jdk"), (JDK,), NO_DEFLATE, quick=True),
    Peer("netty", java("Netty", NETTY), ("apt:libnetty-java", JDK), {}, {}, quick=True),
    Peer(
        "okhttp",
        java("OkHttp", OKHTTP),
        ("apt:libokhttp-java", JDK),
        {**NEITHER, **NO_DEFLATE},
    ),
    Peer("tomcat", java("Tomcat", TOMCAT), ("apt:libtomcat10-java", JDK), {}, {}),
    # C and C++, and what is built on them
    Peer(
        "libwebsockets",
        c("lws", "-lwebsockets"),
        ("apt:libwebsockets-dev", "apt:gcc"),
        {
            "compression": Difference(
                "its client loops on frames that are not compressed", "not negotiated"
            ),
            **no_status(".*ws upgrade response not 101"),
        },
        {},
    ),
    Peer(
        "beast",
        cpp("beast", "-lpthread"),
        ("apt:libboost1.74-dev", "apt:g++"),
        no_status(r"The WebSocket handshake was declined by the remote peer \d*"),
        {},
    ),
    Peer(
        "poco",
        cpp("poco", "-lPocoNet", "-lPocoFoundation"),
        ("apt:libpoco-dev", "apt:g++"),
        NO_DEFLATE,
        NO_DEFLATE,
    ),
    Peer(
        "qt",
        debians_python("qt.py"),
        ("apt:python3-pyqt5.qtwebsockets",),
        {**NO_FRAGMENTS, **NO_DEFLATE, **OFFERS_NO_SUBPROTOCOL},
        {**SENDS_NO_FRAGMENTS, **NO_DEFLATE, **NO_REFUSAL, **NO_SUBPROTOCOL},
    ),
    Peer(
        "libsoup",
        debians_python("soup.py"),
        ("apt:gir1.2-soup-3.0", "apt:python3-gi"),
        NEITHER,
        SENDS_NEITHER,
    ),
    # Ruby, Lua
    Peer(
        "ruby-faye",
        Program(("ruby", PEERS / "faye.rb")),
        ("apt:ruby-faye-websocket", "apt:thin"),
        {**NO_FRAGMENTS, **NO_DEFLATE},
        {**SENDS_NO_FRAGMENTS, **NO_DEFLATE},
    ),
    Peer(
        "em-websocket",
        Program(("ruby", PEERS / "em.rb")),
        ("apt:ruby-em-websocket",),
        server={**SENDS_NO_FRAGMENTS, **NO_DEFLATE, **NO_REFUSAL, **NO_SUBPROTOCOL},
    ),
    Peer(
        "lua-http",
        Program(("lua5.2", PEERS / "lua_http.lua")),
        ("apt:lua-http", "apt:lua5.2"),
        {**NEITHER, **NO_DEFLATE, **no_status(".*it says status code not 101")},
        {**SENDS_NEITHER, **NO_DEFLATE},
    ),
    # Rust
    Peer("tungstenite", rust("tungstenite"), (), NO_DEFLATE, NO_DEFLATE, pinned="0.30.0"),
    Peer(
        "websocat",
        Program((sys.executable, PEERS / "websocat.py", "{work}/cargo/bin/websocat")),
        ("cargo:websocat@1.14.1",),
        {**NO_FRAGMENTS, **NO_DEFLATE},
        {
            **SENDS_NEITHER,
            **NO_DEFLATE,
            "refusal": Difference(
                "it refuses paths with 400 only", "the server answered 400 Bad Request .*"
            ),
            "subprotocol": Difference(
                "it selects the first that is offered", r'negotiated Some\("chat.v1"\)'
            ),
        },
    ),
    Peer("fastwebsockets", rust("fastwebsockets"), (), NO_DEFLATE, NO_DEFLATE, pinned="0.10.0"),
    Peer(
        "axum",
        rust("axum"),
        server={**SENDS_NO_FRAGMENTS, **NO_DEFLATE},
        pinned="0.8.9",
    ),
]
