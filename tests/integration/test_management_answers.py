"""What the management API, or whatever stands before it, answers: read as what was meant, or reported as what it is."""

import gzip
import json
import zlib

import pytest

from tests.support.raw_http import Script, answer, raw_server, sends, sends_and_closes
from worker.broker.diagnose.management_api import ManagementApi, ManagementLogin, ManagementRefused
from worker.errors import BrokerUnreachable

ANSWER = {"node": "rabbit@zoë"}
BODY = json.dumps(ANSWER, ensure_ascii=False)
PLAIN = BODY.encode()
HINTS = b"HTTP/1.1 103 Early Hints\r\n\r\n"
OK = "200 OK"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def asked(script: Script) -> object:
    with raw_server(script) as server:
        return ManagementApi(server.url, ManagementLogin("guest", "geheim")).get("overview")


MEANT = {
    "interim answers before it": b"HTTP/1.1 100 Continue\r\n\r\n" + HINTS * 3 + answer(PLAIN),
    "a mark": answer(BODY.encode("utf-8-sig")),
    "utf-16": answer(BODY.encode("utf-16")),
    "gzip": answer(gzip.compress(PLAIN), OK, "Content-Encoding: gzip"),
    "gzip, unsaid, with a mark": answer(gzip.compress(BODY.encode("utf-8-sig"))),
    "deflate": answer(zlib.compress(PLAIN), OK, "Content-Encoding: deflate"),
    "gzip, taken off, but still said": answer(PLAIN, OK, "Content-Encoding: gzip"),
    "its length twice": answer(PLAIN, OK, f"Content-Length: {len(PLAIN)}"),
    "chunks": CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(PLAIN), PLAIN),
}
UNREADABLE = {
    "interim answers without an end": (HINTS * 17, BrokerUnreachable, "more than 16 interim answers"),
    "101": (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", BrokerUnreachable, "a protocol that nobody asked for"),
    "two lengths": (answer(PLAIN, OK, "Content-Length: 3"), BrokerUnreachable, "nobody knows where it ends"),
    "a chunk below zero": (CHUNKED + b"-1\r\n" + PLAIN, BrokerUnreachable, "a chunk of it has no size"),
    "half of its gzip": (answer(gzip.compress(PLAIN)[:-9]), ManagementRefused, "only a part of it came"),
    "a bomb": (answer(gzip.compress(b" " * 5 * 1024**2)), ManagementRefused, "larger than"),
    "brotli": (answer(b"\x0b\x0a", OK, "Content-Encoding: br"), ManagementRefused, "nobody asked for ('br')"),
    "a mark before something else": (answer(b"\xff\xfea"), ManagementRefused, "does not answer in JSON"),
}


@pytest.mark.parametrize("came", MEANT.values(), ids=MEANT.keys())
def test_what_was_meant_is_read(came: bytes) -> None:
    assert asked(sends(came)) == ANSWER


@pytest.mark.parametrize(("came", "kind", "reason"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_reported(came: bytes, kind: type[Exception], reason: str) -> None:
    with pytest.raises(kind) as raised:
        asked(sends_and_closes(came))

    assert reason in str(raised.value)
    assert "geheim" not in str(raised.value)
