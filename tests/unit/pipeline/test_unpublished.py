"""What the broker does not take is published again until it does, and nothing is taken up meanwhile."""

from collections.abc import Callable

import pytest

from tests.fakes.broker import FakePublisher
from tests.support.work_samples import create, work_of
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.intake.causes import PauseCause
from worker.pipeline.job import Job, Run
from worker.pipeline.stages import Stage
from worker.pipeline.unpublished import AGAIN_SECONDS, UnpublishedRuns


class IntakeStub:
    """Remembers the words of each hold, and an empty one for each release."""

    def __init__(self) -> None:
        self.pauses: list[str] = []

    def hold(self, cause: PauseCause, _seconds: float, detail: str) -> None:
        """Remember the words."""
        assert cause is PauseCause.PUBLISH
        self.pauses.append(detail)

    def release(self, cause: PauseCause) -> None:
        """Remember it."""
        assert cause is PauseCause.PUBLISH
        self.pauses.append("")


class UnpublishedRig:
    """A broker that takes what it is asked to, and a timer whose calls the test makes."""

    def __init__(self) -> None:
        self.broker = FakePublisher()
        self.intake = IntakeStub()
        self.due: list[tuple[float, Callable[[], None]]] = []
        self.kept = UnpublishedRuns(self.intake, lambda seconds, call: self.due.append((seconds, call)))
        self.kept.start(self.publish)
        self.runs = [_run(number) for number in range(4)]

    def publish(self, run: Run) -> None:
        """Try the broker, as the publish stage does."""
        answer = self.broker.publish_soon(run.messages[0])
        failure = answer.exception()
        if failure is None:
            self.kept.remove(run)
        else:
            self.kept.keep(run, str(failure))

    def refuse(self, *numbers: int) -> None:
        """Have the broker refuse these."""
        self.broker.fail_next(len(numbers))
        for number in numbers:
            self.publish(self.runs[number])

    def go_on(self, times: int = 1_000) -> list[float]:
        """Make the calls that are due; returns after how many seconds each was to be made."""
        made: list[float] = []
        while self.due and len(made) < times:
            seconds, call = self.due.pop(0)
            made.append(seconds)
            call()
        return made

    @property
    def published(self) -> list[str | None]:
        """What the broker has taken."""
        return [message.properties.message_id for message in self.broker.published]


def _run(number: int) -> Run:
    message = Outgoing(Destination.EVENTS, "CustomerCreated.billing", b"{}", Properties(message_id=str(number)))
    work = work_of(create(), tag=number + 1)
    return Run(Job(work), Stage.PUBLISH, 0.0, work, messages=(message,))


@pytest.fixture
def rig() -> UnpublishedRig:
    return UnpublishedRig()


def test_what_is_taken_at_once_pauses_nothing(rig: UnpublishedRig) -> None:
    rig.publish(rig.runs[1])

    assert (rig.intake.pauses, rig.due) == ([], [])


def test_what_is_refused_is_published_again_until_it_is_taken_and_then_the_pause_ends(rig: UnpublishedRig) -> None:
    rig.refuse(1)
    rig.broker.fail_next(2)
    assert "1 is not confirmed" in rig.intake.pauses[0]
    assert rig.go_on(3) == [0.0, AGAIN_SECONDS, AGAIN_SECONDS]
    assert "" not in rig.intake.pauses

    rig.go_on()

    assert rig.published == ["1"]
    assert rig.intake.pauses[-1] == ""


def test_only_one_is_tried_at_a_time_with_a_rest_after_each_failure(rig: UnpublishedRig) -> None:
    rig.refuse(1, 2, 3)
    rig.broker.fail_next(1_000)

    assert rig.go_on(5) == [0.0, *[AGAIN_SECONDS] * 4]
    assert rig.broker.refusals == 1_000 - 5


def test_the_pause_lasts_until_all_that_was_refused_is_published(rig: UnpublishedRig) -> None:
    rig.refuse(1, 2, 3)

    rig.go_on()

    assert rig.published == ["1", "2", "3"]
    assert rig.intake.pauses.count("") == 1


def test_one_that_is_refused_alone_keeps_no_other_from_being_published(rig: UnpublishedRig) -> None:
    rig.refuse(1, 2, 3)
    rig.broker.refused = {"1"}
    rig.go_on(9)
    assert rig.published == ["2", "3"]
    assert "" not in rig.intake.pauses

    rig.broker.refused.clear()
    rig.go_on()

    assert rig.published == ["2", "3", "1"]
    assert rig.intake.pauses[-1] == ""


def test_a_second_trouble_pauses_again(rig: UnpublishedRig) -> None:
    rig.refuse(1)
    rig.go_on()
    rig.refuse(2)
    assert "2 is not confirmed" in rig.intake.pauses[-1]

    rig.go_on()

    assert rig.published == ["1", "2"]
    assert rig.intake.pauses[-1] == ""


def test_what_turns_out_to_be_impossible_in_a_pause_is_left_to_its_command(rig: UnpublishedRig) -> None:
    rig.refuse(1)

    rig.kept.remove(rig.runs[1])
    rig.go_on()

    assert rig.published == []
    assert rig.intake.pauses[-1] == ""


def test_the_brokers_own_word_pauses_an_idle_worker_and_waits_for_no_lock(rig: UnpublishedRig) -> None:
    rig.kept.hindered("low on memory")
    assert rig.intake.pauses == []
    rig.go_on()
    assert rig.intake.pauses == ["low on memory"]

    rig.kept.hindered(None)
    rig.go_on()

    assert rig.intake.pauses == ["low on memory", ""]


def test_the_brokers_own_word_says_more_than_a_failure_and_outlasts_it(rig: UnpublishedRig) -> None:
    rig.kept.hindered("low on memory")
    rig.refuse(1)
    rig.go_on()

    assert set(rig.intake.pauses[1:]) == {"low on memory"}


def test_when_the_broker_is_well_again_the_pause_lasts_until_the_rest_is_published(rig: UnpublishedRig) -> None:
    rig.refuse(1)
    rig.broker.fail_next(1_000)
    rig.kept.hindered("low on memory")
    rig.kept.hindered(None)
    rig.go_on(5)
    assert "" not in rig.intake.pauses

    rig.broker.refusals = 0
    rig.go_on()

    assert rig.published == ["1"]
    assert rig.intake.pauses[-1] == ""
