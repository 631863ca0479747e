"""The ledger is away while something is paused: the pause holds all the same, and is written as soon as it can be."""

import threading
from collections.abc import Sequence

import pytest

from tests.fakes.ledger import FakeLedger
from tests.unit.intake.replicas import Replica, ReplicaGroup
from tests.unit.pipeline.dispatcher_rig import LONG
from worker.errors import LedgerUnavailable
from worker.intake.causes import PauseCause
from worker.intake.sharing import PauseNote


@pytest.fixture
def group() -> ReplicaGroup:
    return ReplicaGroup()


class Away:
    """Notes that cannot be reached until they can."""

    def __init__(self, ledger: FakeLedger) -> None:
        self.is_away = True
        self.saved = 0
        self._ledger = ledger

    def save_pause(self, cause: str, scope: str, until: float | None, detail: str) -> None:
        self._check()
        self.saved += 1
        self._ledger.save_pause(cause, scope, until, detail)

    def clear_pause(self, cause: str, scope: str) -> None:
        self._check()
        self._ledger.clear_pause(cause, scope)

    def pauses(self) -> Sequence[PauseNote]:
        self._check()
        return self._ledger.pauses()

    def _check(self) -> None:
        if self.is_away:
            raise LedgerUnavailable("the ledger is away")


@pytest.fixture
def away(group: ReplicaGroup) -> Away:
    return Away(FakeLedger(group.clock, group.storage))


def test_a_ledger_that_is_away_is_reported_once_and_written_when_it_is_back(group: ReplicaGroup, away: Away) -> None:
    replica = Replica(group.clock, away)
    replica.fail(10, 3)
    for _ in range(3):
        replica.sharing.exchange()
    assert (replica.sharing_failures, replica.causes, group.rows) == (
        ["the ledger is away"],
        {PauseCause.OUTAGE},
        set(),
    )

    away.is_away = False
    replica.sharing.exchange()
    assert group.rows == {("outage", "v2")}
    away.is_away = True
    replica.sharing.exchange()

    assert len(replica.sharing_failures) == 2


def test_an_end_that_could_not_be_written_is_written_later(group: ReplicaGroup, away: Away) -> None:
    away.is_away = False
    replica = Replica(group.clock, away)
    replica.fail(10, 3)
    replica.sharing.exchange()
    away.is_away = True
    replica.go_on(10.0)
    assert (replica.causes, group.rows) == (set(), {("outage", "v2")})

    away.is_away = False
    replica.sharing.exchange()

    assert (replica.causes, group.rows) == (set(), set())


def test_what_has_not_changed_is_not_written_again(group: ReplicaGroup, away: Away) -> None:
    away.is_away = False
    replica = Replica(group.clock, away)
    replica.pause.exhausted(30.0)
    for _ in range(3):
        replica.go_on(0.1)
        replica.pause.exhausted(29.9)

    assert away.saved == 2  # once for each login


def test_its_thread_writes_by_itself_and_ends_with_the_pause(group: ReplicaGroup, away: Away) -> None:
    away.is_away = False
    written = threading.Event()
    replica = Replica(group.clock, away)
    save = away.save_pause

    def saving(cause: str, scope: str, until: float | None, detail: str) -> None:
        save(cause, scope, until, detail)
        written.set()

    away.save_pause = saving  # type: ignore[method-assign]  # to hear of it
    replica.sharing.start()

    replica.fail(10, 3)

    assert written.wait(LONG)
    assert replica.sharing.alive
    replica.pause.stop()
    replica.sharing.stop()
    assert not replica.sharing.alive
