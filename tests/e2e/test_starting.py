"""Starting and stopping: what is missing is waited for; what is wrong is said, all at once and without a secret."""

import signal
import socket
from pathlib import Path

import pytest

from tests.support.commands import create, new_username
from tests.support.detour import detour
from tests.support.held_calls import PATIENT, await_held, begin_to_stop, hold_calls
from tests.support.installation import Installation
from tests.support.waiting import wait_for

pytestmark = pytest.mark.usefixtures("listening_terminal")

CONFIGURATION = 78


def test_a_broker_that_is_not_there_is_waited_for_and_readiness_says_so(fresh_installation: Installation) -> None:
    command = create(new_username())
    fresh_installation.emitter.publish(command)
    with (
        detour(fresh_installation.broker_url) as (url, proxy),
        fresh_installation.starting_worker(AMQP__URL=url) as worker,
    ):
        wait_for(lambda: "nothing listens" in worker.ask("/readyz").document["broker"]["consume"], "the reason")
        answer = worker.ask("/readyz")
        assert (answer.status, answer.document["state"]) == (503, "waiting for the broker")
        assert worker.ask("/livez").status == 200
        proxy.open()
        worker.await_ready()
        assert fresh_installation.listener.await_event(command).properties.type == "CustomerCreated"
        assert worker.terminate() == 0


def test_a_worker_that_waits_for_the_broker_can_be_stopped(fresh_installation: Installation) -> None:
    with detour(fresh_installation.broker_url) as (url, _), fresh_installation.starting_worker(AMQP__URL=url) as worker:
        worker.await_logged("broker_unreachable")
        assert worker.terminate() == 0


def test_a_worker_without_a_topology_declares_it(fresh_installation: Installation) -> None:
    fresh_installation.listener.delete([queue.name for queue in fresh_installation.topology.queues], [])
    with fresh_installation.worker() as worker:
        fresh_installation.emitter.publish(create(new_username()))
        # Nobody is bound for the event yet, so it is kept where such events are kept.
        wait_for(
            lambda: fresh_installation.listener.depth(fresh_installation.topology.unrouted)[0] == 1,
            "the event that nobody hears",
        )
        fresh_installation.listener.bind()
        command = create(new_username())
        fresh_installation.emitter.publish(command)
        fresh_installation.listener.await_event(command)
        assert worker.terminate() == 0


def test_a_worker_that_may_not_declare_says_what_is_missing(fresh_installation: Installation) -> None:
    fresh_installation.listener.delete([queue.name for queue in fresh_installation.topology.queues], [])
    with fresh_installation.starting_worker(AMQP__DECLARE="false") as worker:
        queue = fresh_installation.topology.command_queues[0]
        wait_for(lambda: queue in worker.ask("/readyz").document["broker"]["consume"], "the name of what is missing")
        assert worker.terminate() == 0


def test_a_second_worker_on_the_same_file_is_refused(installation: Installation) -> None:
    second = installation.type("run")
    assert second.returncode == CONFIGURATION
    assert "ledger.db" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_port_that_is_taken_is_named(installation: Installation, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = installation.type("run", HTTP__PORT=port, LEDGER__URL=f"sqlite:///{tmp_path}/ledger.db")
    assert refused.returncode == CONFIGURATION
    assert "PROVISIONING_HTTP__PORT" in refused.stderr
    assert port in refused.stderr


@pytest.mark.parametrize("words", [("run",), ("config", "check")], ids=" ".join)
def test_wrong_settings_are_all_named_at_once_without_their_secrets(
    installation: Installation, words: tuple[str, ...]
) -> None:
    wrong = {
        "AMQP__URL": "amqp://u:planted-secret@far.example/",
        "AMQP__PREFETCH": "0",
        "HTTP__PORT": "planted-secret",
        "RETRY__BASE_SECONDS": "-1",
        "PROVIDER__API_USER_FILE": "/nowhere",
        "PROVIDER__BASE_URL": "nonsense",
        "SECRETS__KEYS": "planted-secret",
        "LOG__LEVEL": "loud",
    }
    refused = installation.type(*words, **wrong)
    assert refused.returncode == CONFIGURATION
    assert [name for name in wrong if f"PROVISIONING_{name}" not in refused.stderr] == []
    assert "planted-secret" not in refused.stdout + refused.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_an_idle_worker(fresh_installation: Installation, number: signal.Signals) -> None:
    with fresh_installation.worker() as worker:
        worker.signal(number)
        assert worker.await_exit() == 0
        assert worker.logged("worker_stopped")[0]["abandoned"] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_second_signal_ends_a_stop_that_lasts(fresh_installation: Installation, number: signal.Signals) -> None:
    command = create(new_username())
    hold_calls(fresh_installation)
    with fresh_installation.worker(**PATIENT) as worker:
        fresh_installation.emitter.publish(command)
        await_held(fresh_installation, calls=1)
        begin_to_stop(worker)
        worker.signal(number)
        assert worker.await_exit() == 128 + number
