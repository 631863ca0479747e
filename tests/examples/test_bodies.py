"""Bodies of webhooks as proxies and tunnels frame them, over real sockets; no broker is asked."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import ThreadingHTTPServer
from typing import Any, cast

import pytest

from examples.adapters import receiver
from examples.adapters.bodies import MAX_BODY_BYTES
from examples.adapters.translation import NotForUs

LINE = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = LINE + b"Transfer-Encoding: chunked\r\n\r\n"
SECONDS = 60


class Vendor:
    """Takes everything for genuine, and keeps what was said."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []

    def is_genuine(self, _headers: Message, body: bytes) -> bool:
        """Say yes."""
        self.bodies.append(body)
        return True

    def translate(self, _webhook: object) -> NotForUs:
        """Ask for nothing."""
        return NotForUs("nothing is asked for")


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@contextmanager
def listening(vendor: Vendor) -> Iterator[int]:
    """Run a receiver, whose log nobody wants to read; yield its port."""
    webhook = receiver.handler(cast("Any", vendor), cast("Any", None))
    webhook.log_message = lambda *_: None  # type: ignore[method-assign]
    with ThreadingHTTPServer(("127.0.0.1", 0), webhook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def port(vendor: Vendor) -> Iterator[int]:
    """Where a receiver listens."""
    with listening(vendor) as port:
        yield port


def answered(port: int, *parts: bytes, ends: bool = False) -> bytes:
    """Send these bytes, hang up in the middle if asked to, and read everything that comes back."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as line, line.makefile("rb") as answer:
        for part in parts:
            line.sendall(part)
        if ends:
            line.shutdown(socket.SHUT_WR)
        return answer.read()


@pytest.mark.parametrize(
    "request_bytes",
    [
        LINE + b"Content-Length: 8\r\n\r\n" + b'{"a": 1}',
        CHUNKED + b'8\r\n{"a": 1}\r\n0\r\n\r\n',
        CHUNKED + b'3\r\n{"a\r\n5\r\n": 1}\r\n0\r\n\r\n',
        CHUNKED + b'08;name=value;other="x;y"\r\n{"a": 1}\r\n000;last\r\n\r\n',
        CHUNKED + b'8\r\n{"a": 1}\r\n0\r\nDigest: x\r\nOther: y\r\n\r\n',
        LINE + b"transfer-encoding: Chunked\r\n\r\n" + b'8 \r\n{"a": 1}\r\n0\r\n\r\n',
    ],
)
def test_a_body_is_read_however_it_is_framed(port: int, vendor: Vendor, request_bytes: bytes) -> None:
    assert answered(port, request_bytes).split()[1] == b"200"
    assert vendor.bodies == [b'{"a": 1}']


def test_a_body_as_large_as_may_be_is_read_in_chunks(port: int, vendor: Vendor) -> None:
    chunk = b"%x\r\n" % 4096 + b" " * 4096 + b"\r\n"

    answer = answered(port, CHUNKED, chunk * (MAX_BODY_BYTES // 4096), b"0\r\n\r\n")

    # So many spaces are no JSON, but they have all been read.
    assert answer.split()[1] == b"400"
    assert [len(body) for body in vendor.bodies] == [MAX_BODY_BYTES]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (LINE + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (LINE + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"400"),
        (LINE + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (LINE + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", b"501"),
        (LINE + b"\r\n", b"411"),
        (LINE + b"Content-Length: +2\r\n\r\n{}", b"400"),
        (LINE + b"Content-Length: \xb2\r\n\r\n{}", b"400"),
        (LINE + b"Content-Length: 1048577\r\n\r\n", b"413"),
        (LINE + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", b"413"),
        (CHUNKED + b"100001\r\n", b"413"),
        (CHUNKED + b"fffffffffffffff\r\n", b"413"),
        (CHUNKED + b"2;" + b"x" * 2000 + b"\r\n{}\r\n0\r\n\r\n", b"400"),
        (CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n", b"400"),
        (CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n", b"400"),
        (CHUNKED + b"1_0\r\n{}\r\n0\r\n\r\n", b"400"),
        (CHUNKED + b"\r\n{}\r\n0\r\n\r\n", b"400"),
        (CHUNKED + b"2\n{}\r\n0\r\n\r\n", b"400"),
        (CHUNKED + b"1\r\n{}\r\n0\r\n\r\n", b"400"),
        (CHUNKED + b"0\r\n" + b"a: b\r\n" * 30, b"431"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_the_reason(
    port: int, vendor: Vendor, request_bytes: bytes, status: bytes
) -> None:
    assert answered(port, request_bytes, ends=True).split()[1] == status
    assert vendor.bodies == []


@pytest.mark.parametrize(
    "beginning", [LINE + b"Content-Length: 9\r\n\r\n{}", CHUNKED + b"9\r\n{}", CHUNKED + b"2\r\n{}\r\n"]
)
def test_a_sender_that_stops_in_the_middle_has_sent_nothing(port: int, vendor: Vendor, beginning: bytes) -> None:
    assert answered(port, beginning, ends=True).split()[1] == b"400"
    assert vendor.bodies == []


@pytest.mark.parametrize("beginning", [LINE + b"Content-Length: 9\r\n\r\n{}", CHUNKED + b"9\r\n{}"])
def test_a_sender_that_falls_silent_is_answered_so(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr(receiver, "_READ_SECONDS", 0.2)
    with listening(vendor) as port:
        assert answered(port, beginning).split()[1] == b"408"
    assert vendor.bodies == []


def test_many_tiny_chunks_with_long_extensions_are_too_much_to_read(port: int) -> None:
    chunk = b"1;" + b"x" * 900 + b"\r\n \r\n"
    with socket.create_connection(("127.0.0.1", port), SECONDS) as line:
        line.sendall(CHUNKED)
        # It hangs up in one way or another; else this would go on to the end of the body.
        with pytest.raises(OSError):  # noqa: PT011, PT012 - see above
            for _ in range(MAX_BODY_BYTES):
                line.sendall(chunk)


def test_a_sender_that_asks_first_is_asked_to_go_on(port: int, vendor: Vendor) -> None:
    asked = LINE + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), SECONDS) as line, line.makefile("rb") as answer:
        line.sendall(asked)
        assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
        line.sendall(b"{}")
        assert b"200 OK" in answer.read()
    assert vendor.bodies == [b"{}"]


def test_a_sender_that_asks_first_need_not_send_what_is_too_large(port: int) -> None:
    answer = answered(port, LINE + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")

    assert answer.split()[1] == b"413"
