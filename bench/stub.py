"""A stand-in provider as light as it can be: every call succeeds, a fixed time after it has come.

A program of its own, so that its work is nobody else's. It prints its URL, and serves until it is ended.
"""

import argparse
import asyncio
import re
from typing import cast

_BODY = b'{"message":"success"}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
_END_OF_HEAD = b"\r\n\r\n"
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Calls(asyncio.Protocol):
    """One connection, kept open; answers each request after `latency_seconds`.

    asyncio turns Nagle's algorithm off: it would hold small answers back for up to 40 ms.
    """

    def __init__(self, latency_seconds: float) -> None:
        self._latency_seconds = latency_seconds
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it for the answers."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole by now."""
        self._received += data
        while size := whole_request(self._received):
            self._received = self._received[size:]
            if self._latency_seconds:
                asyncio.get_running_loop().call_later(self._latency_seconds, self._answer)
            else:
                self._answer()

    def _answer(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_ANSWER)


def whole_request(received: bytes) -> int:
    """Return the bytes that the first request takes, head and body; 0 while it is not whole."""
    head_end = received.find(_END_OF_HEAD)
    if head_end < 0:
        return 0
    length = _CONTENT_LENGTH.search(received, 0, head_end)
    size = head_end + len(_END_OF_HEAD) + (int(length[1]) if length else 0)
    return size if len(received) >= size else 0


async def serve(latency_seconds: float) -> None:
    """Listen on a free port of the loopback interface until cancelled."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Calls(latency_seconds), "127.0.0.1", 0, backlog=256)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main() -> None:
    """Read the latency (seconds) and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("latency", type=float, help="seconds between a call and its answer")
    asyncio.run(serve(parser.parse_args().latency))


if __name__ == "__main__":
    main()
