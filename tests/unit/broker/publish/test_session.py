"""What the publish connection reports to its listener: whether messages are taken, also while there are none."""

import math
from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from pika.exceptions import ChannelClosedByBroker

from tests.fakes.telemetry import RecordingTelemetry
from worker.broker.publish.confirms import PendingPublish
from worker.broker.publish.publisher import PublishSession
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Condition, Mode, Survey, SurveyFinding
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.domain.telemetry import BrokerBlocked, BrokerUnblocked
from worker.errors import PublishFailed, Unpublishable

LOW: Any = SimpleNamespace(method=SimpleNamespace(reason="low on memory"))
WELL = ""


class LoopStub:
    """A loop without a thread."""

    def __init__(self) -> None:
        self.given_up: list[str] = []
        self.state = SimpleNamespace(fault=None)

    def guard(self, function: object) -> object:
        """Leave it as it is."""
        return function

    def give_up(self, reason: str) -> None:
        """Remember it."""
        self.given_up.append(reason)

    def wake(self) -> None:
        """Nobody sleeps."""

    def ready(self) -> None:
        """Nobody asks."""


class ListenedSession:
    """A session, and what its listener reasons."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.loop = LoopStub()
        self.observer = RecordingTelemetry()
        loop: Any = self.loop
        self.session = PublishSession(loop, Topology("p"), Mode.LOOK, deque(), self.observer, 30.0)
        self.session.hindered = lambda reason: self.reasons.append(reason or WELL)


@pytest.fixture
def session_rig() -> ListenedSession:
    return ListenedSession()


def test_an_alarm_is_reported_with_what_to_do_and_so_is_its_end(session_rig: ListenedSession) -> None:
    session_rig.session._on_blocked(None, LOW)
    session_rig.session._on_unblocked(None, None)

    alarm, end = session_rig.reasons
    assert "low on memory" in alarm
    assert "rabbitmq-diagnostics alarms" in alarm
    assert end == WELL
    assert session_rig.observer.events == [BrokerBlocked("low on memory"), BrokerUnblocked()]


def test_what_is_published_already_is_not_published_again(session_rig: ListenedSession) -> None:
    session_rig.session._on_taken()
    for _ in range(2):
        session_rig.session.closed("reset")
    for _ in range(2):
        session_rig.session._on_taken()

    first, last = session_rig.reasons
    assert "no connection to publish on (reset)" in first
    assert last == WELL


def test_an_answer_to_a_probe_does_not_end_an_alarm(session_rig: ListenedSession) -> None:
    session_rig.session._on_blocked(None, LOW)
    session_rig.session._on_taken()

    assert WELL not in session_rig.reasons


def test_an_alarm_is_not_called_over_because_its_connection_is(session_rig: ListenedSession) -> None:
    session_rig.session._on_blocked(None, LOW)
    session_rig.session.closed("reset")

    assert WELL not in session_rig.reasons
    assert len(session_rig.observer.of(BrokerBlocked)) == 1
    assert session_rig.session.blocked is None


def test_a_stop_is_no_trouble(session_rig: ListenedSession) -> None:
    connection: Any = SimpleNamespace(is_open=False)
    session_rig.session.depart(connection)

    session_rig.session.closed("we closed it")

    assert session_rig.reasons == []


def test_after_an_alarm_the_broker_gets_time_to_confirm_what_it_could_not_read(session_rig: ListenedSession) -> None:
    overdue = PendingPublish(Outgoing(Destination.EVENTS, "k", b"", Properties()), "p.events", overdue_at=-math.inf)
    connection: Any = SimpleNamespace()
    session_rig.session._ready = connection
    session_rig.session._confirms.sent(overdue)
    session_rig.session._on_blocked(None, LOW)
    session_rig.session.ticked()
    session_rig.session._on_unblocked(None, None)
    session_rig.session.ticked()
    assert session_rig.loop.given_up == []

    overdue.overdue_at = -math.inf
    session_rig.session.ticked()

    assert session_rig.loop.given_up == ["the broker did not confirm in time"]
    assert isinstance(overdue.future.exception(0), PublishFailed)


def test_what_waits_for_a_connection_for_too_long_fails_and_says_why(session_rig: ListenedSession) -> None:
    late, patient = (
        PendingPublish(Outgoing(Destination.EVENTS, "k", b"", Properties()), "p.events", overdue_at=at)
        for at in (-math.inf, math.inf)
    )
    session_rig.session._outbox.extend([late, patient])

    session_rig.session.ticked()

    assert "there is no connection" in str(late.future.exception(0))
    assert list(session_rig.session._outbox) == [patient]


def test_a_body_above_the_brokers_limit_is_refused_alone_and_its_neighbours_are_in_doubt(
    session_rig: ListenedSession,
) -> None:
    small, large = (
        PendingPublish(Outgoing(Destination.EVENTS, "k", bytes(size), Properties()), "p.events", math.inf)
        for size in (5, 50)
    )
    channel: Any = None
    for pending in (small, large):
        session_rig.session._confirms.sent(pending)

    sentence = "PRECONDITION_FAILED - message size 50 is larger than configured max size 10"
    session_rig.session._on_channel_closed(channel, ChannelClosedByBroker(406, sentence))
    session_rig.session.closed("the channel was closed")

    refusal = large.future.exception(0)
    assert isinstance(refusal, Unpublishable)
    assert "max_message_size" in str(refusal)
    assert not isinstance(small.future.exception(0), Unpublishable)
    assert sentence in session_rig.loop.given_up[0]


def test_headers_that_no_frame_holds_are_refused_before_they_are_sent(session_rig: ListenedSession) -> None:
    pending = PendingPublish(
        Outgoing(Destination.EVENTS, "k", b"", Properties(headers={"h": "v" * 100})), "p.events", math.inf
    )
    connection: Any = SimpleNamespace(params=SimpleNamespace(frame_max=100))
    session_rig.session._ready = connection
    session_rig.session._outbox.append(pending)

    session_rig.session.woken()

    refusal = pending.future.exception(0)
    assert isinstance(refusal, Unpublishable)
    assert "frame_max" in str(refusal)


def test_during_an_alarm_nobody_knows_the_depths(session_rig: ListenedSession) -> None:
    session_rig.session._topology_watch.depths = {"p.commands.00": 3}
    session_rig.session._on_blocked(None, LOW)
    assert session_rig.session.depths == {}

    session_rig.session._on_unblocked(None, None)

    assert session_rig.session.depths == {"p.commands.00": 3}


def test_the_depths_are_known_from_the_first_survey_on_and_only_while_there_is_a_connection(
    session_rig: ListenedSession,
) -> None:
    connection: Any = SimpleNamespace(channel=lambda on_open_callback: None)  # noqa: ARG005  # pika's name for it
    queue = session_rig.session._topology.queues[0]
    report = Survey((SurveyFinding(queue, Condition.PRESENT, ready=3),))

    session_rig.session._on_confirming(connection, report, None)
    known = session_rig.session.depths
    session_rig.session.closed("reset")

    assert (known, session_rig.session.depths) == ({queue.name: 3}, {})
