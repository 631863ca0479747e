"""An answer's head is read as http.client reads it, without email's parser where there is nothing to be found out."""

import io
from http.client import HTTPException, RemoteDisconnected, parse_headers
from typing import Any
from unittest.mock import Mock, patch

import pytest

from worker.received.http import AnswerBroken, StrictAnswer, read_headers

PLAIN = (
    b"\r\n",
    b"Content-Type: application/json\r\nContent-Length: 21\r\n\r\n",
    b"Server:nginx\nX-Empty:\nX-Tabbed:\t \ta \t\n\n",
    b"X-Name: J\xf6rg\r\nx-name: =?utf-8?q?encoded?=\r\nX-Odd!#$%&'*+.^_`|~: :::\r\n\r\n",
    b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n",
    b"".join(b"X-%d: %d\r\n" % (number, number) for number in range(99)) + b"\r\n",
    b"X-Long: " + b"a" * 65_000 + b"\r\n\r\n",
    b"X-Blank: " + b" " * 65_000 + b"\r\n\r\n",
)
#: A pattern that goes back takes a minute for each of them, and nothing else of the process runs meanwhile.
SLOW = (
    b"X-Blank:" + b" " * 65_000 + b"\rx\r\n\r\n",
    b"X-Blank:" + b" " * 65_000 + b"\r\r\n\r\n",
    b"X-Blank:" + b"\t" * 65_000,
    b"X-Blank:" + b" " * 65_000 + b"a\r",
)
ODD = (
    b"",
    b"Content-Length: 21",
    b"Content-Length: 21\r\nServer: ng",
    b"X-Folded: one\r\n two\r\n\tthree\r\nServer: nginx\r\n\r\n",
    b" Begins: with a space\r\nServer: nginx\r\n\r\n",
    b"X-Return: one\rContent-Length: 7\r\n\r\n",
    b"X-Two-Returns: one\r\r\nServer: nginx\r\n\r\n",
    b"no header at all\r\nContent-Length: 7\r\n\r\n",
    b": without a name\r\nServer: nginx\r\n\r\n",
    b"Content-Length : 7\r\nServer: nginx\r\n\r\n",
    b"J\xf6rg: 1\r\nServer: nginx\r\n\r\n",
    b"From somebody\r\nServer: nginx\r\n\r\n",
)
ENDLESS = (
    b"X-Long: " + b"a" * 65_536 + b"\r\n\r\n",
    b"X: 1\r\n" * 100 + b"\r\n",
)


def begun(answer: bytes) -> StrictAnswer:
    """The answer on a connection that has brought these bytes, with its head read."""
    line: Any = Mock(makefile=lambda _mode: io.BytesIO(answer))
    begun = StrictAnswer(line)
    begun.begin()
    return begun


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n", 200),
        (b"HTTP/1.0 200\r\n", 200),
        (b"HTTP/1.1 200 \n", 200),
        (b"HTTP/1.1  418\tJ\xf6rg's teapot\r\n", 418),
        (b"HTTP/1.1 999 " + b" " * 65_000 + b"\r\n", 999),
    ],
)
def test_a_status_line_as_servers_write_it_is_taken(line: bytes, status: int) -> None:
    assert begun(line + b"Content-Length: 0\r\n\r\n").status == status


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "line",
    [
        *(b"HTTP/1.1 " + status + b" OK\r\n" for status in (b"2_00", b"+200", b"-200", b"0200", b"20", b"2000")),
        b"HTTP/2.0 200 OK\r\n",
        b"HTTP/1.1 200 " + b" " * 65_536 + b"\r\n",
        b"HTTP/1.1" + b" " * 65_000 + b"x\r\n",
    ],
)
def test_a_status_line_that_is_none_is_not_guessed_at(line: bytes) -> None:
    with pytest.raises(AnswerBroken, match="no status line"):
        begun(line + b"Content-Length: 0\r\n\r\n")


def test_a_connection_that_is_closed_before_any_answer_is_reported_so() -> None:
    with pytest.raises(RemoteDisconnected, match="closed without an answer"):
        begun(b"")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("head", [*PLAIN, *ODD, *SLOW])
def test_headers_are_read_as_the_library_reads_them(head: bytes) -> None:
    ours, theirs = io.BytesIO(head + b"the body"), io.BytesIO(head + b"the body")

    read, expected = read_headers(ours), parse_headers(theirs)

    assert read.items() == expected.items()
    assert list(map(type, read.defects)) == list(map(type, expected.defects))
    assert ours.read() == theirs.read()


@pytest.mark.parametrize("head", ENDLESS)
def test_headers_have_the_library_s_limits(head: bytes) -> None:
    for read in (read_headers, parse_headers):
        with pytest.raises(HTTPException):
            read(io.BytesIO(head))


@pytest.mark.parametrize("blank", ["\x0b", "\x0c", "\x1c", "\x85", "\xa0"])
@pytest.mark.parametrize("header", ["Transfer-Encoding: {}chunked", "Content-Length: {}5", "Content-Length: 5{}"])
def test_a_blank_that_is_none_of_http_is_a_part_of_the_value(header: str, blank: str) -> None:
    with pytest.raises(AnswerBroken, match="nobody knows where it ends"):
        begun(f"HTTP/1.1 200 OK\r\n{header.format(blank)}\r\n\r\n".encode("latin-1"))


def test_a_chunk_whose_line_does_not_end_has_no_size() -> None:
    answer = begun(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"x" * 5_000 + b"\r\nhello\r\n0\r\n\r\n"
    )

    with pytest.raises(AnswerBroken, match="no size"):
        answer.read()


@pytest.mark.parametrize("head", PLAIN)
def test_plain_headers_cost_no_run_of_email_s_parser(head: bytes) -> None:
    with patch("email.feedparser.FeedParser.feed", side_effect=AssertionError("email's parser was asked")):
        answer = begun(b"HTTP/1.1 200 OK\r\n" + head)

    assert answer.status == 200


@pytest.mark.parametrize("head", [b"HTTP/1.1 100 Continue\r\nServer: nginx\r\n\r\n", b"HTTP/1.1 103 Hints\r\n\r\n"])
def test_neither_do_those_of_an_interim_answer(head: bytes) -> None:
    with patch("email.feedparser.FeedParser.feed", side_effect=AssertionError("email's parser was asked")):
        answer = begun(head + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    assert (answer.status, answer.length, answer.will_close) == (200, 0, True)


@pytest.mark.parametrize(
    ("head", "length", "stays_open"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n", 21, True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", None, True),
        (b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 21\r\n\r\n", 21, True),
        (b"HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 21\r\n\r\n", 21, False),
        (b"HTTP/1.1 200 OK\r\n\r\n", None, False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", None, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\nContent-Length: 21\r\n\r\n", 21, False),
        (b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 21\r\n\r\n", None, False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 21\r\n\r\n", 21, False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 0, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5,\r\n\r\n", 5, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: ,5\r\n\r\n", 5, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length:\r\nContent-Length: 5\r\n\r\n", 5, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding:\r\n\r\n", 5, False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked,\r\n\r\n", None, False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: , Chunked\r\n\r\n", None, False),
        (b"HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed\r\nContent-Length: 5\r\n\r\n", 5, True),
    ],
)
def test_a_connection_stays_open_where_the_answer_s_end_is_certain(
    head: bytes, length: int | None, stays_open: bool
) -> None:
    answer = begun(head)

    assert (answer.length, not answer.will_close) == (length, stays_open)
