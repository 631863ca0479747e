"""HTTP answers, read strictly: on past interim answers, with an end that is certain, and unpacked within a bound.

http.client takes every interim answer but 100 for the answer, believes the first of two lengths, and keeps a connection
of which nobody knows where the answer on it ends. What comes then is read as the answer to the next request. And some
middlebox packs bodies though nobody asked for it: they are known by their first bytes.
"""

import io
import re
import zlib
from http.client import HTTPException, HTTPMessage, HTTPResponse, LineTooLong, RemoteDisconnected, parse_headers
from typing import Any, BinaryIO

from worker.received.marks import UTF8

#: A server that says so often that it is still there never comes to an end.
MOST_INTERIM = 16

#: Possessive throughout: it never goes back.
_STATUS_LINE = re.compile(rb"(HTTP/1\.[01])[ \t]++([1-9][0-9]{2})(?:[ \t]++([^\r\n]*+))?\r?\n")
_HTTP_1_0, _HTTP_1_1 = 10, 11
_FIRST_FINAL, _SWITCHING_PROTOCOLS = 200, 101
#: They have no body, whatever their headers say (RFC 9110, section 15); some servers send one all the same.
BODILESS = frozenset({204, 205, 304})
_LONGEST_CHUNK_LINE_BYTES = 4096
_LENGTH = re.compile(r"[0-9]{1,18}")
#: A header that email's parser would read just so: a name, and a value on the same line. It never goes back: a line of
#: blanks would else hold the whole process up for a minute.
_PLAIN_HEADER = re.compile(rb"([!-9;-~]++):[ \t]*+([^\r\n]*+)\r?\n")
_END_OF_HEAD = (b"\r\n", b"\n", b"")
#: http.client's own limits.
_LONGEST_LINE_BYTES, _MOST_HEADERS = 65_536, 100
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]+[ \t]*(;.*)?\r?\n", re.DOTALL)

_BLANKS = " \t\r\n"

_GZIP = b"\x1f\x8b"
#: How zlib's streams begin, at each level of compression; no JSON and no XML does.
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_GZIP_WINDOW, _ZLIB_WINDOW, _RAW_WINDOW = 31, 15, -15
_KNOWN = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
#: Packed by one hop, and packed again by the next.
_MOST_LAYERS = 3
#: Each costs a copy of what is left: millions of empty ones would cost minutes.
_MOST_MEMBERS = 16
#: What nearly every body begins with that was not packed.
_USUAL = (b"{", b"[", b"<")
_BLANK_OR_MARK = b" \t\r\n" + UTF8


