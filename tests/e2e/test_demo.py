"""The demonstration, as a newcomer runs it, on the session's broker: it must leave nothing behind, however it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.servers.finding import OwnBroker
from tests.support.servers import processes_naming
from tests.support.waiting import wait_for

pytestmark = pytest.mark.usefixtures("listening_terminal")

#: Passwords of the scenario, and the keys of its provider.
SECRETS = ("s3cret", "demo-key", "SG.demo", "harbor-mailer-1", "ada-mailer-0")


@contextmanager
def demo(broker: OwnBroker, folder: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """Run it with a shell full of settings of a real worker, none of which it may read."""
    settings = {
        "PROVISIONING_AMQP__URL": broker.url,
        "PROVISIONING_AMQP__PREFIX": "must-not-be-touched",
        "PROVISIONING_PROVIDER__BASE_URL": "http://192.0.2.1",
        "TMPDIR": str(folder),
    }
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "worker", "demo", *words],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process
        process.kill()


def objects_of_demonstrations(broker: OwnBroker) -> list[str]:
    listed = broker.ctl("list_exchanges", "name", "--silent") + broker.ctl("list_queues", "name", "--silent")
    return [name for name in listed.split() if name.startswith(("demo-", "must-not-be-touched"))]


def test_the_demonstration_finds_every_outcome_right_and_leaves_nothing_behind(
    broker: OwnBroker, tmp_path: Path
) -> None:
    with demo(broker, tmp_path) as process:
        output = process.communicate(timeout=90)[0]

    assert process.returncode == 0, output
    assert "All as it must be" in output
    assert [secret for secret in SECRETS if secret in output] == []
    assert objects_of_demonstrations(broker) == []
    assert list(tmp_path.iterdir()) == []
    assert processes_naming(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demonstration_that_is_interrupted_stops_what_it_started(
    broker: OwnBroker, tmp_path: Path, number: signal.Signals
) -> None:
    with demo(broker, tmp_path) as process:
        wait_for(lambda: "sign up" in (process.stdout.readline() if process.stdout else ""), "the first step")
        process.send_signal(number)
        output = process.communicate(timeout=60)[0]

    assert process.returncode == 128 + number
    assert output.endswith(f"ended by {number.name}; what the demonstration had started is stopped\n")
    assert objects_of_demonstrations(broker) == []
    assert list(tmp_path.iterdir()) == []
    assert processes_naming(tmp_path) == []


def test_a_demonstration_that_is_killed_takes_its_programs_with_it(broker: OwnBroker, tmp_path: Path) -> None:
    with demo(broker, tmp_path) as process:
        wait_for(lambda: "sign up" in (process.stdout.readline() if process.stdout else ""), "the first step")
        assert len(processes_naming(tmp_path)) > 1
        process.kill()

    wait_for(lambda: not processes_naming(tmp_path), "its programs to end")
