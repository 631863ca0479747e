"""What a person who types `doctor` gets: the page, the JSON, the exit code, and never a secret."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.servers.rabbitmq import PrivateRabbitmq
from tests.support.broker_tools import plain_connection
from tests.support.commands import Message
from tests.support.doctoring import DiagnosedBroker, write_tools
from tests.support.installation import Installation, open_installation
from tests.support.waiting import wait_for
from worker.doctor import Rule

#: The installation waits shorter than a real one is set to.
SETTLED = {"PROVIDER__SETTLE_SECONDS": "2", "PROVIDER__V3_API_KEY": "SG.acme"}
SECRETS = ("geheim", "SG.acme")


@pytest.fixture
def installation(managed_broker: PrivateRabbitmq, tmp_path: Path) -> Iterator[Installation]:
    with open_installation(managed_broker.url, tmp_path) as installation:
        installation.settings |= SETTLED | {
            "AMQP__MANAGEMENT_URL": str(managed_broker.management_url).replace("http://", "http://guest:guest@")
        }
        yield installation


def run_doctor(installation: Installation, **changes: str) -> tuple[int, Any]:
    """Run it; return its exit code and what it says as JSON."""
    done = installation.type("doctor", "--output", "json", **changes)
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS)
    return done.returncode, json.loads(done.stdout)


def rules(document: Any, *severities: str) -> set[str]:  # noqa: ANN401 - JSON
    return {each["rule"] for each in document["findings"] if each["severity"] in severities}


def test_an_installation_at_work_is_well(installation: Installation) -> None:
    with installation.worker():
        code, document = wait_for(
            lambda: next((each for each in [run_doctor(installation)] if each[0] == 0), None),
            "a healthy installation",
        )
        page = installation.type("doctor", "--output", "table")

    assert (code, document["well"], document["to_mend"], document["unknown"]) == (0, True, 0, 0)
    assert rules(document, "broken", "risk", "unknown") == set()
    assert page.returncode == 0
    assert page.stdout.splitlines()[-1] == "all is well"


def test_the_page_names_the_worst_first_and_each_line_stands_whole(installation: Installation) -> None:
    installation.listener.delete([installation.topology.command_queues[0]], [])

    page = installation.type("doctor", "--output", "table", PROVIDER__API_KEY="geheim", AMQP__PREFECH="3")

    lines = page.stdout.splitlines()
    assert page.returncode == 1
    assert lines[0] == "broken"
    assert "    $ provisioning-worker topology apply" in lines
    assert "  broker: events-heard, endangers: loss" in lines, "the queues that listened are gone as well"
    renamed = 'export PROVISIONING_AMQP__PREFETCH="$PROVISIONING_AMQP__PREFECH"; unset PROVISIONING_AMQP__PREFECH'
    assert f"    $ {renamed}" in lines
    assert lines.index("broken") < lines.index("at risk")
    assert lines[-1] == "4 to mend, 0 unknown"
    assert "geheim" not in page.stdout + page.stderr


def test_without_the_management_api_it_is_not_well(installation: Installation) -> None:
    installation.settings.pop("AMQP__MANAGEMENT_URL")

    code, document = run_doctor(installation)

    assert (code, document["well"], document["to_mend"]) == (1, False, 0)
    assert {"policy-harmless", "binding-present", "broker-alarm"} <= rules(document, "unknown")


def test_jsonl_is_one_finding_a_line_and_the_summary_aside(installation: Installation) -> None:
    done = installation.type("doctor", PROVIDER__API_KEY="geheim")

    assert json.loads(done.stdout.splitlines()[0])["rule"] == "provider-login"
    assert done.stderr.splitlines()[-1] == "1 to mend, 0 unknown"


def test_two_workers_memories_are_distinguished(installation: Installation, tmp_path: Path) -> None:
    with installation.worker():
        code, document = run_doctor(installation, LEDGER__URL=f"sqlite:///{tmp_path}/elsewhere.db")

    assert code == 1
    assert "one-worker-on-sqlite" in rules(document, "risk")


def test_settings_that_do_not_go_together_are_reported_with_what_was_looked_at(installation: Installation) -> None:
    code, document = run_doctor(installation, PROVIDER__SETTLE_SECONDS="0.5", AMQP__PREFETCH="none")

    assert code == 1
    assert rules(document, "broken") == {"settings-usable"}
    assert "provider-v3-key" not in rules(document, "broken", "risk")


def test_where_nothing_answers_it_exits_as_unreachable(installation: Installation, tmp_path: Path) -> None:
    away = {"AMQP__URL": "amqp://a:geheim@127.0.0.1:1/", "PROVIDER__BASE_URL": "http://127.0.0.1:1"}

    code, document = run_doctor(installation, **away, LEDGER__URL=f"sqlite:///{tmp_path}/none.db")

    assert code == 69
    assert {"broker-reached", "provider-reached"} <= rules(document, "broken")
    assert not (tmp_path / "none.db").exists()


def test_where_the_settings_keep_it_from_looking_it_exits_as_badly_configured(installation: Installation) -> None:
    bad = {"AMQP__URL": "amqp://a:geheim@:x/", "PROVIDER__BASE_URL": "ftp://geheim", "LEDGER__URL": "oracle://geheim"}

    code, document = run_doctor(installation, **bad)

    assert code == 78
    assert rules(document, "broken") >= {"settings-usable"}


def test_the_line_for_dead_letters_shows_the_oldest_and_counts_no_delivery(
    managed_broker: PrivateRabbitmq, installation: Installation, tmp_path: Path
) -> None:
    dead_letters = installation.topology.dead_letters
    write_tools(managed_broker, tmp_path)
    diagnosed = DiagnosedBroker(managed_broker, installation.topology, tmp_path)
    installation.emitter.publish(Message(b"{}", {"expiration": "1"}))
    wait_for(lambda: installation.listener.depth(dead_letters)[0], "the dead letter")

    finding = next(each for each in diagnosed.findings() if each.rule is Rule.DEAD_LETTERS_WAITING)
    typed = diagnosed.types(finding.mend)

    assert "expired" in typed.stdout, typed.stderr
    with plain_connection(managed_broker.url) as connection:
        method, properties, _ = connection.channel().basic_get(dead_letters)
    assert (method.redelivered, (properties.headers or {}).get("x-delivery-count", 0)) == (False, 0)