class AnswerBroken(HTTPException):
    """What came is no answer to read on from; `why` says so, without a word of it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class StrictAnswer(HTTPResponse):
    """An answer whose `will_close` is true unless it leaves the connection as it must be for the next request.

    Raises AnswerBroken, besides what http.client raises, when its end is uncertain.
    """

    _had_interim = False

    def begin(self) -> None:
        """Read the status and the headers of the final answer."""
        if self.headers is not None:
            return
        version, self.status, reason = self._read_status()
        self.code, self.reason = self.status, reason.strip()
        self.version = _HTTP_1_1 if version == "HTTP/1.1" else _HTTP_1_0
        self.headers = self.msg = read_headers(self.fp)
        self._frame(self._lines("transfer-encoding"), self._lines("content-length"))

    def _frame(self, coding_lines: list[str], length_lines: list[str]) -> None:
        """Find where the body ends, as RFC 9112, section 6.3 has it, and whether the connection ends with it."""
        codings, lengths = _values(coding_lines), set(_values(length_lines))
        chunked = bool(codings) and codings != ["identity"]
        if chunked and (codings[-1] != "chunked" or codings.count("chunked") > 1):
            raise AnswerBroken("nobody knows where it ends: its Transfer-Encoding does not end in one `chunked`")
        if not chunked and (len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths))):
            raise AnswerBroken("nobody knows where it ends: its Content-Length is no number, or two of them")
        bodiless = self.status in BODILESS
        self.chunked = chunked and not bodiless
        self.chunk_left = None
        self.length = 0 if bodiless else None if chunked or not lengths else int(min(lengths))
        if chunked or bodiless:
            # It counts for nothing then, and whoever reads it later would believe it.
            del self.headers["content-length"]
        self.will_close = (
            self._had_interim
            or bodiless
            or self.version != _HTTP_1_1
            or (self.length is None and not self.chunked)
            # Two hops may read a list differently, also one of which only one member is not empty.
            or len(coding_lines) + len(length_lines) > 1
            or any("," in line for line in (*coding_lines, *length_lines))
            or "close" in ",".join(self._lines("connection")).lower()
            # After a line that is no header, none was read.
            or bool(self.msg.defects)
        )

    def _lines(self, header: str) -> list[str]:
        return self.headers.get_all(header) or []

    def _read_status(self) -> Any:  # noqa: ANN401 - the library's own, of which its stubs know nothing
        # Called for an answer and, by the connection, for a proxy's answer to CONNECT.
        for _ in range(MOST_INTERIM + 1):
            # The library's reads `2_00` and `+200` as 200, as Python reads a number.
            line = self.fp.readline(_LONGEST_LINE_BYTES)
            if not line:
                raise RemoteDisconnected("the connection was closed without an answer")
            found = _STATUS_LINE.fullmatch(line)
            if found is None:
                raise AnswerBroken("its first line is no status line of HTTP/1")
            version, status, reason = found[1].decode(), int(found[2]), (found[3] or b"").decode("latin-1")
            if status >= _FIRST_FINAL:
                return version, status, reason
            if status == _SWITCHING_PROTOCOLS:
                raise AnswerBroken("it switches to a protocol that nobody asked for (101)")
            read_headers(self.fp)
            self._had_interim = True
        raise AnswerBroken(f"more than {MOST_INTERIM} interim answers came, and no final one")

    def _read_next_chunk_size(self) -> int:
        # The library's takes "-1" for a size, and then reads without a limit.
        line = self.fp.readline(_LONGEST_CHUNK_LINE_BYTES)
        if not _CHUNK_SIZE.fullmatch(line):
            raise AnswerBroken("a chunk of it has no size")
        return int(line.partition(b";")[0], 16)


def read_headers(source: BinaryIO) -> HTTPMessage:
    """Read headers up to the empty line that ends them. Raises HTTPException when they are too long or too many.

    They are what http.client makes of them, without what email finds missing in the body behind them. It gives them to
    email's parser, which takes longer than the rest of an answer together; here that parser gets only headers of which
    one is not plain.
    """
    lines: list[bytes] = []
    while (line := source.readline(_LONGEST_LINE_BYTES + 1)) not in _END_OF_HEAD:
        if len(line) > _LONGEST_LINE_BYTES:
            raise LineTooLong("header line")
        lines.append(line)
        if len(lines) >= _MOST_HEADERS:
            raise HTTPException(f"got more than {_MOST_HEADERS} headers")
    message = HTTPMessage()
    for found in map(_PLAIN_HEADER.fullmatch, lines):
        if found is None:
            return parse_headers(io.BytesIO(b"".join([*lines, line])))
        message.set_raw(found[1].decode("ascii"), found[2].decode("latin-1"))
    return message


def _values(lines: list[str]) -> list[str]:
    """A header's values in lower case, in one line or in many, without HTTP's blanks: some hops strip no other."""
    return [value for part in ",".join(lines).lower().split(",") if (value := part.strip(_BLANKS))] if lines else []


class Unreadable(ValueError):
    """A body cannot be unpacked, or not within its bound; the text says why."""


class BrokenStream(Unreadable):
    """It is no whole stream of that kind."""


def unpacked(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """Return the body as it was before it was packed; `encoding` is its Content-Encoding, empty when it has none.

    The bytes decide: hops pack without saying so, and say so of what they have unpacked. Raises Unreadable.
    """
    if not encoding and body.startswith(_USUAL):
        return body
    codings = [name.strip().lower() for name in encoding.split(",")]
    strange = [name for name in codings if name not in _KNOWN]
    if strange and body and not body.lstrip(_BLANK_OR_MARK).startswith(_USUAL):
        raise Unreadable(f"is packed in a way that nobody asked for ({strange[0][:20]!r})")
    for _ in range(_MOST_LAYERS):
        plain = _without_a_layer(body, most_bytes)
        if plain is None:
            return _without_raw_deflate(body, most_bytes) if "deflate" in codings else body
        body = plain
    raise Unreadable("is packed again and again")


def _without_a_layer(body: bytes, most_bytes: int) -> bytes | None:
    """None when there is none."""
    if body.startswith(_GZIP):
        return _inflated(body, _GZIP_WINDOW, most_bytes)
    return _inflated(body, _ZLIB_WINDOW, most_bytes) if body.startswith(_ZLIB) else None


def _without_raw_deflate(body: bytes, most_bytes: int) -> bytes:
    """What some call deflate has no beginning to be known by; what is none stays as it is."""
    try:
        return _inflated(body, _RAW_WINDOW, most_bytes)
    except BrokenStream:
        return body


def _inflated(body: bytes, window: int, most_bytes: int) -> bytes:
    plain = b""
    for _ in range(_MOST_MEMBERS):
        stream = zlib.decompressobj(window)
        try:
            # No more than this is ever held, however much it would become.
            plain += stream.decompress(body, most_bytes + 1 - len(plain))
        except zlib.error as exc:
            raise BrokenStream("is packed, and cannot be unpacked") from exc
        if len(plain) > most_bytes:
            raise Unreadable(f"is larger than {most_bytes} bytes")
        if not stream.eof:
            raise BrokenStream("is packed, and only a part of it came")
        body = stream.unused_data.lstrip(b"\0")
        if not body:
            return plain
        if window != _GZIP_WINDOW or not body.startswith(_GZIP):
            raise BrokenStream("is packed, and goes on after its end")
    raise Unreadable("is packed in more pieces than any answer")
