"""What the contract suite of the ledger is run on: a storage, and worker processes that come and go."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import NullPool, create_engine, text, update

from sandbox.servers.postgres import PrivatePostgres
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger, FakeStorage
from tests.fakes.parking import FakeParkingStore
from tests.support.blocking_ledger import BlockingLedger, PlainLedger
from tests.support.ledger_samples import CIPHER, IDENTITY
from worker.domain.ports import Clock, ParkingStore
from worker.domain.telemetry import discard_event
from worker.ledger.config import LedgerConfig
from worker.ledger.migrations.migrate import migrate
from worker.ledger.migrations.revision import VERSION_TABLE
from worker.ledger.schema import metadata, owners
from worker.ledger.stores.opening import open_store

SETTLE_SECONDS = 10.0
LEASE_SECONDS = 15.0


class Rig(Protocol):
    """A storage on which processes are started, one after the other or side by side."""

    @property
    def clock(self) -> FakeClock:
        """Time, the same for all processes and for the storage."""

    def start(self) -> PlainLedger:
        """Start a process that works on the storage."""

    def parking_store(self, ledger: PlainLedger) -> ParkingStore:
        """What the process of this ledger parks in."""

    def crash(self, ledger: PlainLedger) -> None:
        """End a process that had no time to say so; its lease, where there is one, runs on."""

    def stop(self, ledger: PlainLedger) -> None:
        """End a process in order."""

    def clear(self) -> None:
        """End all processes."""


class FakeRig:
    """The ledger in memory."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self._storage = FakeStorage()

    def start(self) -> FakeLedger:
        """Start a process."""
        return FakeLedger(self.clock, self._storage, SETTLE_SECONDS)

    def parking_store(self, ledger: PlainLedger) -> FakeParkingStore:
        """What the process of this ledger parks in."""
        assert isinstance(ledger, FakeLedger)
        return FakeParkingStore(ledger)

    def crash(self, ledger: PlainLedger) -> None:
        """Do nothing: nobody asks it any more."""

    def stop(self, ledger: PlainLedger) -> None:
        """Let it say so."""
        assert isinstance(ledger, FakeLedger)
        ledger.stop()

    def clear(self) -> None:
        """Do nothing: there is no process."""


class SqlRig:
    """A database. `shared`: several processes work in it side by side; a SQLite file belongs to one."""

    def __init__(self, url: str, *, shared: bool) -> None:
        self.clock = FakeClock()
        self._config = LedgerConfig(url, SETTLE_SECONDS, 90, LEASE_SECONDS)
        self._shared = shared
        self._started: list[BlockingLedger] = []

    def start(self) -> BlockingLedger:
        """Start a process."""
        return self.start_on(self.clock)

    def start_on(self, clock: Clock) -> BlockingLedger:
        """Start a process on a host with a clock of its own."""
        ledger = self._start_beside(clock) if self._shared else self._start_alone(clock)
        self._started.append(ledger)
        return ledger

    def parking_store(self, ledger: PlainLedger) -> ParkingStore:
        """What the process of this ledger parks in."""
        assert isinstance(ledger, BlockingLedger)
        return ledger.parking_store(CIPHER)

    def crash(self, ledger: PlainLedger) -> None:
        """Close it, then strike its goodbye out."""
        assert isinstance(ledger, BlockingLedger)
        ledger.stop()
        engine = create_engine(self._config.url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(update(owners).where(owners.c.owner == ledger._lease.owner).values(stopped_at=None))

    def stop(self, ledger: PlainLedger) -> None:
        """Close it."""
        assert isinstance(ledger, BlockingLedger)
        ledger.stop()

    def clear(self) -> None:
        """Close all processes that were started."""
        for ledger in self._started:
            ledger.stop()

    def _start_alone(self, clock: Clock) -> BlockingLedger:
        return BlockingLedger.open(self._config, IDENTITY, clock, discard_event)

    def _start_beside(self, clock: Clock) -> BlockingLedger:
        store = open_store(self._config.url)
        store.release()
        migrate(store.engine)
        # A server's own clock cannot be set by a test: in its place the store reads the rig's.
        shared = replace(store, sole=False, now=lambda *_: self.clock.now())
        ledger = BlockingLedger(shared, self._config, clock, discard_event)
        ledger.start()
        return ledger


def make_rig(request: pytest.FixtureRequest, folder: Path) -> Rig:
    """Make the rig that a parametrised fixture asks for by its name; a server is started only when it is asked for."""
    if request.param == "fake":
        return FakeRig()
    if request.param == "postgresql":
        database: PrivatePostgres = request.getfixturevalue("database")
        empty_database(database.url)
        return SqlRig(database.url, shared=True)
    return SqlRig(f"sqlite:///{folder}/ledger.db", shared=request.param == "shared sqlite")


def empty_database(url: str) -> None:
    """Drop every table of a ledger, so that the next test finds nothing."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text(f"DROP TABLE IF EXISTS {VERSION_TABLE}"))
