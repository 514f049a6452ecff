"""The request of an opening handshake, with any header fields, from any address of this machine."""

from __future__ import annotations

import http.client
from contextlib import contextmanager

from processes import Failed

# The time limit in seconds of one response.
RESPONSE = 30

FIELDS = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@contextmanager
def opened(port: int, target: str, fields: dict, source: str = "127.0.0.1"):
    """A connection from the address `source`, open as long as the block runs, which gets the status
    of the response."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=RESPONSE, source_address=(source, 0)
    )
    try:
        connection.request("GET", target, headers={**FIELDS, **fields})
        yield connection.getresponse().status
    except (OSError, http.client.HTTPException) as why:
        raise Failed(f"{target} with {fields}: {why!r}") from why
    finally:
        connection.close()
