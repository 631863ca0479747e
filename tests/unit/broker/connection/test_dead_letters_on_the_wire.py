"""Whatever headers a message came with: its dead letter can be written back to the broker."""

import random
import struct
from collections.abc import Callable

import pytest

from tests.support.work_samples import delivery
from worker.broker.connection.codec import decode_properties, encode_head
from worker.domain import dead_letters, endings
from worker.domain.deliveries import Delivery, Receipt
from worker.domain.endings import Closing
from worker.pipeline.reading import read
from worker.provider.calls import login_of

SEED = 20_261_121
TABLES = 300
ONLY_HEADERS = struct.pack(">H", 1 << 13)
ALL_PROPERTIES = 0xFFFC
#: How many bytes a value of each kind takes; the others say so themselves.
SIZES = {
    b"t": 1, b"b": 1, b"B": 1, b"s": 2, b"u": 2, b"U": 2, b"I": 4, b"i": 4, b"L": 8, b"l": 8, b"f": 4, b"d": 8,
    b"D": 5, b"T": 8, b"V": 0,
}  # fmt: skip


def long_string(raw: bytes) -> bytes:
    return struct.pack(">I", len(raw)) + raw


def some_bytes(chance: random.Random, size: int) -> bytes:
    """Any bytes; often those of the largest, the smallest and the most negative number."""
    edges = [b"\xff" * size, b"\x00" * size, b"\x80".ljust(size, b"\x00")[:size], b"\x7f".ljust(size, b"\xff")[:size]]
    return chance.choice([*edges, chance.randbytes(size), chance.randbytes(size)])


def some_value(chance: random.Random, depth: int) -> bytes:
    kind = chance.choice([*SIZES, b"S", b"x", *([b"A", b"F"] if depth else [])])
    if kind in SIZES:
        return kind + some_bytes(chance, SIZES[kind])
    if kind == b"A":
        return kind + long_string(b"".join(some_value(chance, depth - 1) for _ in range(chance.randrange(4))))
    if kind == b"F":
        return kind + some_table(chance, depth - 1)
    return kind + long_string(chance.randbytes(chance.choice([0, 3, 300, 40_000])))


def some_table(chance: random.Random, depth: int = 2) -> bytes:
    keys = [chance.randbytes(chance.choice([0, 1, 8, 255])) for _ in range(chance.randrange(6))]
    return long_string(b"".join(bytes([len(key)]) + key + some_value(chance, depth) for key in keys))


def noise(chance: random.Random) -> bytes:
    return struct.pack(">H", chance.randrange(0x10000) & ALL_PROPERTIES) + chance.randbytes(chance.randrange(600))


def headers_only(chance: random.Random) -> bytes:
    return ONLY_HEADERS + some_table(chance)


def came_with(properties: bytes) -> Delivery:
    return Delivery(b"no command", decode_properties(properties, 0), False, Receipt(1, 1), "exchange", "key", 0.0)


def head_of_dead_letter(came: Delivery) -> bytes:
    """Refuse it as the worker does, and pack its dead letter."""
    content = read(came, lambda *_: (b"",), login_of).content
    assert isinstance(content, Exception)
    refusal = endings.refusal(came, content, (b"",), Closing(1_700_000_000.0, "1.2.3"))
    return encode_head(dead_letters.outgoing(came, refusal.dead_letter), "provisioning.dead-letters", 1)


@pytest.mark.parametrize("made", [headers_only, noise])
def test_whatever_a_client_may_send_becomes_a_dead_letter_that_one_frame_holds(
    made: Callable[[random.Random], bytes],
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - the same tables each time

    for _ in range(TABLES):
        assert len(head_of_dead_letter(came_with(made(chance)))) < 128 * 1024


@pytest.mark.parametrize("edge", [b"\x80" + b"\x00" * 7, b"\xff" * 8])
def test_a_time_before_1970_or_after_all_times_becomes_text(edge: bytes) -> None:
    came = came_with(ONLY_HEADERS + long_string(b"\x04bornT" + edge))

    assert head_of_dead_letter(came).count(str(int.from_bytes(edge, "big")).encode()) == 1


def test_many_small_headers_still_fit_in_one_frame() -> None:
    table = b"".join(bytes([len(b"%d" % number)]) + b"%d" % number + b"V" for number in range(9_000))

    assert len(head_of_dead_letter(came_with(ONLY_HEADERS + long_string(table)))) < 128 * 1024


def test_a_usual_message_keeps_its_headers() -> None:
    came = delivery(b"no command")

    assert b"provisioning-note" not in head_of_dead_letter(came)
