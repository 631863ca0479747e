"""What `send` says of faulty commands. Nothing here speaks to a broker."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from worker.cli.main import main

Dry = Callable[[str], tuple[int, str]]

SIGNUP = json.loads((Path(__file__).parents[3] / "examples" / "signup.json").read_text())[0]


def changed(**fields: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps({**SIGNUP, "data": {**SIGNUP["data"], **fields}})


@pytest.fixture
def dry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Dry:
    def typed(text: str) -> tuple[int, str]:
        file = tmp_path / "commands"
        file.write_text(text)
        monkeypatch.setattr("sys.argv", ["provisioning-worker", "send", "--dry-run", str(file)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        assert told.out == ""
        return int(ended.value.code or 0), told.err

    return typed


def test_every_faulty_command_is_named_with_its_line_its_fields_and_their_rules(dry: Dry) -> None:
    lines = [changed(), changed(password="pl4nt", zip=""), "", "{pl4nt", json.dumps({**SIGNUP, "type": "Pl4nt"})]

    code, told = dry("\n".join(lines))

    assert code == 1
    second, third, fourth = told.splitlines()
    assert second == (
        "line 2: command 2 is not valid: password: must have at least 6 characters; "
        "zip: must have at least 1 characters"
    )
    assert third.startswith("line 4 is not JSON: ")
    assert fourth.startswith("line 5: command 4 is not valid: type: is not a command; known are ")
    assert fourth.endswith("; nothing was sent")
    assert "pl4nt" not in told


def test_very_many_faults_are_counted_after_the_first_thousand(dry: Dry) -> None:
    _, told = dry("{}\n" * 1003)

    assert told.splitlines()[-1] == "and 3 commands more; nothing was sent"
    assert len(told.splitlines()) == 1001


@pytest.mark.parametrize("entry", ["5", '"text"', "null", "[]", '{"data": NaN}', '{"id": "\\ud800"}'])
def test_what_is_json_and_no_command_is_refused(dry: Dry, entry: str) -> None:
    code, told = dry(f"{changed()}\n{entry}")

    assert code == 1
    assert "line 2" in told


@pytest.mark.parametrize(("text", "count"), [("", "0 commands are"), (changed(), "1 command is")])
def test_the_valid_ones_are_counted(dry: Dry, text: str, count: str) -> None:
    assert dry(text) == (0, f"{count} valid; nothing was sent\n")


def test_an_empty_file_needs_no_broker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "none").write_text("\n")
    monkeypatch.setattr("sys.argv", ["provisioning-worker", "send", "--wait", str(tmp_path / "none")])

    with pytest.raises(SystemExit) as ended:
        main()

    assert not ended.value.code
    assert capsys.readouterr().err == "there are no commands in it; nothing was sent\n"


def test_a_file_that_breaks_while_it_is_read_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Breaking(io.RawIOBase):
        name = "<stdin>"

        def readable(self) -> bool:
            return True

        def readinto(self, _buffer: object) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(Breaking())))
    monkeypatch.setattr("sys.argv", ["provisioning-worker", "send", "--dry-run", "-"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert capsys.readouterr().err == "<stdin> cannot be read: [Errno 5] Input/output error\n"
