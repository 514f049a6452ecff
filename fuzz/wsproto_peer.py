"""Runs wsproto for `fuzz_targets/differential_wsproto.rs`: its events and its output.

Reads cases from standard input, and writes an answer to each. A case and an answer are a length in 4 bytes and that many bytes of
items; an item is a tag, a length in 4 bytes, and that many bytes.

The first item of a case is a new connection, `S` or `C` for its role, with the negotiated extension, or empty. Then `r` are bytes to
receive, `t` and `b` messages to send, `T` and `B` fragments but the last, `i` a ping, `o` a pong, and `x` a Close frame, of a code in
two bytes and a reason.

In an answer, `t`, `b`, `i`, `o` and `x` are events; `v` is a protocol error, with its close code; `w` the output; and `e` an exception,
with its traceback.
"""

import sys
import traceback

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate

ROLES = {b"S": ConnectionType.SERVER, b"C": ConnectionType.CLIENT}


def items(case: bytes):
    at = 0
    while at < len(case):
        end = at + 5 + int.from_bytes(case[at + 1 : at + 5], "big")
        yield case[at : at + 1], case[at + 5 : end]
        at = end


def item(tag: bytes, content: bytes) -> bytes:
    return tag + len(content).to_bytes(4, "big") + content


def opened(role: bytes, extension: bytes) -> Connection:
    extensions = []
    if extension:
        extensions.append(PerMessageDeflate())
        extensions[0].finalize(extension.decode())
    return Connection(ROLES[role], extensions)


def sent(tag: bytes, content: bytes):
    if tag in b"tT":
        return TextMessage(content.decode(), message_finished=tag == b"t")
    if tag in b"bB":
        return BytesMessage(content, message_finished=tag == b"b")
    if tag == b"x":
        return CloseConnection(int.from_bytes(content[:2], "big"), content[2:].decode())
    return {b"i": Ping, b"o": Pong}[tag](content)


def events(connection: Connection, unfinished: list):
    """Yields the events as items; the pieces of a message are joined."""
    for event in connection.events():
        if isinstance(event, (TextMessage, BytesMessage)):
            unfinished.append(event.data)
            if event.message_finished:
                text = isinstance(event, TextMessage)
                message = "".join(unfinished).encode() if text else b"".join(unfinished)
                unfinished.clear()
                yield item(b"t" if text else b"b", message)
        elif isinstance(event, CloseConnection):
            # A protocol error is reported as CloseConnection too, but in another state.
            code = int(event.code).to_bytes(2, "big")
            closing = connection.state is ConnectionState.REMOTE_CLOSING
            yield item(b"x", code + event.reason.encode()) if closing else item(b"v", code)
            return
        else:
            yield item(b"i" if isinstance(event, Ping) else b"o", bytes(event.payload))


def answer(case: bytes) -> bytes:
    rest = items(case)
    connection = opened(*next(rest))
    answers, written, unfinished = [], b"", []
    for tag, content in rest:
        if tag != b"r":
            written += connection.send(sent(tag, content))
            continue
        connection.receive_data(content)
        answers.extend(events(connection, unfinished))
        if answers and answers[-1][:1] in b"xv":
            break
    if written:
        answers.append(item(b"w", written))
    return b"".join(answers)


def main() -> None:
    cases, answers = sys.stdin.buffer, sys.stdout.buffer
    while length := cases.read(4):
        case = cases.read(int.from_bytes(length, "big"))
        try:
            made = answer(case)
        except Exception:
            made = item(b"e", traceback.format_exc().encode())
        answers.write(len(made).to_bytes(4, "big") + made)
        answers.flush()


if __name__ == "__main__":
    main()
