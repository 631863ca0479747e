"""What a person types beside `run`: asking what became of a command, looking at the settings."""

import json
from typing import Any

from tests.support.commands import create, new_username
from tests.support.installation import Installation

DONE, FAILED = 0, 1


def rows(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_explain_shows_the_whole_record_of_a_command(installation: Installation) -> None:
    command = create(new_username(), package="Platinum", subject="cus_story")
    installation.emitter.publish(command)
    installation.listener.await_event(command)
    completed = installation.type("explain", command.id)
    assert completed.returncode == DONE
    record = rows(completed.stdout)
    assert [row["what"] for row in record] == ["first claimed", "dead"]
    assert "package does not exist" in record[1]["detail"]
    assert command.data["password"] not in completed.stdout


def test_explain_of_an_unknown_command_says_where_to_look(installation: Installation) -> None:
    completed = installation.type("explain", "evt_never_sent")
    assert (completed.returncode, completed.stdout) == (FAILED, "")
    assert "evt_never_sent" in completed.stderr


def test_config_show_names_every_setting_and_hides_secrets(installation: Installation) -> None:
    shown = installation.type("config", "show", PROVIDER__API_KEY="planted-secret")
    assert shown.returncode == DONE
    table = {row["name"]: row for row in rows(shown.stdout)}
    assert table["PROVISIONING_AMQP__PREFIX"]["value"] == installation.topology.prefix
    assert table["PROVISIONING_AMQP__PREFIX"]["from"] == "environment"
    assert table["PROVISIONING_AMQP__PREFETCH"] == {
        "name": "PROVISIONING_AMQP__PREFETCH",
        "value": "500",
        "from": "default",
    }
    assert "planted-secret" not in shown.stdout


def test_config_template_can_be_filled_in_and_checked(installation: Installation) -> None:
    template = installation.type("config", "template").stdout
    names = [line[2:].partition("=")[0] for line in template.splitlines() if line.startswith("# PROVISIONING_")]
    assert {f"PROVISIONING_{name}" for name in installation.settings} <= set(names)
    assert installation.type("config", "check").returncode == DONE


def test_an_unknown_setting_is_warned_about_with_the_name_that_was_meant(installation: Installation) -> None:
    checked = installation.type("config", "check", AMQP__PREFECH="5")
    assert checked.returncode == DONE
    assert "did you mean PROVISIONING_AMQP__PREFETCH?" in checked.stderr
