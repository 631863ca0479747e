"""Batches as the writer commits them: together when all is well, each alone when one of them is bad."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from tests.fakes.clock import FakeClock
from tests.fakes.telemetry import RecordingTelemetry
from tests.support.ledger_opening import url_in
from tests.support.ledger_samples import asking, failed_attempt, key, success, token_of
from worker.domain.claims import ClaimRequest, Fresh, Held, Token
from worker.domain.telemetry import LedgerTimed
from worker.errors import ClaimLost, LedgerError, LedgerUnavailable, NotTaken
from worker.ledger.config import LedgerConfig, LedgerOperation
from worker.ledger.migrations.migrate import migrate
from worker.ledger.operations import leasing
from worker.ledger.operations.claiming import claim_many
from worker.ledger.operations.leasing import Deposed, Lease
from worker.ledger.operations.recording import defer_many, record_many
from worker.ledger.operations.transaction import Unit
from worker.ledger.schema import owners
from worker.ledger.stores.opening import open_store
from worker.ledger.stores.store import Displaced, Store
from worker.ledger.write.commits import Commits
from worker.ledger.write.writer import AnyTicket, Ticket

SETTLE_SECONDS = 10.0


class Listener:
    """Keeps what is reported of outages."""

    def __init__(self) -> None:
        self.reports: list[str] = []

    def __call__(self, detail: str) -> None:
        self.reports.append(detail)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(url_in(tmp_path))
    migrate(store.engine)
    yield store
    store.release()


@pytest.fixture
def observer() -> RecordingTelemetry:
    return RecordingTelemetry()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def commits(store: Store, clock: FakeClock, observer: RecordingTelemetry) -> Iterator[Commits]:
    commits = commits_of("us", store, clock, observer)
    yield commits
    commits.leave()


def commits_of(owner: str, store: Store, clock: FakeClock, observer: RecordingTelemetry) -> Commits:
    lease = Lease(owner, 15.0, clock)
    with store.engine.begin() as connection:
        leasing.start(connection, owner, "host", 1, clock.now(), clock.now() + 15)
    lease.grant(lease.next_term())
    return Commits(store, lease, LedgerConfig(store.name, SETTLE_SECONDS, 90, patience_seconds=0), clock, observer)


def claiming(request: ClaimRequest) -> AnyTicket:
    return Ticket(claim_many, request, (request.key.source, request.key.id))


def _answer(ticket: AnyTicket) -> object:
    failure = ticket.future.exception(0)
    return ticket.future.result(0) if failure is None else failure


def answers(batch: Sequence[AnyTicket]) -> list[object]:
    return [_answer(ticket) for ticket in batch]


def broken(_: Unit, items: Sequence[str]) -> Sequence[str]:
    raise IntegrityError("INSERT", {}, ValueError("\n".join(["odd", *items])))


def closed_for_writing(_: Unit, _items: Sequence[str]) -> Sequence[str]:
    found = sqlite3.OperationalError("attempt to write a readonly database")
    found.sqlite_errorcode = sqlite3.SQLITE_READONLY
    raise OperationalError("INSERT", {}, found)


def damaged(_: Unit, _items: Sequence[str]) -> Sequence[str]:
    found = sqlite3.DatabaseError("database disk image is malformed")
    found.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    raise DatabaseError("SELECT", {}, found)


class Colliding:
    """Work that meets another process's row the first time."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, _: Unit, items: Sequence[str]) -> Sequence[str]:
        self.times += 1
        if self.times == 1:
            raise IntegrityError("INSERT", {}, ValueError("duplicate key"))
        return items


def test_a_collision_with_another_process_is_done_again(commits: Commits, observer: RecordingTelemetry) -> None:
    batch: list[AnyTicket] = [Ticket(Colliding(), "done", None)]
    commits.settle(batch)

    assert answers(batch) == ["done"]
    assert [each.operation for each in observer.of(LedgerTimed)] == [LedgerOperation.COMMIT]


def test_a_whole_batch_shares_one_commit(commits: Commits, observer: RecordingTelemetry) -> None:
    batch = [claiming(asking(f"evt_{number}")) for number in range(50)]
    commits.settle(batch)

    assert all(isinstance(answer, Fresh) for answer in answers(batch))
    assert [each.operation for each in observer.of(LedgerTimed)] == [LedgerOperation.COMMIT]


def test_a_bad_row_fails_alone(commits: Commits) -> None:
    batch = [claiming(asking("evt_1")), claiming(asking("evt_2", username="\ud800")), claiming(asking("evt_3"))]
    commits.settle(batch)

    first, bad, last = answers(batch)
    assert isinstance(first, Fresh)
    assert isinstance(last, Fresh)
    assert isinstance(bad, LedgerError)
    assert "command evt_2 of billing" in str(bad)


def test_a_command_that_an_operators_trigger_refuses_fails_alone_and_is_no_outage(
    commits: Commits, store: Store
) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER frozen BEFORE INSERT ON commands WHEN new.id = 'evt_2' "
            "BEGIN SELECT RAISE(ABORT, 'this one is frozen'); END"
        )
    batch = [claiming(asking("evt_1")), claiming(asking("evt_2"))]
    commits.settle(batch)

    good, frozen = answers(batch)
    assert isinstance(good, Fresh)
    assert isinstance(frozen, NotTaken)
    assert "command evt_2 of billing: this one is frozen" in str(frozen)
    assert not commits.away


