"""An installation for each test, and a broker that may be broken."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from sandbox.servers.finding import OwnBroker
from tests.fault.experiments.servers import FaultServers
from tests.support.forked_worker import forked_worker
from tests.support.held_calls import PATIENT
from tests.support.installation import Installation, open_installation
from tests.support.replicas import Replicas, replicas_in
from tests.support.seeds import seed_of
from tests.support.servers import session_broker, session_database


@pytest.fixture
def installation(broker: OwnBroker, tmp_path: Path) -> Iterator[Installation]:
    """An installation on the session's broker, with twenty customers."""
    with open_installation(broker.url, tmp_path, seed_of(20), forked_worker) as opened:
        yield opened


@pytest.fixture(scope="module")
def fragile_broker() -> Iterator[OwnBroker]:
    """A broker of this module's own."""
    with session_broker() as started:
        yield started


@pytest.fixture
def fragile_installation(fragile_broker: OwnBroker, tmp_path: Path) -> Iterator[Installation]:
    """An installation on the broker that may be broken."""
    with open_installation(fragile_broker.url, tmp_path, seed_of(20), forked_worker) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_ledgers(broker: OwnBroker) -> Iterator[FaultServers]:
    """A database server of this module's own, beside the session's broker."""
    with ExitStack() as servers:
        yield FaultServers(broker, partial(servers.enter_context, session_database()))


@pytest.fixture
def replicas(installation: Installation, shared_ledgers: FaultServers) -> Iterator[Replicas]:
    """An installation whose ledger several workers share; each makes few calls at once, and waits long for them."""
    installation.settings |= {"WORKER__CONCURRENCY": "8", **PATIENT}
    installation.sandbox.set_latency(0.05)
    with replicas_in(installation, shared_ledgers.new_ledger()) as opened:
        yield opened
