"""Somebody deletes a part of the topology while the worker runs and nothing is under way."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.amqp_line import Line
from tests.support.commands import create, new_username
from tests.support.installation import Installation
from tests.support.waiting import wait_for
from worker.broker.address import BrokerAddress
from worker.broker.topology.errands import inspect_topology
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode

Deletion = Callable[[Topology, Any], None]


def exchange(topology: Topology, channel: Any) -> None:  # noqa: ANN401  # pika's channel is untyped
    channel.exchange_delete(topology.commands)


def binding(topology: Topology, channel: Any) -> None:  # noqa: ANN401  # as above
    channel.queue_unbind(topology.command_queues[0], topology.commands, "#")


def queue(topology: Topology, channel: Any) -> None:  # noqa: ANN401  # as above
    channel.queue_delete(topology.command_queues[0])


def delete(installation: Installation, deletion: Deletion) -> None:
    line = Line(installation.broker_url)
    line.use(lambda channel: deletion(installation.topology, channel))
    line.close()


@pytest.mark.parametrize("deletion", [exchange, binding, queue])
def test_commands_reach_the_worker_again_without_a_restart(own_installation: Installation, deletion: Deletion) -> None:
    command = create(new_username())
    with own_installation.worker() as worker:
        delete(own_installation, deletion)
        # The broker answers 404 or returns it, and the emitter publishes it again.
        own_installation.emitter.publish(command)
        assert own_installation.listener.await_event(command).properties.type == "CustomerCreated"
        if deletion is exchange:
            logged = worker.await_logged("topology_declared_again")
            assert logged["declared"] == [f"exchange {own_installation.topology.commands}"]
        assert worker.terminate() == 0


def test_a_worker_that_may_not_declare_says_what_is_missing_until_it_is_there(own_installation: Installation) -> None:
    topology = own_installation.topology
    with own_installation.worker(AMQP__DECLARE="false") as worker:
        delete(own_installation, exchange)
        logged = worker.await_logged("topology_incomplete")
        answer = worker.ask("/readyz")
        assert (answer.status, answer.document["state"]) == (503, "topology incomplete")
        assert answer.document["missing"] == logged["missing"]
        assert f"exchange {topology.commands}" in logged["missing"][0]
        assert "provisioning-worker topology apply" in logged["missing"][0]

        inspect_topology(BrokerAddress(own_installation.broker_url), topology, Mode.APPLY).require_sound()
        worker.await_ready()
        worker.await_logged("topology_complete_again")
        command = create(new_username())
        own_installation.emitter.publish(command)
        own_installation.listener.await_event(command)
        assert worker.terminate() == 0


def test_a_deleted_queue_is_named_where_the_worker_may_not_declare(own_installation: Installation) -> None:
    name = own_installation.topology.command_queues[0]
    with own_installation.worker(AMQP__DECLARE="false") as worker:
        delete(own_installation, queue)

        def reported() -> str | None:
            words = str(worker.ask("/readyz").document["broker"]["consume"])
            return words if "topology apply" in words else None

        assert f"queue {name}" in wait_for(reported, "what is missing, and what to do")
        assert worker.ask("/readyz").status == 503
        assert worker.terminate() == 0
