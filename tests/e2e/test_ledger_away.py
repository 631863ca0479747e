"""The ledger's server goes away under load: nothing is taken up or published until it is back, and nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from sandbox.servers.finding import OwnBroker
from sandbox.servers.postgres import PrivatePostgres
from tests.support.forked_worker import forked_worker
from tests.support.installation import Installation, open_installation
from tests.support.loads import rotations
from tests.support.seeds import seed_of
from tests.support.servers import session_database
from tests.support.waiting import looks, wait_for
from tests.support.worker_process import WorkerProcess
from worker.ledger.maintenance import migrate_ledger

CUSTOMERS, ROUNDS = 20, 20
#: Spans several looks of the worker at its ledger, which is looked at each second.
LOOKING_SECONDS = 2.5
DONE = 0


@pytest.fixture
def database() -> Iterator[PrivatePostgres]:
    with session_database() as database:
        migrate_ledger(database.url)
        yield database


@pytest.fixture
def installation(broker: OwnBroker, database: PrivatePostgres, tmp_path: Path) -> Iterator[Installation]:
    """An installation whose ledger lies on a server of its own."""
    with open_installation(broker.url, tmp_path, seed_of(CUSTOMERS), forked_worker) as opened:
        opened.settings |= {"LEDGER__URL": database.url, "SECRETS__KEYS": Fernet.generate_key().decode()}
        yield opened


def paused(worker: WorkerProcess) -> tuple[bool, bool]:
    """Return whether /readyz and the gauge name the ledger."""
    return (
        "ledger" in worker.ask("/readyz").document["paused"],
        worker.metric("provisioning_intake_paused", cause="ledger") == 1,
    )


def progress(installation: Installation) -> tuple[int, int]:
    """Count the calls that reached the provider, and the events that were published."""
    installation.listener.listen()
    return len(installation.sandbox.journal()), len(installation.listener.events)


def test_a_ledger_that_goes_away_under_load_stops_everything_until_it_is_back(
    installation: Installation, database: PrivatePostgres
) -> None:
    commands = rotations(CUSTOMERS, ROUNDS)
    installation.sandbox.set_latency(0.2)
    with installation.worker() as worker:
        installation.emitter.publish(*commands)
        installation.listener.await_count(2 * CUSTOMERS)
        database.kill()
        worker.await_paused("ledger", "cannot be read or written")
        worker.await_metric("provisioning_commands_in_flight", 0)
        before = progress(installation)
        assert {paused(worker) for _ in looks(LOOKING_SECONDS)} == {(True, True)}
        assert progress(installation) == before
        assert worker.ask("/livez").status == 200
        database.start()
        installation.listener.await_events(commands)
        wait_for(lambda: paused(worker) == (False, False), "the end of the pause")
        assert worker.terminate() == DONE
    installation.verdict(commands)


def test_an_idle_worker_says_that_its_ledger_is_away_and_that_it_is_back(
    installation: Installation, database: PrivatePostgres
) -> None:
    with installation.worker() as worker:
        database.kill()
        worker.await_paused("ledger", "cannot be read or written")
        database.start()
        wait_for(lambda: paused(worker) == (False, False), "the end of the pause")
        assert [line["cause"] for line in worker.logged("intake_paused")] == ["ledger"]
        assert worker.terminate() == DONE
