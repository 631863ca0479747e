"""What must be read with care is read alone; what comes meanwhile is read after it, in its order."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from tests.support.work_samples import delivery
from tests.unit.pipeline.dispatcher_rig import LONG, DispatcherRig, HeldRuns
from tests.unit.pipeline.test_quarantine import suspect
from worker.domain.deliveries import Delivery
from worker.domain.work import Wait, Work
from worker.pipeline.reading import QuarantineReader
from worker.pipeline.scheduling.dispatcher import Stages


class CarefulReader:
    """Reads what was delivered before only when the test lets it; `notes` is what happened."""

    def __init__(self, runs: HeldRuns) -> None:
        self._runs = runs
        self.notes: list[str] = []
        self.harmless = False
        self.answers: list[Wait | None] = []
        self.gate = threading.Event()
        self.reading = threading.Event()

    def suspects(self, came: Delivery) -> bool:
        return came.redelivered and not self.harmless

    def demands_isolation(self, came: Delivery) -> bool | Wait:
        return self.suspects(came)

    def read(self, came: Delivery) -> Work | Wait:
        name = came.body.decode().partition(":")[0]
        if came.redelivered and not self.harmless:
            assert self._runs.running == [], f"{self._runs.running} run beside reading {name}"
            self.reading.set()
            assert self.gate.wait(LONG)
        self.notes.append(name)
        return self._runs.read(came)

    def finish(self) -> Wait | None:
        answer = self.answers.pop(0) if self.answers else None
        self.notes.append("kept up" if answer else "finished")
        return answer


class CarefulDispatcherRig(DispatcherRig):
    """A rig whose reader is careful."""

    def __init__(self) -> None:
        super().__init__()
        self.careful = CarefulReader(self.runs)

        self.reader = QuarantineReader(self.dispatcher, self.careful, self.clock, lambda _step: None)

    def stages(self) -> Stages:
        read_unread = partial(self.threads.submit, self.reader.read_all)
        return Stages(self.runs.read, self.start, read_unread, self.careful.suspects)

    def close(self) -> None:
        self.careful.gate.set()
        super().close()

    def deliver_again(self, *bodies: str, epoch: int = 1) -> None:
        for body in bodies:
            self._tags += 1
            self.dispatcher.delivered(delivery(body.encode(), redelivered=True, tag=self._tags, epoch=epoch))


@pytest.fixture
def careful_rig() -> Iterator[CarefulDispatcherRig]:
    rig = CarefulDispatcherRig()
    rig.open()
    yield rig
    rig.close()


def test_what_comes_while_a_suspect_runs_is_read_afterwards(careful_rig: CarefulDispatcherRig) -> None:
    rig = careful_rig
    rig.deliver("1:ada")
    rig.runs.await_running("1@1")
    suspect(rig, "1")
    rig.runs.await_began(2)

    rig.deliver("2:bob", "3:bob")
    assert (rig.careful.notes, rig.dispatcher.held) == ([], 2)
    rig.runs.finish("1@1")

    rig.runs.await_running("2@1")
    assert rig.careful.notes[:2] == ["2", "3"]


def test_nothing_runs_while_a_message_is_read_with_care(careful_rig: CarefulDispatcherRig) -> None:
    rig = careful_rig
    rig.deliver("1:ada")
    rig.runs.await_running("1@1")
    rig.deliver_again("2:bob")
    rig.deliver("3:cyd")
    assert not rig.careful.reading.is_set()

    rig.runs.finish("1@1")
    assert rig.careful.reading.wait(LONG)
    assert rig.runs.running == []
    rig.careful.gate.set()

    rig.runs.await_running("2@1", "3@1")
    assert rig.careful.notes == ["2", "3", "finished"]


def test_nothing_runs_before_the_last_mark_is_gone(careful_rig: CarefulDispatcherRig) -> None:
    rig = careful_rig
    rig.careful.gate.set()
    rig.careful.answers = [Wait(rig.clock.now()), Wait(rig.clock.now())]
    rig.deliver_again("1:ada")

    rig.runs.await_running("1@1")
    assert rig.careful.notes == ["1", "kept up", "kept up", "finished"]


def test_what_is_harmless_is_read_beside_what_runs(careful_rig: CarefulDispatcherRig) -> None:
    rig = careful_rig
    rig.deliver("1:ada")
    rig.runs.await_running("1@1")

    rig.careful.harmless = True
    rig.deliver_again("2:bob")

    rig.runs.await_running("1@1", "2@1")


def test_what_is_unread_when_the_connection_is_lost_is_forgotten(careful_rig: CarefulDispatcherRig) -> None:
    rig = careful_rig
    rig.deliver_again("1:ada", "2:ada")
    assert rig.careful.reading.wait(LONG)

    rig.reconnect(2)
    rig.careful.harmless = True
    rig.careful.gate.set()
    rig.deliver_again("1:ada", epoch=2)

    rig.runs.await_running("1@2")


def test_a_drain_waits_for_what_is_being_read_and_reads_no_more(careful_rig: CarefulDispatcherRig) -> None:
    rig = careful_rig
    rig.deliver_again("1:ada", "2:bob")
    assert rig.careful.reading.wait(LONG)
    idle = threading.Event()
    rig.dispatcher.drain(idle.set)
    assert not idle.is_set()

    rig.careful.gate.set()

    assert idle.wait(LONG)
    assert rig.careful.notes == ["1", "finished"]


def test_the_oldest_may_be_unread(careful_rig: CarefulDispatcherRig) -> None:
    rig = careful_rig
    rig.deliver_again("1:ada")
    rig.clock.advance(5.0)

    assert rig.dispatcher.oldest_age() == rig.clock.monotonic()
