"""Each emitter example that can run here sends its command on a real broker, and its exit code says how it went."""

import json
import os
import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.servers.rabbitmq import PrivateRabbitmq
from tests.examples.languages import EMITTERS, LANGUAGES, Language, languages_here
from tests.support.broker_tools import plain_connection
from tests.support.commands import create, new_username
from tests.support.installation import Installation

CREATED, FAILED, NOT_TAKEN = 0, 1, 2
SECONDS = 60

Emit = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(params=languages_here(), ids=lambda language: language.name)
def emit(request: pytest.FixtureRequest, managed_broker: PrivateRabbitmq, tmp_path: Path) -> Emit:
    """Run one of the examples."""
    language: Language = request.param
    argv = language.argv(tmp_path)
    # PATH, HOME and a locale are the machine's; nothing else of the environment is an example's business.
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    where = {"AMQP_URL": managed_broker.url, "MANAGEMENT_URL": managed_broker.management_url or ""}

    def emit(prefix: str, *words: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603 - our own examples
            [*argv, *words],
            env={**kept, **where, "PREFIX": prefix, **changes},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    return emit


@pytest.fixture
def channel(managed_broker: PrivateRabbitmq) -> Iterator[Any]:
    with plain_connection(managed_broker.url) as connection:
        yield connection.channel()


@pytest.fixture
def empty_prefix(channel: Any) -> Iterator[str]:  # noqa: ANN401 - pika's channel is untyped
    """A prefix whose exchanges are there, and no queue."""
    prefix = f"test-{uuid.uuid4().hex[:12]}"
    for exchange in (f"{prefix}.commands", f"{prefix}.events"):
        channel.exchange_declare(exchange, "topic", durable=True)
    yield prefix
    for exchange in (f"{prefix}.commands", f"{prefix}.events"):
        channel.exchange_delete(exchange)


def test_a_customer_is_created_and_the_answer_printed(installation: Installation, emit: Emit, channel: Any) -> None:  # noqa: ANN401
    spy = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(spy, installation.topology.commands, "#")
    username = new_username()

    done = emit(installation.topology.prefix, username)

    assert done.returncode == CREATED, done.stderr
    _, properties, body = channel.basic_get(spy, auto_ack=True)
    event, command = json.loads(done.stdout), json.loads(body)
    assert (event["type"], event["causationid"], event["data"]["username"]) == (
        "CustomerCreated",
        command["id"],
        username,
    )
    assert username in installation.sandbox.state(username).customers
    assert (properties.delivery_mode, properties.message_id) == (2, command["id"])
    assert properties.content_type == "application/cloudevents+json"


def test_the_id_is_reported_before_it_is_sent_and_can_be_given_again(installation: Installation, emit: Emit) -> None:
    username, identity = new_username(), f"evt_{uuid.uuid4().hex}"

    once, again = (emit(installation.topology.prefix, username, identity) for _ in range(2))

    assert once.stderr.startswith(f"sending {identity} for {username}\n")
    assert (once.returncode, again.returncode) == (CREATED, CREATED)
    assert json.loads(once.stdout) == json.loads(again.stdout)
    assert json.loads(once.stdout)["causationid"] == identity


def test_a_command_that_failed_is_reported_by_the_exit_code(installation: Installation, emit: Emit) -> None:
    taken = create(new_username())
    installation.emitter.publish(taken)
    installation.listener.await_event(taken)

    failed = emit(installation.topology.prefix, taken.username)

    assert failed.returncode == FAILED, failed.stderr
    assert json.loads(failed.stdout)["type"] == "CommandFailed"


def test_a_command_that_no_queue_took_is_reported(empty_prefix: str, emit: Emit) -> None:
    returned = emit(empty_prefix)

    assert (returned.returncode, returned.stdout) == (NOT_TAKEN, "")
    cause = rf"is PREFIX={empty_prefix} wrong, or has no worker declared its exchanges yet\?"
    message = (
        rf"^sending evt_\S+ for ada-\S+\n(.*\n)*not sent: .*(NO_ROUTE|Unroutable|no queue took it).*{cause}.*; send it"
    )
    assert re.search(message, returned.stderr)


def test_a_prefix_that_nobody_uses_is_reported_as_the_likely_cause(emit: Emit) -> None:
    returned = emit("nobodys")

    assert (returned.returncode, returned.stdout) == (NOT_TAKEN, "")
    assert re.search(r"not sent: .*is PREFIX=nobodys wrong, or has no worker declared its exchanges", returned.stderr)


def test_a_command_that_was_refused_is_reported(empty_prefix: str, emit: Emit, channel: Any) -> None:  # noqa: ANN401
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    queue = channel.queue_declare("", exclusive=True, arguments=full).method.queue
    channel.queue_bind(queue, f"{empty_prefix}.commands", "#")
    channel.basic_publish("", queue, b"")

    refused = emit(empty_prefix)

    assert (refused.returncode, refused.stdout) == (NOT_TAKEN, "")
    assert re.search(r"not sent: .*(refused|Nack|nack).*; send it again", refused.stderr)


def test_a_broker_that_is_not_there_is_reported(emit: Emit) -> None:
    away = {"AMQP_URL": "amqp://guest:planted-secret@127.0.0.1:9/", "MANAGEMENT_URL": "http://127.0.0.1:9"}

    done = emit("away", **away, MANAGEMENT_PASSWORD="planted-secret")

    assert (done.returncode, done.stdout) == (NOT_TAKEN, "")
    assert re.search(r"^sending evt_\S+ for ada-\S+\n(.*\n)*not sent: .+; send it again", done.stderr)
    assert "planted-secret" not in done.stderr


def test_every_example_is_known_here() -> None:
    assert {folder.name for folder in EMITTERS.iterdir() if folder.is_dir()} == {each.name for each in LANGUAGES}
    assert {"python"} <= {each.name for each in languages_here()}
