"""Whether the broker takes messages is asked without publishing anything."""

from collections.abc import Callable
from typing import Any

import pytest
from pika.exceptions import ChannelClosedByBroker, ChannelClosedByClient

from worker.broker.publish.probe import PublishProbe


class ChannelStub:
    """A channel, and the connection it is opened on: remembers what was sent, and answers when asked to."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.given: dict[str, Callable[..., None]] = {}

    def channel(self, on_open_callback: Callable[..., None]) -> None:
        """Open itself at once."""
        on_open_callback(self)

    def add_on_close_callback(self, callback: Callable[..., None]) -> None:
        """Keep it."""
        self.given["closed"] = callback

    def tx_select(self, callback: Callable[..., None]) -> None:
        """Remember the callback."""
        self.sent.append("select")
        self.given["selected"] = callback

    def basic_publish(self, exchange: str, routing_key: str, body: bytes) -> None:
        """Remember it."""
        self.sent.append(f"publish {exchange} {routing_key}{body.decode()}".rstrip())

    def tx_rollback(self, callback: Callable[..., None]) -> None:
        """Remember the callback."""
        self.sent.append("rollback")
        self.given["answered"] = callback


class Door:
    """A probe on a stub, and what it reported."""

    def __init__(self) -> None:
        self.channel = ChannelStub()
        self.reports: list[str] = []
        unguarded: Any = lambda function: function  # noqa: E731 - only as Any can it stand for a guard
        self.probe = PublishProbe(
            "p.events",
            unguarded,
            lambda: self.reports.append("answered"),
            lambda reason: self.reports.append(str(reason)),
        )

    def begin(self) -> None:
        """Open a connection, up to the first probe."""
        connection: Any = self.channel
        self.probe.begin(connection)
        self.channel.given["selected"](None)

    def close(self, reason: Exception) -> None:
        """Have the broker close the channel."""
        self.channel.given["closed"](self.channel, reason)


@pytest.fixture
def door() -> Door:
    door = Door()
    door.begin()
    return door


PROBE = ["publish p.events", "rollback"]


def test_every_probe_is_taken_back(door: Door) -> None:
    assert door.channel.sent == ["select", *PROBE]
    assert door.reports == []

    door.channel.given["answered"](None)
    door.probe.tick()

    assert door.reports == ["answered"]
    assert door.channel.sent == ["select", *PROBE, *PROBE]


def test_while_nobody_answers_nobody_probes_again(door: Door) -> None:
    door.probe.tick()

    assert door.channel.sent == ["select", *PROBE]


def test_before_the_transaction_is_begun_nobody_probes() -> None:
    door = Door()
    connection: Any = door.channel
    door.probe.begin(connection)

    door.probe.tick()

    assert door.channel.sent == ["select"]


def test_a_missing_exchange_is_reported(door: Door) -> None:
    door.close(ChannelClosedByBroker(404, "NOT_FOUND - no exchange"))

    assert "no exchange" in door.reports[0]


@pytest.mark.parametrize("code", [403, 540])
def test_who_may_not_probe_never_probes_again_and_nothing_is_known_to_be_amiss(door: Door, code: int) -> None:
    door.close(ChannelClosedByBroker(code, "REFUSED"))
    door.probe.tick()

    assert door.reports == ["answered"]
    assert door.channel.sent == ["select", *PROBE]


def test_the_end_of_a_connection_says_nothing(door: Door) -> None:
    door.close(ChannelClosedByClient(200, "bye"))

    assert door.reports == []


def test_an_answer_from_an_earlier_connection_does_not_count(door: Door) -> None:
    late = door.channel.given["answered"]
    door.probe.end()

    late(None)

    assert door.reports == []
