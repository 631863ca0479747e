"""Pruning: what ended long ago goes, whatever a person or a worker still needs stays, and nobody waits for it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, Table, create_engine, func, select

from sandbox.servers.postgres import PrivatePostgres
from tests.fakes.telemetry import RecordingTelemetry
from tests.support.ledger_opening import SystemClock, opened
from tests.support.ledger_rigs import empty_database
from tests.support.ledger_samples import CIPHER, asking, parked_work, success, token_of
from tests.support.ledger_seeds import DAY, arrived_dead_letter, dead_command, old_command, old_owner, old_refusal
from worker.domain.claims import Done, Fresh
from worker.domain.telemetry import LedgerTimed, discard_event
from worker.ledger.config import LedgerOperation
from worker.ledger.maintenance import look_what_to_prune, migrate_ledger, prune_ledger
from worker.ledger.pruning.pruner import Pruned, PrunedElsewhere, Pruner
from worker.ledger.pruning.rule import BATCH_ROWS
from worker.ledger.schema import commands, failed_attempts, owners, refusals
from worker.ledger.stores.opening import open_beside

NOW = 1_800_000_000.0
OLD, RECENT = NOW - 91 * DAY, NOW - 89 * DAY


class Clock(SystemClock):
    """Stands still at one moment of the calendar."""

    def now(self) -> float:
        return NOW


class Rests:
    """Takes every rest at once; asks to stop after so many."""

    def __init__(self, stop_after: int = 1_000) -> None:
        self.seconds: list[float] = []
        self._stop_after = stop_after

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) >= self._stop_after


def prune(url: str, days: float = 90, rests: Rests | None = None) -> Pruned:
    return prune_ledger(url, days, Clock(), rests or Rests())


def left(engine: Engine, table: Table = commands) -> set[str]:
    column = {"commands": "id", "refusals": "id", "owners": "owner", "tries": "command_id"}[table.name]
    with engine.connect() as connection:
        return set(connection.execute(select(table.c[column])).scalars())


def test_what_ended_before_the_days_to_keep_goes_with_its_attempts(url: str, engine: Engine) -> None:
    old_command(engine, "old", OLD)
    old_command(engine, "recent", RECENT)
    old_refusal(engine, "old refusal", OLD)
    old_refusal(engine, "recent refusal", RECENT)

    assert prune(url) == Pruned(1, 1, whole=True)
    assert left(engine) == left(engine, failed_attempts) == {"recent"}
    assert left(engine, refusals) == {"recent refusal"}


def test_the_days_can_be_given(url: str, engine: Engine) -> None:
    old_command(engine, "recent", RECENT)

    assert prune(url, days=88).commands == 1


def test_what_is_unfinished_stays_however_old(url: str, engine: Engine) -> None:
    old_command(engine, "claimed", None)
    old_command(engine, "waiting", None, state="waiting")

    assert prune(url) == Pruned(0, 0, whole=True)
    assert left(engine) == {"claimed", "waiting"}


def test_what_is_parked_stays_and_so_does_what_is_known_of_its_command(url: str, engine: Engine) -> None:
    old_command(engine, "parked again", OLD)
    old_command(engine, "of another source", OLD, source="shop")
    with opened(url) as ledger:
        parking_store = ledger.parking_store(CIPHER)
        parking_store.park(
            [parked_work("parked again"), parked_work("of another source"), parked_work("never claimed")]
        )

        assert prune(url).commands == 1
        assert left(engine) == {"parked again"}
        assert len(parking_store.mine()) == 3


def test_a_command_that_was_given_up_stays_until_its_dead_letter_is_closed(url: str, engine: Engine) -> None:
    for id_ in ("dead letter on its queue", "dead letter open", "dead letter closed"):
        dead_command(engine, id_, OLD)
    arrived_dead_letter(engine, "dead letter open", closed_at=None)
    arrived_dead_letter(engine, "dead letter closed", closed_at=NOW - 1)

    assert look_what_to_prune(url, 90, Clock()).commands == 1
    assert prune(url).commands == 1
    assert left(engine) == {"dead letter on its queue", "dead letter open"}


def test_a_command_that_was_done_stays_while_any_dead_letter_that_names_it_is_open(url: str, engine: Engine) -> None:
    old_command(engine, "named", OLD)
    old_command(engine, "of another source", OLD, source="shop")
    arrived_dead_letter(engine, "named", closed_at=None, name="other content under its id")
    arrived_dead_letter(engine, "of another source", closed_at=None)

    assert prune(url).commands == 1
    assert left(engine) == {"named"}


def test_a_refusal_stays_while_its_dead_letter_is_open_in_the_table(url: str, engine: Engine) -> None:
    for id_ in ("open", "closed", "on its queue"):
        old_refusal(engine, id_, OLD)
    arrived_dead_letter(engine, "open", closed_at=None)
    arrived_dead_letter(engine, "closed", closed_at=NOW - 1)

    assert look_what_to_prune(url, 90, Clock()).refusals == 2
    assert prune(url).refusals == 2
    assert left(engine, refusals) == {"open"}


def test_processes_that_ended_long_ago_go_unless_something_of_theirs_is_left(url: str, engine: Engine) -> None:
    old_owner(engine, "stopped", OLD, stopped_at=OLD)
    old_owner(engine, "crashed", OLD)
    old_owner(engine, "gone", OLD)
    old_owner(engine, "recent", RECENT)
    old_command(engine, "left behind", None, owner="gone")

    prune(url)

    assert left(engine, owners) == {"gone", "recent"}


def test_a_dry_run_reports_the_same_and_changes_nothing(url: str, engine: Engine) -> None:
    old_command(engine, "old", OLD)
    old_command(engine, "recent", RECENT)
    old_refusal(engine, "old refusal", OLD)

    found = look_what_to_prune(url, 90, Clock())

    assert (found.commands, found.refusals, found.before) == (1, 1, NOW - 90 * DAY)
    assert left(engine) == {"old", "recent"}


def fill(engine: Engine, count: int, finished_at: float = OLD) -> None:
    """Leave many old commands, all of the same moment, as one commit leaves them."""
    old_command(engine, "first", finished_at)
    names = [column.name for column in commands.c if column.name not in {"arrival", "id"}]
    copied = select(*(commands.c[name] for name in names)).where(commands.c.id == "first")
    with engine.begin() as connection:
        row = connection.execute(copied).one()._asdict()
        connection.execute(commands.insert(), [{**row, "id": f"evt_{number}"} for number in range(1, count)])


def test_many_rows_go_in_small_commits_with_a_rest_after_each(url: str, engine: Engine) -> None:
    fill(engine, 2 * BATCH_ROWS + 1)
    rests = Rests()

    assert prune(url, rests=rests).commands == 2 * BATCH_ROWS + 1
    assert len(rests.seconds) == 3
    assert min(rests.seconds) >= 0.1


def test_many_rows_that_must_stay_are_passed_over(url: str, engine: Engine) -> None:
    fill(engine, BATCH_ROWS + 5)
    with engine.begin() as connection:
        dead = {"state": "dead", "letter_id": "open", "letter_reason": "invalid", "letter_headers": "{}"}
        connection.execute(commands.update().values(**dead))
    old_command(engine, "behind them", OLD)

    assert prune(url).commands == 1


def test_a_run_that_is_asked_to_stop_ends_after_its_commit(url: str, engine: Engine) -> None:
    fill(engine, BATCH_ROWS + 1)

    assert prune(url, rests=Rests(stop_after=1)) == Pruned(BATCH_ROWS, 0, whole=False)
    assert prune(url) == Pruned(1, 0, whole=True)


def test_a_repeat_of_what_was_forgotten_is_new(url: str, engine: Engine) -> None:
    with opened(url) as ledger:
        ledger.record(token_of(ledger.claim(asking())), success())
        with engine.begin() as connection:
            connection.execute(commands.update().values(finished_at=OLD))
        assert ledger.claim(asking()) == Done(success().event)
        assert prune(url).commands == 1
        assert isinstance(ledger.claim(asking()), Fresh)


def test_a_worker_prunes_by_its_own_days_and_is_measured(url: str, engine: Engine) -> None:
    observer = RecordingTelemetry()
    now = SystemClock().now()
    old_command(engine, "old", now - 91 * DAY)
    old_command(engine, "recent", now - 89 * DAY)
    with opened(url, emit=observer) as ledger:
        assert ledger.prune(Rests()).commands == 1
    assert LedgerOperation.PRUNE in [each.operation for each in observer.of(LedgerTimed)]
    assert left(engine) == {"recent"}


def test_claims_go_on_while_rows_are_pruned(url: str, engine: Engine) -> None:
    fill(engine, 4 * BATCH_ROWS)
    with opened(url, patience_seconds=30) as ledger, ThreadPoolExecutor(1) as pool:
        pruning = pool.submit(prune, url)
        for number in range(100):
            ledger.record(token_of(ledger.claim(asking(f"new_{number}"))), success())
        assert pruning.result(60) == Pruned(4 * BATCH_ROWS, 0, whole=True)
    assert len(left(engine)) == 100


def test_of_two_processes_on_one_server_only_one_prunes(database: PrivatePostgres) -> None:
    empty_database(database.url)
    migrate_ledger(database.url)
    store = open_beside(database.url)
    with store.engine.connect() as other:
        assert store.may_prune(other)
        with pytest.raises(PrunedElsewhere, match="Another process prunes"):
            prune(database.url)

    assert prune(database.url).whole


def test_a_row_that_a_claim_has_in_hand_is_left_for_the_next_time(database: PrivatePostgres) -> None:
    empty_database(database.url)
    migrate_ledger(database.url)
    engine = create_engine(database.url, poolclass=NullPool)
    old_command(engine, "in hand", OLD)
    old_command(engine, "old", OLD)
    with engine.begin() as connection:
        connection.execute(select(commands).where(commands.c.id == "in hand").with_for_update())
        assert prune(database.url).commands == 1

    assert left(engine) == {"in hand"}
    assert prune(database.url).commands == 1


def test_a_busy_file_is_tried_again_a_few_times(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    migrate_ledger(url)
    store = open_beside(url)
    holder = store.engine.connect()
    holding = holder.begin()
    rests: list[float] = []

    def let_go(seconds: float) -> bool:
        rests.append(seconds)
        if holding.is_active:
            holding.rollback()
        return False

    assert Pruner(store, Clock(), discard_event).prune(90, let_go).whole
    assert rests == [1.0]
    holder.close()


def test_the_space_that_is_freed_is_used_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    migrate_ledger(url)
    engine = create_engine(url, poolclass=NullPool)
    fill(engine, 2_000)
    size = (tmp_path / "ledger.db").stat().st_size
    prune(url)
    fill(engine, 2_000)

    assert (tmp_path / "ledger.db").stat().st_size <= size * 1.1
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(commands)).scalar_one() == 2_000
