"""The light stand-in provider of the benchmark: it must answer each request once, however its bytes arrive."""

import asyncio

from bench.stub import Calls, whole_request

REQUEST = b"POST /apiv2/reseller.add.json HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na=1&b"


class Written(asyncio.Transport):
    """A connection that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep an answer."""
        self.answers.append(bytes(data))

    def is_closing(self) -> bool:
        """It stays open."""
        return False


def answers_to(*pieces: bytes) -> list[bytes]:
    connection, calls = Written(), Calls(0.0)
    calls.connection_made(connection)
    for piece in pieces:
        calls.data_received(piece)
    return connection.answers


def test_a_request_counts_only_once_its_body_is_there() -> None:
    assert whole_request(REQUEST) == len(REQUEST)
    assert whole_request(REQUEST[:-1]) == 0


def test_a_request_that_comes_in_pieces_is_answered_once() -> None:
    assert len(answers_to(REQUEST[:20], REQUEST[20:-2], REQUEST[-2:])) == 1


def test_two_requests_in_one_piece_are_both_answered() -> None:
    assert len(answers_to(REQUEST + REQUEST)) == 2


def test_the_answer_says_what_the_worker_takes_for_success() -> None:
    assert answers_to(REQUEST)[0].endswith(b'\r\n\r\n{"message":"success"}')
