"""What `send` says when a signal ends it: what was confirmed, and what was under way."""

import signal
from collections.abc import Iterator
from typing import cast

import pytest

from worker.broker.publisher import Publisher
from worker.cli.send.checking import Checked, Prepared
from worker.cli.send.publishing import Batch, _publish_all
from worker.cli.signals import Ended
from worker.domain.deliveries import Outgoing


class InterruptedPublisher:
    """Confirms so many, and hears a signal in the midst of the next one."""

    def __init__(self, confirmed: int) -> None:
        self._left = confirmed

    def publish(self, _message: Outgoing) -> None:
        if not self._left:
            raise Ended(signal.SIGTERM)
        self._left -= 1


def commands(count: int, *, interrupted: bool = False) -> Iterator[Checked]:
    for number in range(count):
        yield Prepared(f"evt_{number}", "billing", "CreateCustomer", b"{}")
    if interrupted:
        raise Ended(signal.SIGTERM)


def ended(confirmed: int, given: Iterator[Checked]) -> str:
    publisher = cast("Publisher", InterruptedPublisher(confirmed))
    with pytest.raises(Ended) as end:
        _publish_all(publisher, Batch(given, None, lambda _: None, bar=False))
    return str(end.value)


def test_the_command_that_was_under_way_is_named_and_what_to_do_about_it() -> None:
    assert ended(1, commands(3)) == (
        "ended by SIGTERM; 1 command had been sent and confirmed, and evt_1 was under way: it may have arrived, "
        "and can be sent again under the same id"
    )


def test_between_two_commands_nothing_is_under_way() -> None:
    assert ended(5, commands(2, interrupted=True)) == "ended by SIGTERM; 2 commands had been sent and confirmed"
