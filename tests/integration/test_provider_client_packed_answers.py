"""A middlebox packs answers though `identity` was asked for, or puts a mark before them: the call ends as it did."""

import gzip
import ssl
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.raw_client import client
from tests.support.raw_http import answer, raw_server, sends, sends_and_closes
from tests.support.work_samples import disable_command, rotate_command
from worker.errors import OutcomeUnknown, Rejected
from worker.provider.wire.transport import MAX_BODY_BYTES

LONG = 60.0
OK = "200 OK"
DONE = b'{"message":"success"}'
REFUSED = b'{"message":"error","errors":["it is refused"]}'
LISTED = b'[{"username":"ada@example.com"}]'


def raw_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(body) + stream.flush()


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: answer(gzip.compress(body), OK, "Content-Encoding: gzip"),
    "gzip, unsaid": lambda body: answer(gzip.compress(body)),
    "gzip, said to be identity": lambda body: answer(gzip.compress(body), OK, "Content-Encoding: identity"),
    "gzip, said in two headers": lambda body: answer(
        gzip.compress(gzip.compress(body)), OK, "Content-Encoding: gzip", "content-encoding: gzip"
    ),
    "deflate": lambda body: answer(zlib.compress(body), OK, "Content-Encoding: deflate"),
    "deflate, unsaid": lambda body: answer(zlib.compress(body)),
    "deflate without its frame": lambda body: answer(raw_deflate(body), OK, "Content-Encoding: deflate"),
    "gzip, taken off, but still said": lambda body: answer(body, OK, "Content-Encoding: gzip"),
    "gzip as a transfer coding": lambda body: (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
        % (len(gzip.compress(body)), gzip.compress(body))
    ),
    "a mark": lambda body: answer(b"\xef\xbb\xbf" + body),
    "a mark inside of gzip": lambda body: answer(gzip.compress(b"\xef\xbb\xbf" + body), OK, "Content-Encoding: gzip"),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_call_ends_as_if_nothing_had_been_done_to_its_answer(way: str) -> None:
    write = WAYS[way]
    with (
        raw_server(sends(write(DONE)), sends(write(REFUSED)), sends(write(LISTED)), sends(write(b"[]"))) as server,
        client(server.url, bound=LONG) as made,
    ):
        made.apply(disable_command())
        with pytest.raises(Rejected, match="it is refused"):
            made.apply(rotate_command())
        found = made.find("ada@example.com")
        assert found is not None
        assert found.username == "ada@example.com"
        assert made.find("bob@example.com") is None


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        (gzip.compress(DONE)[:-9], "gzip", "only a part of it came"),
        (b"\x0b\x0a\x80", "br", "is packed in a way that nobody asked for"),
        (gzip.compress(b" " * (MAX_BODY_BYTES + 1)), "gzip", "is larger than"),
    ],
    ids=["half of it", "brotli", "a bomb"],
)
def test_what_cannot_be_unpacked_may_have_happened_and_says_why(body: bytes, encoding: str, reason: str) -> None:
    script = sends(answer(body, OK, f"Content-Encoding: {encoding}"))
    with raw_server(script) as server, client(server.url, bound=LONG) as made:
        with pytest.raises(OutcomeUnknown, match=reason):
            made.apply(disable_command())
        made.apply(disable_command())


def test_an_answer_that_would_be_huge_stays_within_the_bound_of_every_answer() -> None:
    bomb = gzip.compress(b" " * (20 * MAX_BODY_BYTES), 1)
    with raw_server(sends_and_closes(answer(bomb))) as server, client(server.url, bound=LONG) as made:
        tracemalloc.start()
        try:
            with pytest.raises(OutcomeUnknown, match=f"is larger than {MAX_BODY_BYTES} bytes"):
                made.apply(disable_command())
            assert tracemalloc.get_traced_memory()[1] < 4 * MAX_BODY_BYTES
        finally:
            tracemalloc.stop()


def test_a_bundle_behind_a_byte_order_mark_is_trusted(certified: tuple[ssl.SSLContext, str], tmp_path: Path) -> None:
    context, bundle = certified
    marked = tmp_path / "marked.pem"
    others = Authority(tmp_path / "others").path.read_bytes()
    # With another one before them OpenSSL says nothing of the one that it passes over.
    for before in (b"", others):
        marked.write_bytes(before + b"\xef\xbb\xbf\xef\xbb\xbf" + Path(bundle).read_bytes())
        with raw_server(tls=context) as server, client(server.url, ca_bundle=str(marked), bound=LONG) as made:
            made.apply(disable_command())
