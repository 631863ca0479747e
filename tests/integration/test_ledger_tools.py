"""`ledger stats` and `ledger prune` as a person types them: what is printed where, and the exit codes."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine

from tests.support.ledger_opening import opened
from tests.support.ledger_rigs import empty_database
from tests.support.ledger_samples import CIPHER, asking, parked_work
from tests.support.ledger_seeds import old_command, old_refusal
from worker.cli.main import main
from worker.ledger.stores.opening import open_beside

DONE, FAILED, USAGE, UNREACHABLE, CONFIGURATION = 0, 1, 2, 69, 78
LONG_AGO = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Typed:
    """What the program answered."""

    returncode: object
    stdout: str
    stderr: str


Type = Callable[..., Typed]


@pytest.fixture
def url(url: str) -> str:
    """A ledger with one old command and one old refusal."""
    engine = create_engine(url, poolclass=NullPool)
    old_command(engine, "old", LONG_AGO)
    old_refusal(engine, "refused", LONG_AGO)
    return url


@pytest.fixture
def type_words(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """Run the program inside this process: starting it anew for each line would take a second each."""

    def typed(*words: str, ledger: str = url) -> Typed:
        monkeypatch.setenv("PROVISIONING_LEDGER__URL", ledger)
        monkeypatch.setattr(sys, "argv", ["provisioning-worker", "ledger", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return Typed(ended.value.code, *capsys.readouterr())

    return typed


def rows(typed: Typed) -> list[dict[str, Any]]:
    return [json.loads(line) for line in typed.stdout.splitlines()]


def counts(typed: Typed) -> dict[str, int]:
    return {row["what"]: row["count"] for row in rows(typed)}


def test_stats_counts_beside_a_running_worker_and_says_which_ledger_it_reads(type_words: Type, url: str) -> None:
    with opened(url) as ledger:
        ledger.claim(asking())
        ledger.parking_store(CIPHER).park([parked_work("evt_2"), parked_work("evt_3")])
        completed = type_words("stats")

    assert completed.returncode == DONE
    assert completed.stderr.startswith("read from ")
    found = rows(completed)
    assert {"about": "ledger", "what": "schema", "value": "0005"} in found
    commands = [(row["state"], row["type"], row["reason"], row["value"]) for row in found if row["about"] == "commands"]
    assert commands == [("claimed", "CreateCustomer", None, 1), ("done", "CreateCustomer", None, 1)]
    assert [row["value"] for row in found if row["about"] == "prunable"] == [1, 1]
    assert [row["value"] for row in found if row["about"] == "parked"] == [2]
    assert [(row["holding"], row["parked"]) for row in found if row["about"] == "owner"] == [(1, 2)]
    assert [row["what"] for row in found if "holding 1 and 2 parked" in str(row["what"])]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_stats_prints_a_table_or_one_document_when_asked(type_words: Type) -> None:
    table, document = type_words("stats", "--output", "table"), type_words("stats", "--output", "json")

    assert "done CreateCustomer" in table.stdout
    assert {row["about"] for row in json.loads(document.stdout)} >= {"ledger", "size", "commands", "prunable"}


def test_prune_forgets_beside_a_running_worker_and_a_dry_run_only_reports(type_words: Type, url: str) -> None:
    with opened(url):
        dry = type_words("prune", "--dry-run")
        wet = type_words("prune")
        again = type_words("prune")

    assert [each.returncode for each in (dry, wet, again)] == [DONE] * 3
    assert counts(dry) == counts(wet) == {"commands": 1, "refusals": 1}
    assert counts(again) == {"commands": 0, "refusals": 0}
    assert "would be pruned from" in dry.stderr
    assert "more than 90 days ago, pruned from" in wet.stderr


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_prune_can_be_given_the_days(type_words: Type) -> None:
    completed = type_words("prune", "--older-than", "3650")

    assert counts(completed) == {"commands": 1, "refusals": 1}
    assert "more than 3650 days ago" in completed.stderr
    for days in ("0", "700001"):
        assert type_words("prune", "--older-than", days).returncode == USAGE


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("days", ["36500", "700000"])
def test_what_is_kept_for_ever_is_counted_and_never_pruned(
    type_words: Type, monkeypatch: pytest.MonkeyPatch, days: str
) -> None:
    monkeypatch.setenv("PROVISIONING_LEDGER__KEEP_DAYS", days)

    assert counts(type_words("prune")) == {"commands": 0, "refusals": 0}
    assert [row["value"] for row in rows(type_words("stats")) if row["about"] == "prunable"] == [0, 0]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("words", [("stats",), ("prune",), ("prune", "--dry-run")])
def test_a_ledger_that_is_not_there_is_never_made(type_words: Type, tmp_path: Path, words: tuple[str, ...]) -> None:
    completed = type_words(*words, ledger=f"sqlite:///{tmp_path}/none/ledger.db")

    assert (completed.returncode, completed.stdout) == (UNREACHABLE, "")
    assert "There is no ledger at" in completed.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_password_is_never_repeated(type_words: Type) -> None:
    completed = type_words("stats", ledger="postgresql+psycopg://ledger:planted-secret@127.0.0.1:1/postgres")

    assert completed.returncode == UNREACHABLE
    assert "planted-secret" not in completed.stdout + completed.stderr


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_prune_beside_another_one_fails_and_says_why(type_words: Type, url: str) -> None:
    store = open_beside(url)
    with store.engine.connect() as other:
        assert store.may_prune(other)
        completed = type_words("prune")

    assert (completed.returncode, completed.stdout) == (FAILED, "")
    assert "Another process prunes" in completed.stderr


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_an_empty_database_says_what_to_type(type_words: Type, url: str) -> None:
    empty_database(url)

    for words in (("stats",), ("prune",), ("prune", "--dry-run")):
        completed = type_words(*words)
        assert completed.returncode == CONFIGURATION
        assert "provisioning-worker ledger migrate" in completed.stderr
