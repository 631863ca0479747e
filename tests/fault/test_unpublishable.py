"""One message that the broker can never take: it stops nobody else, now or after a restart."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pika.data
import pytest

from sandbox.servers.finding import OwnBroker
from tests.support.commands import Command, Message, rotate
from tests.support.installation import Installation
from tests.support.loads import rotations
from tests.support.seeds import old_customer

CUSTOMERS = 10
LIMIT_BYTES = 8_000
#: RabbitMQ 4 copies the setting at its start, and reads the copy.
LIMIT = "application:get_env(rabbit, max_message_size, 0)."
SET_LIMIT = "application:set_env(rabbit, max_message_size, {0}), persistent_term:put(max_message_size, {0})."


class Timestamp(int):
    """Seconds as other clients send them: before 1970, the bits of a negative number."""


@pytest.fixture
def other_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pika write such a timestamp, which it cannot by itself."""
    as_usual = pika.data.encode_value

    def encode(pieces: list[bytes], value: Any) -> int:  # noqa: ANN401  # as pika's own
        if not isinstance(value, Timestamp):
            return as_usual(pieces, value)
        pieces.append(b"T" + struct.pack(">q", value))
        return 9

    monkeypatch.setattr(pika.data, "encode_value", encode)


def rejected() -> Command:
    """Return a command that the provider must reject, so that it ends as a dead letter."""
    return rotate(old_customer(0), "unknown", "password", subject="cus_0")


def with_headers(command: Command, **headers: object) -> Message:
    message = command.message()
    return replace(message, properties={**message.properties, "headers": headers})


@contextmanager
def small_messages_only(broker: OwnBroker) -> Iterator[None]:
    """Lower the broker's limit for the channels that are opened inside the block."""
    usual = broker.ctl("eval", LIMIT).strip()
    try:
        broker.ctl("eval", SET_LIMIT.format(LIMIT_BYTES))
        yield
    finally:
        broker.ctl("eval", SET_LIMIT.format(usual))


@pytest.mark.usefixtures("other_client")
def test_a_header_with_a_time_before_1970_stops_nothing(installation: Installation) -> None:
    poison, (_, *others) = rejected(), rotations(CUSTOMERS, rounds=1)
    with installation.worker() as worker:
        installation.emitter.publish(with_headers(poison, born=Timestamp(-315_360_000)), *others)
        installation.listener.await_events([poison, *others])
        assert worker.logged("intake_paused") == []
        assert worker.terminate() == 0
    installation.verdict([poison, *others], {poison.id})
    (dead_letter,) = installation.listener.dead_letters
    assert dead_letter.headers["born"] == str(2**64 - 315_360_000)


def test_a_dead_letter_larger_than_the_broker_allows_waits_alone_and_is_reported_once_the_limit_is_raised(
    installation: Installation, broker: OwnBroker
) -> None:
    poison, (_, *others) = rejected(), rotations(CUSTOMERS, rounds=2)
    message = poison.message()
    large = replace(message, body=message.body + b" " * LIMIT_BYTES)
    # It was taken before the limit was lowered.
    installation.emitter.publish(large, *others[:CUSTOMERS])
    with small_messages_only(broker), installation.worker() as worker:
        line = worker.await_logged("command_unpublishable")
        assert line["command_id"] == poison.id
        assert "max_message_size" in line["detail"]
        installation.emitter.publish(*others[CUSTOMERS:])
        installation.listener.await_events([command for command in others if command.subject != poison.subject])
        assert worker.ask("/readyz").document["paused"] == {}
        assert worker.terminate() == 0
    with installation.worker() as worker:
        installation.listener.await_events([poison, *others])
        assert installation.listener.await_dead_letter(large).worker_headers["command-id"] == poison.id
        assert worker.terminate() == 0
