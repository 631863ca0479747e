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
        output = capsys.readouterr()
        assert output.out == ""
        return int(ended.value.code or 0), output.err

    return typed


def test_every_faulty_command_is_named_with_its_line_its_fields_and_their_rules(dry: Dry) -> None:
    other = {**SIGNUP, "id": "evt_2"}
    lines = [changed(), changed(password="pl4nt", zip=""), "", "{pl4nt", json.dumps({**other, "type": "Pl4nt"})]

    code, output = dry("\n".join(lines))

    assert code == 1
    second, third, fourth = output.splitlines()
    assert second == (
        "line 2 (evt_2001): data.password: must have at least 6 characters; data.zip: must have at least 1 characters"
    )
    assert third.startswith("line 4 is not JSON: ")
    assert fourth.startswith("line 5 (evt_2): type: is not a command; known are ")
    assert fourth.endswith("; nothing was sent")
    assert "pl4nt" not in output


def test_after_a_thousand_faults_no_more_are_looked_for(dry: Dry) -> None:
    _, output = dry("{}\n" * 1003)

    assert output.splitlines()[-1] == "after 1000 faults no more are looked for; nothing was sent"
    assert len(output.splitlines()) == 1001


@pytest.mark.parametrize("entry", ["5", '"text"', "null", "[]", '{"data": NaN}', '{"id": "\\ud800"}'])
def test_what_is_json_and_no_command_is_refused(dry: Dry, entry: str) -> None:
    code, output = dry(f"{changed()}\n{entry}")

    assert code == 1
    assert "line 2" in output


def test_the_valid_ones_are_counted(dry: Dry) -> None:
    assert dry(changed()) == (0, "1 command is valid; nothing was sent\n")
    assert dry(f"{changed()}\n{json.dumps({**SIGNUP, 'id': 'evt_2'})}") == (
        0,
        "2 commands are valid; nothing was sent\n",
    )


def without(*names: str, **changes: object) -> str:
    return json.dumps({name: value for name, value in {**SIGNUP, **changes}.items() if name not in names})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (without("specversion"), "line 1 (evt_2001): specversion: must be 1.0"),
        (f"[{without('specversion')}]", "command 1 (evt_2001): specversion: must be 1.0"),
        (without("source"), "line 1 (evt_2001): source: is required"),
        (changed()[:-1] + ', "id": "evt_2"}', "line 1 is not JSON: id: is there more than once"),
        ('{"data": {"\\u0061": 1, "a": 1}}', "line 1 is not JSON: a: is there more than once"),
        ('[{}, {"a": [{"b": 1, "b": 2}]}]', "line 1 is not JSON: b: is there more than once"),
        ('{"data": NaN}', "line 1 is not JSON: NaN is no number of JSON"),
        ('{"data": -Infinity}', "line 1 is not JSON: -Infinity is no number of JSON"),
        ('{"data": ' + "1" * 5_000 + "}", "line 1 is not JSON: it holds a number with too many digits"),
        ('{"data": ' + '{"a":' * 240 + "1" + "}" * 241, "line 1: the body is not JSON in UTF-8: recursion limit"),
        (without("data", data_base64="x"), "line 1 (evt_2001): data_base64: must be Base64"),
        (without("id", "data"), "line 1: data: must be an object with the command's fields"),
        (without(data={"id": 1}), "data.id: is not a field of this command"),
        (without(id=""), "line 1: id: must have 1 to 255 bytes, not 0"),
        (without(id="a\u0007b"), "line 1: id: must not contain control characters"),
        (without(note="x" * 300_000), "line 1 (evt_2001): the body has "),
    ],
)
def test_what_the_worker_would_refuse_is_refused_with_its_place_and_its_path(dry: Dry, text: str, fault: str) -> None:
    code, output = dry(text)

    assert code == 1
    assert fault in output


@pytest.mark.parametrize("time", ["now", "", 1.5e300, "2026-11-21T09:30:00"])
def test_a_time_that_is_dropped_is_reported(dry: Dry, time: object) -> None:
    code, output = dry(without(time=time))

    assert code == 0
    assert output.splitlines() == [
        "note: commands whose time names no moment: 1; the worker drops it",
        "1 command is valid; nothing was sent",
    ]


def test_an_id_alone_is_made_up_and_that_is_reported(dry: Dry) -> None:
    code, output = dry(without("id"))

    assert code == 0
    assert output.splitlines() == [
        "note: commands without an id: 1; `send` makes one up, the worker itself asks for one",
        "1 command is valid; nothing was sent",
    ]


def test_one_id_with_two_contents_is_refused_before_anything_is_sent(dry: Dry) -> None:
    code, output = dry(f"{changed()}\n{changed(first_name='Eve')}\n{without(subject='other')}\n{without(source='b')}")

    assert code == 1
    why = "id: stands for other content in line 1 (evt_2001); the worker would answer id_conflict"
    assert output == f"line 2 (evt_2001): {why}\nline 3 (evt_2001): {why}; nothing was sent\n"


def test_a_repeat_of_the_same_content_is_allowed(dry: Dry) -> None:
    again = without(time="2026-11-22T09:30:00Z")

    code, output = dry(f"{changed()}\n{again}\n{without(id='evt_3')}")

    assert code == 0
    assert output == "3 commands are valid; nothing was sent\n"


@pytest.mark.parametrize("text", ["", "\n \n", "[]"])
@pytest.mark.parametrize("words", [["--wait"], ["--dry-run"], []])
def test_an_input_without_commands_is_no_success_and_needs_no_broker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: list[str]
) -> None:
    file = tmp_path / "none"
    file.write_text(text)
    monkeypatch.setattr("sys.argv", ["provisioning-worker", "send", *words, str(file)])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 1
    assert capsys.readouterr().err == f"no command was read from {file}; nothing was sent\n"


def test_settings_are_looked_at_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one"
    file.write_text(changed())
    monkeypatch.setenv("PROVISIONING_AMQP__URL", "http://ada:pl4nt@broker.example.com/")
    monkeypatch.setenv("PROVISIONING_AMQP__PREFX", "pl4nt")
    monkeypatch.setattr("sys.argv", ["provisioning-worker", "send", str(file)])

    with pytest.raises(SystemExit) as ended:
        main()

    output = capsys.readouterr().err
    assert ended.value.code == 78
    assert output.splitlines() == [
        "warning: PROVISIONING_AMQP__PREFX is not a setting; did you mean PROVISIONING_AMQP__PREFIX?",
        "PROVISIONING_AMQP__URL: it must begin with amqp://, or amqps:// for TLS",
    ]


def test_a_file_that_breaks_while_it_is_read_is_reported_in_one_line(
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
