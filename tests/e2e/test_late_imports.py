"""A worker that is out of files can load no module, so none is left to be loaded when something fails."""

import pytest

from sandbox.provider.faults import Fault, FaultRule
from tests.fault.experiments.links import link
from tests.support import watched_worker
from tests.support.commands import Command, create, new_username
from tests.support.installation import Installation
from tests.support.waiting import wait_for


def published(installation: Installation) -> list[Command]:
    """Have three customers created."""
    commands = [create(new_username()) for _ in range(3)]
    installation.emitter.publish(*commands)
    return commands


@pytest.mark.timeout(300)
def test_nothing_is_imported_after_the_start_whatever_fails(fresh_installation: Installation) -> None:
    installation = fresh_installation
    with (
        link(installation.broker_url) as (broker_url, to_broker),
        link(installation.settings["PROVIDER__BASE_URL"]) as (provider_url, to_provider),
        # A name is looked up in other ways than an address.
        installation.planted_worker(
            watched_worker.__file__,
            AMQP__URL=broker_url.replace("127.0.0.1", "localhost"),
            PROVIDER__BASE_URL=provider_url.replace("127.0.0.1", "localhost"),
        ) as worker,
    ):
        worker.await_ready()
        installation.emitter.publish(create(new_username(), email=None))
        for fault in Fault:
            installation.sandbox.inject(FaultRule(fault=fault, times=1))
            published(installation)
        installation.listener.await_events(published(installation))
        to_provider.close()
        commands = published(installation)
        worker.await_paused("outage")
        to_provider.open()
        installation.listener.await_events(commands)
        to_broker.close()
        worker.await_logged("broker_unreachable")
        to_broker.open()
        wait_for(lambda: worker.ask("/readyz").status == 200, "the broker")
        for path in ("/metrics", "/livez", "/nonsense"):
            worker.ask(path, "application/openmetrics-text")
        assert worker.terminate() == 0
        late = [line for line in worker.log.splitlines() if line.startswith(watched_worker.LATE)]
    assert late == []
