"""What a callback's failure means to the loop; connections themselves are tested on a real broker."""

import pytest
from pika.exceptions import ChannelWrongStateError, ConnectionWrongStateError

from tests.fakes.telemetry import RecordingTelemetry
from worker.broker.address import BrokerAddress, Role
from worker.broker.connection.loop import BrokerLoop
from worker.domain.telemetry import BrokerCallbackCrashed
from worker.errors import TopologyMismatch


def failing(error: Exception) -> RecordingTelemetry:
    """Run a guarded callback that raises; return who was informed."""
    observer = RecordingTelemetry()
    loop = BrokerLoop(Role.CONSUME, lambda: BrokerAddress("amqp://127.0.0.1"), observer)

    def callback() -> None:
        raise error

    loop.guard(callback)()
    return observer


@pytest.mark.parametrize(
    "error",
    [TopologyMismatch("a queue differs"), ConnectionWrongStateError("closing"), ChannelWrongStateError("closing")],
)
def test_what_can_be_explained_is_no_crash(error: Exception) -> None:
    assert failing(error).events == []


def test_a_fault_of_ours_is_reported_as_a_crash() -> None:
    fault = ValueError("ours")

    assert failing(fault).events == [BrokerCallbackCrashed("consume", fault)]


def test_a_guarded_callback_gets_its_arguments() -> None:
    got: list[object] = []
    loop = BrokerLoop(Role.CONSUME, lambda: BrokerAddress("amqp://127.0.0.1"), RecordingTelemetry())

    loop.guard(lambda first, second: got.append((first, second)))(1, second=2)

    assert got == [(1, 2)]
