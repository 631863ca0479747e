"""Bodies that a middlebox packed though nobody asked for it: known by their first bytes, unpacked within a bound."""

import zlib

from worker.received.marks import UTF8

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


class Unreadable(ValueError):
    """A body cannot be unpacked, or not within its bound; the text says why."""


class Broken(Unreadable):
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
    except Broken:
        return body


def _inflated(body: bytes, window: int, most_bytes: int) -> bytes:
    plain = b""
    for _ in range(_MOST_MEMBERS):
        stream = zlib.decompressobj(window)
        try:
            # No more than this is ever held, however much it would become.
            plain += stream.decompress(body, most_bytes + 1 - len(plain))
        except zlib.error as exc:
            raise Broken("is packed, and cannot be unpacked") from exc
        if len(plain) > most_bytes:
            raise Unreadable(f"is larger than {most_bytes} bytes")
        if not stream.eof:
            raise Broken("is packed, and only a part of it came")
        body = stream.unused_data.lstrip(b"\0")
        if not body:
            return plain
        if window != _GZIP_WINDOW or not body.startswith(_GZIP):
            raise Broken("is packed, and goes on after its end")
    raise Unreadable("is packed in more pieces than any answer")
