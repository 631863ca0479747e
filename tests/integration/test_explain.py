"""`explain` as it is typed, against a ledger of its own: how a finished command ended, in words."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.ledger_opening import opened, url_in
from tests.support.ledger_samples import asking, failure, success, token_of
from worker.cli.main import main
from worker.domain.claims import Ending, StoredEvent


def told_of(ending: Ending, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """The last row that `explain` prints of a command that ended so."""
    url = url_in(folder)
    with opened(url) as ledger:
        ledger.record(token_of(ledger.claim(asking())), ending)
    patch.setenv("PROVISIONING_LEDGER__URL", url)
    patch.setattr("sys.argv", ["provisioning-worker", "explain", "evt_1", "--output", "json"])
    with suppress(SystemExit):
        main()
    return str(json.loads(capsys.readouterr().out)[-1]["detail"])


def ended_as(outcome: str) -> Ending:
    body = json.dumps({"type": "CustomerCreated", "data": {"outcome": outcome}}).encode()
    return replace(success(), event=StoredEvent("event-1", "CustomerCreated", body))


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (ended_as("applied"), "applied; its event was told"),
        (ended_as("already_applied"), "already_applied: found done by an earlier try; its event was told"),
        (success(), "done; its event was told"),
        (failure(), "given up; its dead letter and its event were told: provider_rejected, "),
    ],
)
def test_the_outcome_of_a_finished_command_is_told(
    ending: Ending, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told_of(ending, tmp_path, monkeypatch, capsys) == said
