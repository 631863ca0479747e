"""The standard library's HTTP answer, read strictly: on past interim answers, and with an end that is certain.

http.client takes every interim answer but 100 for the answer, believes the first of two lengths, and keeps a connection
of which nobody knows where the answer on it ends. What comes then is read as the answer to the next request.
"""

import re
from http.client import HTTPException, HTTPResponse, parse_headers
from typing import Any

#: A server that says so often that it is still there never comes to an end.
MOST_INTERIM = 16

_VERSIONS = frozenset({"HTTP/1.0", "HTTP/1.1"})
_HTTP_1_1 = 11
_FIRST_FINAL, _SWITCHING_PROTOCOLS = 200, 101
#: They have no body, whatever their headers say (RFC 9110, section 15); some servers send one all the same.
BODILESS = frozenset({204, 205, 304})
_LONGEST_CHUNK_LINE_BYTES = 4096
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]+[ \t]*(;.*)?\r?\n?", re.DOTALL)


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
        super().begin()
        codings = self._named("transfer-encoding")
        lengths = self._named("content-length")
        if codings or len(lengths) != 1 or self.status in BODILESS or not _LENGTH.fullmatch(lengths[0]):
            # http.client's reading is the right one for all others, which are nearly all.
            self._frame(codings, set(lengths))
        self.will_close = (
            self.will_close
            or self._had_interim
            or self.status in BODILESS
            or self.version != _HTTP_1_1
            or len(codings) + len(lengths) > 1
            or "close" in self._named("connection")
            # After a line that is no header, http.client has read no further ones.
            or bool(self.msg.defects)
        )

    def _frame(self, codings: list[str], lengths: set[str]) -> None:
        """Find where the body ends, as RFC 9112, section 6.3 has it."""
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

    def _named(self, header: str) -> list[str]:
        """The header's values in lower case: in one line or in many."""
        lines = self.headers.get_all(header)
        if not lines:
            return []
        return [value for part in ",".join(lines).lower().split(",") if (value := part.strip())]

    def _read_status(self) -> Any:  # noqa: ANN401 - the library's own, of which its stubs know nothing
        # Called for an answer and, by the connection, for a proxy's answer to CONNECT.
        for _ in range(MOST_INTERIM + 1):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if version not in _VERSIONS:
                raise AnswerBroken("it is not HTTP/1.1")
            if status >= _FIRST_FINAL:
                return version, status, reason
            if status == _SWITCHING_PROTOCOLS:
                raise AnswerBroken("it switches to a protocol that nobody asked for (101)")
            parse_headers(self.fp)
            self._had_interim = True
        raise AnswerBroken(f"more than {MOST_INTERIM} interim answers came, and no final one")

    def _read_next_chunk_size(self) -> int:
        # The library's takes "-1" for a size, and then reads without a limit.
        line = self.fp.readline(_LONGEST_CHUNK_LINE_BYTES)
        if not _CHUNK_SIZE.fullmatch(line):
            raise AnswerBroken("a chunk of it has no size")
        return int(line.partition(b";")[0], 16)