def test_a_database_that_was_away_is_tried_without_a_command_before_the_lease_is_due(
    commits: Commits, observer: RecordingTelemetry
) -> None:
    listener = Listener()
    commits.watch(listener)
    batch: list[AnyTicket] = [Ticket(closed_for_writing, "x", None)]
    commits.settle(batch)
    (answer,) = answers(batch)
    assert isinstance(answer, LedgerUnavailable)
    assert listener.reports == [str(answer)]
    assert commits.away

    commits.settle([])

    assert not commits.away
    assert [each.operation for each in observer.of(LedgerTimed)] == [LedgerOperation.COMMIT]


def test_a_damaged_file_is_written_no_more(commits: Commits) -> None:
    batch: list[AnyTicket] = [claiming(asking()), Ticket(damaged, "x", None)]

    with pytest.raises(Displaced, match="is damaged: database disk image is malformed"):
        commits.settle(batch)
    assert all(isinstance(answer, LedgerUnavailable) for answer in answers(batch))


def test_a_new_connection_may_have_other_logs(commits: Commits, tmp_path: Path) -> None:
    commits.settle([claiming(asking("evt_1"))])
    commits._writer_connection.close()
    for number in range(9):
        # So that the new logs are not given the places of the old ones.
        (tmp_path / str(number)).touch()

    again = [claiming(asking("evt_2"))]
    commits.settle(again)

    assert isinstance(answers(again)[0], Fresh)


def test_a_bad_operation_fails_alone_whatever_it_is(commits: Commits) -> None:
    batch: list[AnyTicket] = [claiming(asking()), Ticket(broken, "secret row", None)]
    commits.settle(batch)

    good, bad = answers(batch)
    assert isinstance(good, Fresh)
    assert isinstance(bad, NotTaken)
    assert "secret row" not in str(bad)


def test_lost_claims_in_a_batch_cost_the_others_nothing(commits: Commits, observer: RecordingTelemetry) -> None:
    claims = [claiming(asking(f"evt_{number}")) for number in range(4)]
    commits.settle(claims)
    first, third = (token_of(claims[place].future.result(0)) for place in (0, 2))
    tokens = [first, Token(key("evt_1"), "stale"), third, Token(key("no"), "x")]
    batch: list[AnyTicket] = [Ticket(record_many, (token, success()), None) for token in tokens[:2]]
    batch += [Ticket(defer_many, (token, failed_attempt(0.0)), None) for token in tokens[2:]]
    commits.settle(batch)

    assert [type(answer) for answer in answers(batch)] == [type(None), ClaimLost, type(None), ClaimLost]
    assert [each.operation for each in observer.of(LedgerTimed)] == [LedgerOperation.COMMIT] * 2


def test_a_token_dies_as_soon_as_another_process_waits_for_its_command(
    commits: Commits, store: Store, clock: FakeClock, observer: RecordingTelemetry
) -> None:
    ours, theirs = claiming(asking()), claiming(asking())
    commits.settle([ours])
    successor = commits_of("them", store, clock, observer)
    successor.settle([theirs])
    late: AnyTicket = Ticket(record_many, (token_of(ours.future.result(0)), success()), None)
    commits.settle([late])
    successor.leave()

    assert isinstance(theirs.future.result(0), Held)
    assert isinstance(_answer(late), ClaimLost)


def test_a_process_that_stopped_in_order_keeps_nobody_waiting_for_its_lease(
    store: Store, clock: FakeClock, observer: RecordingTelemetry
) -> None:
    shared = replace(store, sole=False)
    stopping, standby = (commits_of(owner, shared, clock, observer) for owner in ("us", "them"))
    stopping.settle([claiming(asking())])
    stopping.leave()
    batch = [claiming(asking())]
    standby.settle(batch)
    standby.leave()

    assert answers(batch) == [Held(clock.now() + SETTLE_SECONDS)]
    assert not stopping._lease.holds()


def test_an_idle_batch_renews_a_lease_that_is_due(commits: Commits, clock: FakeClock) -> None:
    clock.advance(14)
    assert not commits._lease.holds()
    commits.settle([])

    assert commits._lease.holds()


def test_an_idle_batch_commits_nothing_while_the_lease_runs(commits: Commits, observer: RecordingTelemetry) -> None:
    commits.settle([])

    assert observer.events == []


def test_a_process_that_was_deposed_can_do_nothing_any_more(commits: Commits, store: Store, clock: FakeClock) -> None:
    with store.engine.begin() as connection:
        leasing.stop(connection, "us", clock.now())
    clock.advance(16)
    batch = [claiming(asking())]

    with pytest.raises(Deposed):
        commits.settle(batch)
    assert isinstance(_answer(batch[0]), LedgerUnavailable)
    assert not commits._lease.holds()


def test_a_server_that_does_not_know_our_lease_is_given_nothing_after_a_reconnect(
    commits: Commits, store: Store
) -> None:
    commits.settle([claiming(asking())])
    # As behind one address after a failover that lost the last seconds.
    with store.engine.begin() as connection:
        connection.execute(delete(owners))
    commits._writer_connection.close()

    with pytest.raises(Deposed):
        commits.settle([claiming(asking("evt_2"))])
