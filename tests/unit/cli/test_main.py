"""What a person types, what they get, and what the shell gets. Nothing here speaks to a broker."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from worker.cli.main import main
from worker.ledger.keyfile import load_keys

Run = Callable[..., int]

SIGNUP = json.loads((Path(__file__).parents[3] / "examples" / "signup.json").read_text())[0]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def typed(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["provisioning-worker", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return typed


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "commands.json"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    "text", [json.dumps(SIGNUP), json.dumps([SIGNUP, SIGNUP]), f"{json.dumps(SIGNUP)}\n\n{json.dumps(SIGNUP)}\n"]
)
def test_send_reads_one_object_an_array_or_lines(run: Run, tmp_path: Path, text: str) -> None:
    assert run("send", "--dry-run", written(tmp_path, text)) == 0


def test_send_names_the_command_and_the_rule_and_sends_nothing(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = {**SIGNUP, "data": {**SIGNUP["data"], "password": "pl4nt"}}

    assert run("send", written(tmp_path, json.dumps([SIGNUP, broken]))) == 1
    printed = capsys.readouterr()
    assert (
        printed.err == f"command 2 ({SIGNUP['id']}): data.password: must have at least 6 characters; nothing was sent\n"
    )
    assert printed.out == ""


@pytest.mark.parametrize("text", ["{no json", "[]]"])
def test_send_says_which_line_is_no_json(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert run("send", written(tmp_path, text)) == 1
    assert capsys.readouterr().err.startswith("line 1 is not JSON")


def test_a_file_that_is_not_there_is_reported_in_one_line(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("send", "nowhere.json") == 2
    assert capsys.readouterr().err.startswith("nowhere.json cannot be read")


def test_settings_that_cannot_be_used_are_all_named_and_exit_78(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("config", "check") == 78
    output = capsys.readouterr().err
    assert "PROVISIONING_PROVIDER__API_USER" in output
    assert "PROVISIONING_PROVIDER__API_KEY" in output


def test_a_name_nobody_reads_is_warned_about(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("API_USER", "API_KEY"):
        monkeypatch.setenv(f"PROVISIONING_PROVIDER__{name}", "pl4nted-value")
    monkeypatch.setenv("PROVISIONING_AMQP__PREFECH", "7")

    assert run("config", "check") == 0
    assert "did you mean PROVISIONING_AMQP__PREFETCH?" in capsys.readouterr().err


def test_config_show_masks_secrets_and_says_where_a_value_comes_from(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROVISIONING_PROVIDER__API_USER", "acme")
    monkeypatch.setenv("PROVISIONING_PROVIDER__API_KEY", "pl4nted")

    assert run("config", "show", "--output", "json") == 0
    output = capsys.readouterr().out
    rows = {row["name"]: row for row in json.loads(output)}
    assert rows["PROVISIONING_PROVIDER__API_USER"] == {
        "name": "PROVISIONING_PROVIDER__API_USER",
        "value": "acme",
        "from": "environment",
    }
    assert "pl4nted" not in output


def test_explain_never_makes_a_ledger_and_exits_69_without_one(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("explain", "evt_1") == 69
    assert "ledger" in capsys.readouterr().err.lower()
    assert not (tmp_path / "state").exists()


def test_a_ledger_that_migrate_makes_is_one_that_a_worker_takes(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    monkeypatch.setenv("PROVISIONING_LEDGER__URL", url)

    assert run("ledger", "migrate") == 0

    assert len(load_keys([], url)) == 1


def test_the_topology_can_be_read_without_a_broker(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("topology", "show", "--output", "jsonl") == 0
    objects = [json.loads(line)["object"] for line in capsys.readouterr().out.splitlines()]
    assert "queue provisioning.commands.00" in objects


def test_an_unknown_command_is_a_usage_error(run: Run) -> None:
    assert run("nonsense") == 2


def test_faults_of_every_kind_are_named_in_one_go(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = {
        "AMQP__URL": "amq://pl4nted@host",
        "AMQP__PREFETCH": "0",
        "PROVIDER__BASE_URL": "no-url",
        "SECRETS__KEYS": "pl4nted",
        "LEDGER__URL": "mysql://pl4nted@host/db",
    }
    for name, value in faults.items():
        monkeypatch.setenv(f"PROVISIONING_{name}", value)

    assert run("run") == 78
    output = capsys.readouterr().err
    assert all(name in output for name in ("AMQP__URL", "AMQP__PREFETCH", "PROVIDER__BASE_URL", "API_KEY", "mysql"))
    assert "SECRETS__KEYS" in output
    assert "pl4nted" not in output


@pytest.mark.parametrize(
    "words",
    [
        ("send", "--timeout", "nan"),
        ("send", "--timeout", "inf"),
        ("send", "--timeout", "1e300"),
        ("ledger", "prune", "--older-than", "999999999999"),
    ],
)
def test_a_time_that_no_clock_can_hold_is_a_usage_error(
    run: Run, tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    file = [written(tmp_path, json.dumps(SIGNUP))] if words[0] == "send" else []

    assert run(*words, *file) == 2
    assert words[-2] in capsys.readouterr().err


def test_send_shows_no_password_that_is_also_a_fields_name(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = {**SIGNUP, "data": {**SIGNUP["data"], "password": "pl4nted-s3cret", "pl4nted-s3cret": 1}}

    assert run("send", written(tmp_path, json.dumps(broken))) == 1
    assert "data.**********: is not a field of this command" in capsys.readouterr().err
