"""Whatever others wrote, a command prints it visibly, and each line of its errors stays one line."""

import json

import pytest

from worker.cli import program
from worker.cli.commands.send.checking import Unsendable
from worker.cli.main import main
from worker.cli.terminal.output import Column, Output, say, show_rows
from worker.errors import SettingsInvalid, WorkerError

HOSTILE = "a\x1b[2J\x9b31m\u202e\u200b\x7f\r\nfaked: all is well\ud800\U000e0041"
SHOWN = r"a\x1b[2J\x9b31m\u202e\u200b\x7f\r\nfaked: all is well\ud800\U000e0041"


def test_a_table_shows_what_others_wrote_visibly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    show_rows([{"username": HOSTILE, "parts": [HOSTILE]}], (Column("username"), Column("parts")), Output.TABLE)

    printed = capsys.readouterr().out
    assert SHOWN in printed
    assert all(map(str.isprintable, printed.splitlines()))


@pytest.mark.parametrize("output", [Output.JSON, Output.JSONL, Output.AUTO])
def test_json_is_ascii_that_prints_and_keeps_the_value(capsys: pytest.CaptureFixture[str], output: Output) -> None:
    show_rows([{"username": HOSTILE, HOSTILE: 1}], (), output)

    printed = capsys.readouterr().out
    assert printed.isascii()
    assert all(map(str.isprintable, printed.splitlines()))
    assert {"username": HOSTILE, HOSTILE: 1} in [json.loads(printed), *json.loads(printed)]


def test_a_line_on_standard_error_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE, "second")

    assert capsys.readouterr().err == f"{SHOWN}\nsecond\n"


@pytest.mark.parametrize(
    ("failure", "lines"),
    [
        (WorkerError(HOSTILE), [SHOWN]),
        (SettingsInvalid([HOSTILE, "other"]), [SHOWN, "other"]),
        (Unsendable([HOSTILE, "other"]), [SHOWN, "other; nothing was sent"]),
    ],
)
def test_what_ends_a_command_is_reported_visibly_a_line_each(
    failure: WorkerError, lines: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise failure

    monkeypatch.setattr(program, "program", lambda: fail)

    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().err.splitlines() == lines
