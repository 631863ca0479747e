"""`ledger prune --parked`: a ledger that was put back forgets what may have run since, and only while nobody works."""

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from messages.errors import Undecodable
from tests.support.ledger_opening import SystemClock, opened
from tests.support.ledger_samples import CIPHER, asking, parked_work
from tests.support.ledger_seeds import old_command, old_owner
from tests.support.waiting import wait_for
from worker.cli.main import main
from worker.domain.claims import Fresh
from worker.domain.result_events import rfc3339
from worker.ledger.maintenance import forget_what_is_parked
from worker.ledger.pruning.parked import StillAtWork
from worker.ledger.schema import commands, owners, parked, parked_lanes

DONE, FAILED, USAGE, UNREACHABLE = 0, 1, 2, 69
PARKED_AT = 1_000_000.0

Type = Callable[..., tuple[object, str, str]]


@pytest.fixture
def put_back(url: str, engine: Engine) -> None:
    """A ledger as a backup gives it back: two commands and a message without a name are parked, by nobody who lives."""
    old_command(engine, "done", 1.0)
    with opened(url) as ledger:
        nameless = replace(parked_work(), content=Undecodable([]))
        ledger.parking_store(CIPHER).park([parked_work("evt_2"), parked_work("evt_1"), nameless])
    with engine.begin() as connection:
        connection.execute(parked.update().values(parked_at=PARKED_AT))


@pytest.fixture
def type_words(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """Run `ledger prune` inside this process; gives its exit code and what it printed."""

    def typed(*words: str, ledger: str = url) -> tuple[object, str, str]:
        monkeypatch.setenv("PROVISIONING_LEDGER__URL", ledger)
        monkeypatch.setattr(sys, "argv", ["provisioning-worker", "ledger", "prune", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    return typed


def left(engine: Engine) -> tuple[int, int, int]:
    """How many are parked, how many lanes they keep, how many commands are remembered."""
    with engine.connect() as connection:
        parked_, lanes, remembered = (
            len(connection.execute(select(table)).all()) for table in (parked, parked_lanes, commands)
        )
    return parked_, lanes, remembered


@pytest.mark.usefixtures("put_back")
def test_everything_parked_is_forgotten_and_listed_in_its_order(type_words: Type, engine: Engine, url: str) -> None:
    since = rfc3339(PARKED_AT)

    code, out, err = type_words("--parked")

    assert code == DONE
    assert [tuple(json.loads(line).values()) for line in out.splitlines()] == [
        ("evt_2", "billing", since),
        ("evt_1", "billing", since),
        (None, None, since),
    ]
    assert err.startswith("3 parked commands forgotten in ")
    assert left(engine) == (0, 0, 1)
    with opened(url) as ledger:
        assert isinstance(ledger.claim(asking()), Fresh)


@pytest.mark.usefixtures("put_back")
def test_a_dry_run_lists_the_same_also_beside_a_worker_and_changes_nothing(
    type_words: Type, engine: Engine, url: str
) -> None:
    with opened(url):
        code, shown, err = type_words("--parked", "--dry-run")
    before = left(engine)

    assert (code, before) == (DONE, (3, 3, 1))
    assert "3 parked commands would be forgotten in" in err
    assert type_words("--parked")[1] == shown


@pytest.mark.usefixtures("put_back")
def test_while_a_worker_has_it_open_nothing_is_forgotten_and_it_says_what_to_do(
    type_words: Type, engine: Engine, url: str
) -> None:
    with opened(url):
        code, out, err = type_words("--parked")

    assert (code, out) == (FAILED, "")
    assert err.startswith("Process ")
    assert "Nothing was forgotten: stop" in err
    assert left(engine) == (3, 3, 1)
    assert type_words("--parked")[0] == DONE


@pytest.mark.usefixtures("put_back")
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_the_lease_of_one_that_died_is_waited_for_and_reported(type_words: Type, engine: Engine) -> None:
    until = SystemClock().now() + 600
    old_owner(engine, "died", until)

    code, out, err = type_words("--parked")

    assert (code, out) == (FAILED, "")
    assert "Process 7 on old-host has the ledger " in err
    assert f"wait for the end of its lease, {rfc3339(until)}" in err
    assert left(engine) == (3, 3, 1)


@pytest.mark.usefixtures("put_back")
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_worker_that_starts_at_the_same_moment_is_waited_for_and_seen(url: str, engine: Engine) -> None:
    owner = {"owner": "starting", "host": "h", "pid": 8, "started_at": 1.0, "lease_until": SystemClock().now() + 600}
    with ThreadPoolExecutor(1) as pool, engine.connect() as starting:
        starting.execute(owners.insert(), owner)
        pruning = pool.submit(forget_what_is_parked, url, SystemClock())
        wait_for(lambda: pruning.done() or somebody_waits_for_a_lock(engine), "the other to wait for the start")
        starting.commit()
        with pytest.raises(StillAtWork, match="Process 8 on h"):
            pruning.result(60)

    assert left(engine) == (3, 3, 1)


def somebody_waits_for_a_lock(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one())


@pytest.mark.usefixtures("put_back")
def test_leases_that_ended_and_workers_that_stopped_keep_nobody_from_it(type_words: Type, engine: Engine) -> None:
    old_owner(engine, "died", PARKED_AT)
    old_owner(engine, "stopped", SystemClock().now() + 600, stopped_at=PARKED_AT)

    assert type_words("--parked")[0] == DONE
    assert left(engine) == (0, 0, 1)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_it_is_a_table_when_asked_and_takes_no_days(type_words: Type, put_back: None) -> None:
    del put_back
    assert "parked since" in type_words("--parked", "--dry-run", "--output", "table")[1]
    assert type_words("--parked", "--older-than", "3")[0] == USAGE


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("words", [("--parked",), ("--parked", "--dry-run")])
def test_a_ledger_that_is_not_there_is_never_made(type_words: Type, tmp_path: Path, words: tuple[str, ...]) -> None:
    code, out, err = type_words(*words, ledger=f"sqlite:///{tmp_path}/none/ledger.db")

    assert (code, out) == (UNREACHABLE, "")
    assert "There is no ledger at" in err
    assert not (tmp_path / "none").exists()
