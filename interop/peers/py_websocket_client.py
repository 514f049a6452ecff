"""websocket-client, which blocks."""

from websocket import ABNF, create_connection

from cases import Closed, main


class Client:
    @classmethod
    async def open(cls, url, subprotocols):
        self = cls()
        self.socket = create_connection(url, timeout=10, subprotocols=subprotocols or None)
        self.subprotocol = self.socket.getsubprotocol()
        return self

    async def send(self, message):
        (self.socket.send if isinstance(message, str) else self.socket.send_binary)(message)

    async def recv(self):
        opcode, data = self.socket.recv_data()
        if opcode == ABNF.OPCODE_CLOSE:
            raise Closed(int.from_bytes(data[:2], "big"), data[2:].decode())
        return data.decode() if opcode == ABNF.OPCODE_TEXT else data

    async def ping(self):
        self.socket.ping("hello")
        opcode, data = self.socket.recv_data(control_frame=True)
        assert (opcode, data) == (ABNF.OPCODE_PONG, b"hello"), (opcode, data)

    async def fragments(self, chunks):
        for number, chunk in enumerate(chunks):
            opcode = ABNF.OPCODE_CONT if number else ABNF.OPCODE_TEXT
            self.socket.send_frame(
                ABNF.create_frame(chunk.encode(), opcode, fin=int(number == len(chunks) - 1))
            )

    async def close(self, code, reason):
        self.socket.close(code, reason.encode())


main(Client)
