"""The counts of a ledger, taken beside the worker that writes it, on both products."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text, update

from sandbox.servers.postgres import PrivatePostgres
from tests.support.ledger_opening import SystemClock, opened
from tests.support.ledger_samples import (
    CIPHER,
    asking,
    failed_attempt,
    failure,
    key,
    parked_work,
    refusal,
    success,
    token_of,
)
from tests.support.ledger_seeds import DAY, dead_command, old_command, old_owner, old_refusal
from worker.errors import LedgerRefused, LedgerUnavailable
from worker.ledger.maintenance import migrate_ledger
from worker.ledger.read.stats import CommandCount, LedgerStats, ParkedCount, RefusalCount, Unfinished, read_stats
from worker.ledger.schema import parked
from worker.ledger.stores.opening import open_reading

LONG_AGO = 1_000_000.0


def stats(url: str) -> LedgerStats:
    return read_stats(url, 90, SystemClock())


def test_an_empty_ledger_counts_nothing(url: str) -> None:
    seen = stats(url)

    assert (seen.commands, seen.refusals, seen.owners) == ((), (), ())
    assert (seen.oldest_unfinished, seen.newest_finished) == (None, None)
    assert seen.parked == ParkedCount(0, None)
    assert (seen.prunable.commands, seen.prunable.refusals) == (0, 0)
    assert seen.schema == "0005"
    assert seen.size.total_bytes > 0


def test_commands_are_counted_by_state_type_and_reason_beside_a_running_worker(url: str) -> None:
    with opened(url) as ledger:
        ledger.claim(asking("claimed"))
        ledger.defer(token_of(ledger.claim(asking("waiting"))), failed_attempt(0.0))
        ledger.record(token_of(ledger.claim(asking("given up"))), failure())
        for number in range(2):
            ledger.record(token_of(ledger.claim(asking(f"done {number}", type_="ChangeEmail"))), success())
        ledger.refuse(refusal())
        seen = stats(url)

    assert seen.commands == (
        CommandCount("claimed", "CreateCustomer", None, 1),
        CommandCount("dead", "CreateCustomer", "provider_rejected", 1),
        CommandCount("done", "ChangeEmail", None, 2),
        CommandCount("waiting", "CreateCustomer", None, 1),
    )
    assert seen.refusals == (RefusalCount("provider_rejected", 1),)


def test_what_is_parked_is_counted_from_the_first_on(url: str, engine: Engine) -> None:
    with opened(url) as ledger:
        places = ledger.parking_store(CIPHER).park([parked_work("evt_1"), parked_work("evt_2")])
    with engine.begin() as connection:
        first = parked.c.position == places[0].position
        connection.execute(update(parked).where(first).values(parked_at=LONG_AGO))

    assert stats(url).parked == ParkedCount(2, LONG_AGO)


def test_the_oldest_unfinished_and_the_newest_finished_are_reported(url: str, engine: Engine) -> None:
    old_command(engine, "newer", None, first_seen_at=20.0)
    old_command(engine, "oldest", None, first_seen_at=10.0, state="waiting")
    old_command(engine, "older still, and done", 30.0, first_seen_at=5.0)
    old_command(engine, "done last", 40.0)

    seen = stats(url)

    assert seen.oldest_unfinished == Unfinished(key("oldest"), "CreateCustomer", "waiting", 10.0)
    assert seen.newest_finished == 40.0


def test_what_could_be_pruned_now_is_reported(url: str, engine: Engine) -> None:
    now = SystemClock().now()
    old_command(engine, "old", LONG_AGO)
    old_command(engine, "recent", now - DAY)
    dead_command(engine, "given up", LONG_AGO)
    old_refusal(engine, "refused", LONG_AGO)

    seen = stats(url).prunable

    assert (seen.commands, seen.refusals) == (1, 1)
    assert seen.before == pytest.approx(now - 90 * DAY, abs=60)


def test_workers_that_have_not_stopped_are_reported_with_what_they_hold(url: str, engine: Engine) -> None:
    old_owner(engine, "crashed", LONG_AGO)
    old_owner(engine, "stopped", LONG_AGO, stopped_at=LONG_AGO)
    old_command(engine, "left behind", None, owner="crashed")
    with opened(url) as ledger:
        ledger.claim(asking("one"))
        ledger.claim(asking("two"))
        ledger.parking_store(CIPHER).park([parked_work(f"parked {number}") for number in range(3)])
        crashed, living = stats(url).owners

    assert (crashed.owner, crashed.host, crashed.pid, crashed.holding) == ("crashed", "old-host", 7, 1)
    assert (crashed.parked, living.holding, living.parked) == (0, 2, 3)
    assert living.lease_until > SystemClock().now() - 60


def test_nothing_can_be_changed_through_what_only_looks(url: str) -> None:
    with open_reading(url).engine.connect() as connection, pytest.raises(Exception, match=r"read-?only"):
        connection.execute(text("DELETE FROM commands"))


def test_another_schema_says_what_to_type(url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE ledger_revision SET version_num = '0002'"))

    with pytest.raises(LedgerRefused, match="run `provisioning-worker ledger migrate`"):
        stats(url)


def test_counting_makes_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match="There is no ledger"):
        stats(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_away_is_reported_without_its_password(database: PrivatePostgres) -> None:
    url = database.url.replace(f":{database.url.rpartition(':')[2]}", ":1/postgres")

    with pytest.raises(LedgerUnavailable, match="cannot be read") as caught:
        stats(url)
    assert url.partition("://")[2].partition("@")[0].partition(":")[2] not in str(caught.value)


def test_free_pages_of_a_file_are_reported(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    migrate_ledger(url)
    engine = create_engine(url, poolclass=NullPool)
    for number in range(50):
        old_command(engine, f"evt_{number}", LONG_AGO, event_body=b"x" * 5_000)
    before = stats(url).size
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM commands"))

    after = stats(url).size
    assert before.free_bytes == 0
    assert after.free_bytes is not None
    assert 0 < after.free_bytes < after.total_bytes
