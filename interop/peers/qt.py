"""Qt's QWebSocket and QWebSocketServer, from Python."""

import asyncio
import sys

from PyQt5.QtCore import QByteArray, QCoreApplication, QTimer, QUrl
from PyQt5.QtNetwork import QHostAddress
from PyQt5.QtWebSockets import QWebSocket, QWebSocketProtocol, QWebSocketServer

from cases import REASON, Closed, main

app = QCoreApplication(sys.argv)


class Client:
    """Callbacks as a queue; Qt's events are handled while asyncio waits."""

    cannot = ["subprotocol"]

    @classmethod
    async def open(cls, url, subprotocols):
        self = cls()
        self.inbox, self.opened, self.ponged = asyncio.Queue(), asyncio.Future(), asyncio.Future()
        self.socket = QWebSocket("", QWebSocketProtocol.Version13)
        self.socket.textMessageReceived.connect(self.inbox.put_nowait)
        self.socket.binaryMessageReceived.connect(lambda data: self.inbox.put_nowait(bytes(data)))
        self.socket.pong.connect(lambda *_: self.ponged.set_result(None))
        self.socket.connected.connect(lambda: self.opened.set_result(None))
        self.socket.disconnected.connect(self.disconnected)
        self.socket.error.connect(self.failed)
        self.socket.open(QUrl(url))
        self.events = asyncio.ensure_future(handle_events())
        await self.opened
        return self

    def disconnected(self):
        self.inbox.put_nowait(Closed(int(self.socket.closeCode()), self.socket.closeReason()))

    def failed(self, *_):
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(self.socket.errorString()))

    async def send(self, message):
        if isinstance(message, str):
            self.socket.sendTextMessage(message)
        else:
            self.socket.sendBinaryMessage(QByteArray(message))

    async def recv(self):
        message = await self.inbox.get()
        if isinstance(message, Closed):
            raise message
        return message

    async def ping(self):
        self.socket.ping(b"hello")
        await self.ponged

    async def close(self, code, reason):
        self.socket.close(code, reason)
        await self.inbox.get()


async def handle_events():
    while True:
        app.processEvents()
        await asyncio.sleep(0.001)


def connected(server, sockets):
    socket = server.nextPendingConnection()
    sockets.add(socket)

    def text(message):
        if message == "ping":
            socket.ping(b"hello")
        elif message == "close":
            socket.close(3002, REASON)
        else:
            socket.sendTextMessage(message)

    def disconnected():
        print("closed", int(socket.closeCode()), socket.closeReason(), flush=True)
        sockets.discard(socket)

    socket.textMessageReceived.connect(text)
    socket.binaryMessageReceived.connect(socket.sendBinaryMessage)
    socket.pong.connect(lambda *_: socket.sendTextMessage("pong"))
    socket.disconnected.connect(disconnected)


def serve():
    server, sockets = QWebSocketServer("echo", QWebSocketServer.NonSecureMode), set()
    server.newConnection.connect(lambda: connected(server, sockets))
    server.listen(QHostAddress("127.0.0.1"), 0)
    print("listening on", server.serverPort(), flush=True)
    # Python handles signals only while it runs.
    timer = QTimer()
    timer.timeout.connect(lambda: None)
    timer.start(200)
    app.exec()


serve() if sys.argv[1] == "server" else main(Client)
