"""libsoup 3, GNOME's HTTP library, from Python."""

import asyncio
import sys

import gi

gi.require_version("Soup", "3.0")
from gi.repository import GLib, Soup

from cases import REASON, Closed, main


def send(connection, message):
    kind = (
        Soup.WebsocketDataType.TEXT if isinstance(message, str) else Soup.WebsocketDataType.BINARY
    )
    data = message.encode() if isinstance(message, str) else message
    connection.send_message(kind, GLib.Bytes.new(data))


def received(kind, data):
    return data.get_data().decode() if kind == Soup.WebsocketDataType.TEXT else data.get_data()


class Client:
    """GLib's main loop runs while asyncio waits."""

    @classmethod
    async def open(cls, url, subprotocols):
        self = cls()
        self.inbox, self.opened, self.ponged = asyncio.Queue(), asyncio.Future(), asyncio.Future()
        self.session = Soup.Session()
        self.session.add_feature_by_type(Soup.WebsocketExtensionManager)
        message = Soup.Message.new("GET", url)
        connect = self.session.websocket_connect_async
        connect(
            message,
            None,
            subprotocols or None,
            GLib.PRIORITY_DEFAULT,
            None,
            self.connected,
            message,
        )
        self.events = asyncio.ensure_future(handle_events())
        self.socket = await self.opened
        self.subprotocol = self.socket.get_protocol()
        return self

    def connected(self, session, result, message):
        try:
            socket = session.websocket_connect_finish(result)
        except GLib.Error as why:
            self.opened.set_exception(ConnectionError(f"{why.message} {int(message.get_status())}"))
            return
        socket.set_max_incoming_payload_size(2 << 20)
        socket.connect("message", lambda _, kind, data: self.inbox.put_nowait(received(kind, data)))
        socket.connect("pong", lambda *_: self.ponged.set_result(None))
        socket.connect("closed", self.closed)
        self.opened.set_result(socket)

    def closed(self, socket):
        self.inbox.put_nowait(Closed(socket.get_close_code(), socket.get_close_data() or ""))

    async def send(self, message):
        send(self.socket, message)

    async def recv(self):
        message = await self.inbox.get()
        if isinstance(message, Closed):
            raise message
        return message

    async def close(self, code, reason):
        self.socket.close(code, reason)
        await self.inbox.get()


async def handle_events():
    context = GLib.MainContext.default()
    while True:
        while context.iteration(False):
            pass
        await asyncio.sleep(0.001)


def opened(server, message, path, connection):
    connection.set_max_incoming_payload_size(2 << 20)

    def text(connection, kind, data):
        message = received(kind, data)
        if message == "close":
            connection.close(3002, REASON)
        else:
            send(connection, message)

    def closed(connection):
        print("closed", connection.get_close_code(), connection.get_close_data() or "", flush=True)
        connections.discard(connection)

    connections.add(connection)
    connection.connect("message", text)
    connection.connect("closed", closed)


connections = set()


def serve():
    server = Soup.Server()
    server.add_handler("/refuse", lambda server, message, *_: message.set_status(403, None))
    server.add_websocket_handler("/", None, ["chat.v2"], opened)
    server.listen_local(0, Soup.ServerListenOptions.IPV4_ONLY)
    print("listening on", server.get_uris()[0].get_port(), flush=True)
    GLib.MainLoop().run()


serve() if sys.argv[1] == "server" else main(Client)
