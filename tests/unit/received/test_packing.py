"""Answers that a hop has packed are read as what they were, and never fill the memory."""

import gzip
import tracemalloc
import zlib

import pytest

from worker.received.http import Unreadable, unpacked

BODY = b'{"message":"success"}'
LIMIT = 1024 * 1024


def raw_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(body) + stream.flush()


PACKED = {
    "gzip": gzip.compress(BODY),
    "x-gzip": gzip.compress(BODY),
    "GZIP": gzip.compress(BODY),
    "gzip, gzip": gzip.compress(gzip.compress(BODY)),
    "deflate": zlib.compress(BODY),
    "deflate ": raw_deflate(BODY),
    "deflate, gzip": gzip.compress(zlib.compress(BODY)),
}


@pytest.mark.parametrize("encoding", PACKED)
def test_what_is_packed_is_unpacked(encoding: str) -> None:
    assert unpacked(PACKED[encoding], encoding, LIMIT) == BODY


@pytest.mark.parametrize("level", [0, 1, 5, 6, 9])
def test_what_does_not_say_that_it_is_packed_is_known_by_its_beginning(level: int) -> None:
    assert unpacked(gzip.compress(BODY, level), "", LIMIT) == BODY
    assert unpacked(zlib.compress(BODY, level), "identity", LIMIT) == BODY


@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "deflate", "br"])
@pytest.mark.parametrize("body", [BODY, b"[]", b"<result/>", b"\xef\xbb\xbf{}", b""])
def test_what_is_not_packed_stays_as_it_is_whatever_it_says(encoding: str, body: bytes) -> None:
    assert unpacked(body, encoding, LIMIT) == body


def test_what_was_packed_in_pieces_is_one_body() -> None:
    assert unpacked(gzip.compress(BODY[:7]) + gzip.compress(BODY[7:]) + b"\0" * 9, "gzip", LIMIT) == BODY


UNREADABLE = {
    "half of it": (gzip.compress(BODY)[:-9], "gzip", "only a part of it came"),
    "half of it, unsaid": (zlib.compress(BODY)[:-5], "", "only a part of it came"),
    "more than it": (gzip.compress(BODY) + BODY, "", "goes on after its end"),
    "twice": (zlib.compress(BODY) + zlib.compress(BODY), "deflate", "goes on after its end"),
    "a wrong checksum": (gzip.compress(BODY)[:-8] + b"\0" * 8, "gzip", "cannot be unpacked"),
    "a beginning": (b"\x1f\x8b\x08\x00rest", "gzip", "only a part of it came"),
    "seventeen pieces": (gzip.compress(BODY) * 17, "gzip", "in more pieces than any answer"),
    "four layers": (
        gzip.compress(gzip.compress(gzip.compress(gzip.compress(BODY)))),
        "gzip",
        "again and again",
    ),
    "brotli": (b"\x0b\x0a\x80" + BODY, "br", "in a way that nobody asked for ('br')"),
    "zstandard": (b"\x28\xb5\x2f\xfd", "zstd", "in a way that nobody asked for ('zstd')"),
}


@pytest.mark.parametrize(("body", "encoding", "why"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_unpacked_says_why(body: bytes, encoding: str, why: str) -> None:
    with pytest.raises(Unreadable) as raised:
        unpacked(body, encoding, LIMIT)

    assert why in str(raised.value)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "deflate "])
def test_a_small_body_that_would_be_a_huge_one_stays_within_the_limit(encoding: str) -> None:
    blanks = b" " * 20 * LIMIT
    bomb = {"gzip": gzip.compress(blanks), "deflate": zlib.compress(blanks), "deflate ": raw_deflate(blanks)}[encoding]
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match=f"larger than {LIMIT} bytes"):
            unpacked(bomb, encoding, LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 8 * LIMIT
    finally:
        tracemalloc.stop()


def test_a_body_of_exactly_the_limit_is_whole() -> None:
    assert len(unpacked(gzip.compress(b" " * LIMIT), "gzip", LIMIT)) == LIMIT
