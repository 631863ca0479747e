"""What a person types beside `run`: sending, asking what became of a command, looking at the settings."""

import json
from typing import Any

from tests.support.commands import Command, create, disable, new_username, structured
from tests.support.house import House

DONE, FAILED, PARTLY, UNREACHABLE = 0, 1, 3, 69


def lines_of(commands: list[Command]) -> str:
    return "\n".join(structured(command).body.decode() for command in commands)


def rows(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_send_publishes_and_prints_each_result(house: House) -> None:
    made = create(new_username())
    commands = [made, disable(made.username)]
    sent = house.type("send", "-", "--wait", stdin=lines_of(commands))
    assert sent.returncode == DONE, sent.stderr
    events = rows(sent.stdout)
    assert [(event["causationid"], event["type"]) for event in events] == [
        (commands[0].id, "CustomerCreated"),
        (commands[1].id, "CustomerDisabled"),
    ]


def test_send_takes_an_array_from_a_file_and_says_when_one_failed(house: House) -> None:
    commands = [create(new_username()), create(new_username(), package="Platinum")]
    file = house.folder / "commands.json"
    file.write_text("[" + lines_of(commands).replace("\n", ",") + "]")
    sent = house.type("send", str(file), "--wait")
    assert sent.returncode == PARTLY
    assert {event["type"] for event in rows(sent.stdout)} == {"CustomerCreated", "CommandFailed"}


def test_send_without_waiting_says_where_the_commands_are(house: House) -> None:
    command = create(new_username())
    sent = house.type("send", "-", stdin=lines_of([command]))
    assert (sent.returncode, sent.stdout) == (DONE, "")
    assert house.topology.commands in sent.stderr
    house.ear.await_event(command)


def test_a_dry_run_checks_and_sends_nothing(house: House) -> None:
    command = create(new_username())
    dry = house.type("send", "-", "--dry-run", stdin=lines_of([command]))
    assert (dry.returncode, dry.stdout) == (DONE, "")
    after = create(new_username())
    house.emitter.publish(after)
    house.ear.await_event(after)
    assert house.ear.events_of(command) == []


def test_one_invalid_command_keeps_all_from_being_sent(house: House) -> None:
    good, bad = create(new_username()), create(new_username(), password="tiny")
    sent = house.type("send", "-", "--wait", stdin=lines_of([good, bad]))
    assert sent.returncode == FAILED
    assert "command 2 is not valid: password: must have at least 6 characters" in sent.stderr
    assert "tiny" not in sent.stderr
    assert house.sandbox.state(good.username).customers == {}


def test_send_says_when_the_broker_is_not_there(house: House) -> None:
    url = "amqp://guest:planted-secret@127.0.0.1:9/"
    sent = house.type("send", "-", "--wait", stdin=lines_of([create(new_username())]), AMQP__URL=url)
    assert sent.returncode == UNREACHABLE
    assert "PROVISIONING_AMQP__URL" in sent.stderr
    assert "planted-secret" not in sent.stderr


def test_explain_tells_the_whole_story_of_a_command(house: House) -> None:
    command = create(new_username(), package="Platinum", subject="cus_story")
    house.emitter.publish(command)
    house.ear.await_event(command)
    told = house.type("explain", command.id)
    assert told.returncode == DONE
    story = rows(told.stdout)
    assert [row["what"] for row in story] == ["first claimed", "dead"]
    assert "package does not exist" in story[1]["detail"]
    assert command.data["password"] not in told.stdout


def test_explain_of_an_unknown_command_says_where_to_look(house: House) -> None:
    told = house.type("explain", "evt_never_sent")
    assert (told.returncode, told.stdout) == (FAILED, "")
    assert "evt_never_sent" in told.stderr


def test_config_show_names_every_setting_and_hides_secrets(house: House) -> None:
    shown = house.type("config", "show", PROVIDER__API_KEY="planted-secret")
    assert shown.returncode == DONE
    table = {row["name"]: row for row in rows(shown.stdout)}
    assert table["PROVISIONING_AMQP__PREFIX"]["value"] == house.topology.prefix
    assert table["PROVISIONING_AMQP__PREFIX"]["from"] == "environment"
    assert table["PROVISIONING_AMQP__PREFETCH"] == {
        "name": "PROVISIONING_AMQP__PREFETCH",
        "value": "500",
        "from": "default",
    }
    assert "planted-secret" not in shown.stdout


def test_config_template_can_be_filled_in_and_checked(house: House) -> None:
    template = house.type("config", "template").stdout
    names = [line[2:].partition("=")[0] for line in template.splitlines() if line.startswith("# PROVISIONING_")]
    assert {f"PROVISIONING_{name}" for name in house.settings} <= set(names)
    assert house.type("config", "check").returncode == DONE


def test_an_unknown_setting_is_warned_about_with_the_name_that_was_meant(house: House) -> None:
    checked = house.type("config", "check", AMQP__PREFECH="5")
    assert checked.returncode == DONE
    assert "did you mean PROVISIONING_AMQP__PREFETCH?" in checked.stderr
