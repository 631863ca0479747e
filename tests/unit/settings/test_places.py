"""Where the ledger lies when nobody says where."""

import os
from pathlib import Path

import pytest

from tests.unit.settings.conftest import Export
from worker.settings import LedgerReach, load
from worker.settings.loading import ledger_url


def url(**environment: str) -> str:
    """The ledger's URL in such an environment."""
    return ledger_url(load(LedgerReach), environment)


def test_what_is_set_counts_as_it_is(export: Export) -> None:
    export(LEDGER__URL="postgresql+psycopg://u:p@db.example.com/ledger")

    assert url(XDG_STATE_HOME="/state") == "postgresql+psycopg://u:p@db.example.com/ledger"


@pytest.mark.parametrize("user", [0, 1000])
def test_the_state_folder_of_the_environment_is_used_by_everybody(monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)

    assert url(XDG_STATE_HOME="/state", HOME="/x") == "sqlite:////state/provisioning-worker/ledger.db"


@pytest.mark.parametrize("state", ["", "relative/state"])
def test_a_state_folder_that_is_not_absolute_is_ignored(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert url(XDG_STATE_HOME=state, HOME="/x") == "sqlite:////x/.local/state/provisioning-worker/ledger.db"


def test_root_keeps_it_where_services_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    assert url(HOME="/x") == "sqlite:////var/lib/provisioning-worker/ledger.db"


def test_a_user_without_a_home_in_the_environment_has_one_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(Path, "home", lambda: Path("/y"))

    assert url() == "sqlite:////y/.local/state/provisioning-worker/ledger.db"
