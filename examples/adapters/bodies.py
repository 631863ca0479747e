"""Reads the body of a webhook, whole or in chunks: proxies and tunnels in front of us decide which."""

import string
from collections.abc import Iterator
from email.message import Message
from http import HTTPStatus
from io import BufferedIOBase

MAX_BODY_BYTES = 1024 * 1024
_MAX_LINE_BYTES = 1024
_MAX_TRAILERS = 20
#: The largest size that is worth reading has fewer digits.
_MAX_SIZE_DIGITS = 16


class Refused(Exception):
    """The body cannot be taken; the status says to the sender what is wrong with it."""

    def __init__(self, status: HTTPStatus, words: str) -> None:
        super().__init__(words)
        self.status = status


def check_framing(headers: Message) -> None:
    """Raise Refused when the headers alone say that the body cannot be read."""
    _framing(headers)


def read_body(headers: Message, stream: BufferedIOBase) -> bytes:
    """Read the body to its end. Raises Refused; then nothing more can be read from this connection."""
    length = _framing(headers)
    try:
        return _exactly(stream, length) if length is not None else b"".join(_chunks(stream))
    except TimeoutError:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "the body did not come in time") from None


def _framing(headers: Message) -> int | None:
    """The body's length; None when it comes in chunks. Said in two ways it could be read in two ways: no."""
    codings, lengths = headers.get_all("transfer-encoding", []), headers.get_all("content-length", [])
    if len(codings) + len(lengths) > 1:
        raise Refused(HTTPStatus.BAD_REQUEST, "its length is said more than once")
    if codings and codings[0].strip().lower() != "chunked":
        raise Refused(HTTPStatus.NOT_IMPLEMENTED, "of the transfer encodings only chunked is understood")
    if codings:
        return None
    if not lengths:
        raise Refused(HTTPStatus.LENGTH_REQUIRED, "it has neither a Content-Length nor chunks")
    length = lengths[0].strip()
    if not (length.isascii() and length.isdecimal()):
        raise Refused(HTTPStatus.BAD_REQUEST, "its Content-Length is no number")
    if len(length) > _MAX_SIZE_DIGITS or int(length) > MAX_BODY_BYTES:
        raise _too_large()
    return int(length)


def _chunks(stream: BufferedIOBase) -> Iterator[bytes]:
    left = MAX_BODY_BYTES
    # Many tiny chunks with long extensions are much to read for a small body.
    lines_left = 2 * MAX_BODY_BYTES
    while True:
        line = _line(stream)
        lines_left -= len(line)
        size = _size(line)
        if size > left or lines_left < 0:
            raise _too_large()
        if size == 0:
            break
        left -= size
        yield _exactly(stream, size)
        if _exactly(stream, 2) != b"\r\n":
            raise Refused(HTTPStatus.BAD_REQUEST, "a chunk is longer than it says")
    for _ in range(_MAX_TRAILERS):
        # Trailers say nothing that a signature covers.
        if not _line(stream):
            return
    raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "it has too many trailers")


def _size(line: bytes) -> int:
    """What a chunk's first line says; extensions after a semicolon mean nothing to us."""
    digits = line.partition(b";")[0].strip(b" \t").decode("latin-1")
    # Not by `int` alone: it takes signs, underscores and 0x, and another reader may not.
    if not digits or len(digits) > _MAX_SIZE_DIGITS or not set(digits) <= set(string.hexdigits):
        raise Refused(HTTPStatus.BAD_REQUEST, "a chunk does not say its size")
    return int(digits, 16)


def _line(stream: BufferedIOBase) -> bytes:
    line = stream.readline(_MAX_LINE_BYTES)
    if not line.endswith(b"\r\n"):
        raise _cut_off() if len(line) < _MAX_LINE_BYTES else Refused(HTTPStatus.BAD_REQUEST, "a line is too long")
    return line[:-2]


def _exactly(stream: BufferedIOBase, size: int) -> bytes:
    read = stream.read(size)
    if len(read) < size:
        raise _cut_off()
    return read


def _cut_off() -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, "it ends in the middle")


def _too_large() -> Refused:
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"its body is larger than {MAX_BODY_BYTES} bytes")
