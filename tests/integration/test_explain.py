"""`explain` as it is typed, against a ledger of its own: how a finished command ended, in words."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.ledger_opening import opened, url_in
from tests.support.ledger_samples import CIPHER, asking, failure, parked_work, success, token_of
from worker.cli.main import main
from worker.domain.endings import Ending
from worker.domain.result_events import StoredEvent


def explained_as(ending: Ending, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """The last row that `explain` prints of a command that ended so."""
    with opened(url_in(folder)) as ledger:
        ledger.record(token_of(ledger.claim(asking())), ending)
    return explained(folder, patch, capsys)


def explained(folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """The last row that `explain` prints of the command in this folder's ledger."""
    patch.setenv("PROVISIONING_LEDGER__URL", url_in(folder))
    patch.setattr("sys.argv", ["provisioning-worker", "explain", "evt_1", "--output", "json"])
    with suppress(SystemExit):
        main()
    return str(json.loads(capsys.readouterr().out)[-1]["detail"])


RECORDED = "its event is recorded, and published once the broker takes it"


def ended_as(outcome: str) -> Ending:
    body = json.dumps({"type": "CustomerCreated", "data": {"outcome": outcome}}).encode()
    return replace(success(), event=StoredEvent("event-1", "CustomerCreated", body))


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        (ended_as("applied"), f"applied; {RECORDED}"),
        (
            ended_as("already_applied"),
            f"already_applied: found done by an earlier attempt; {RECORDED}",
        ),
        (success(), f"done; {RECORDED}"),
        (
            failure(),
            (
                "given up; its dead letter and its event are recorded, and published once the broker takes them: "
                "provider_rejected, "
            ),
        ),
    ],
)
def test_the_outcome_of_a_finished_command_is_reported(
    ending: Ending, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explained_as(ending, tmp_path, monkeypatch, capsys) == expected


def test_a_parked_command_is_reported_with_what_it_waits_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(url_in(tmp_path)) as ledger:
        ledger.parking_store(CIPHER).park([parked_work("evt_8"), parked_work("evt_9"), parked_work("evt_1")])

    answer = explained(tmp_path, monkeypatch, capsys)

    assert answer.startswith("waits in the ledger behind 2 parked before it for the same customer")
    assert "the first of them evt_8 of billing" in answer


def test_a_parked_command_that_is_the_next_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(url_in(tmp_path)) as ledger:
        ledger.claim(asking())
        ledger.parking_store(CIPHER).park([parked_work("evt_1"), parked_work("evt_9")])

    answer = explained(tmp_path, monkeypatch, capsys)

    assert answer == "waits in the ledger, with nothing parked before it: the worker runs it as soon as it can"


def test_what_others_wrote_is_reported_visibly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "refused \x1b[2J\x9b31m\u202e\r\nread from another ledger"
    given_up = failure()
    assert given_up.dead_letter
    dead_letter = replace(
        given_up.dead_letter, headers={**given_up.dead_letter.headers, "provisioning-detail": hostile}
    )
    asked = replace(asking(), subject="cus\u202e_1")
    with opened(url_in(tmp_path)) as ledger:
        ledger.record(token_of(ledger.claim(asked)), replace(given_up, dead_letter=dead_letter))
    monkeypatch.setenv("PROVISIONING_LEDGER__URL", url_in(tmp_path))
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setattr("sys.argv", ["provisioning-worker", "explain", "evt_1", "--output", "table"])

    with suppress(SystemExit):
        main()

    captured = capsys.readouterr()
    assert r"cus\u202e_1" in captured.out
    assert r"refused \x1b[2J\x9b31m\u202e\r\nread from another ledger" in captured.out
    assert all(map(str.isprintable, (captured.out + captured.err).splitlines()))


def test_a_question_for_an_id_with_a_line_break_is_answered_on_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(url_in(tmp_path)):
        pass
    monkeypatch.setenv("PROVISIONING_LEDGER__URL", url_in(tmp_path))
    monkeypatch.setattr("sys.argv", ["provisioning-worker", "explain", "evt_1\x1b[2J\nall is well"])

    with pytest.raises(SystemExit):
        main()

    named, shown = capsys.readouterr().err.splitlines()
    assert named.startswith("read from")
    assert r"evt_1\x1b[2J\nall is well" in shown
